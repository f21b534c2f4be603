"""What judges are asked about a campaign: its adversarial texts, and the controls that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.evidence.sources import load_evidence
from textattack_xmtc.judges.controls import ControlMaker
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import ADVERSARIAL
from textattack_xmtc.transformations.same_sense import SameSense


def cases_of(campaign: Campaign, corpus: Corpus, seed: int = 0, evidence_names: Path | None = None) -> list[Case]:
    """The adversarial texts of all models of a campaign, and controls for each of their samples.

    The controls of a sample stand for the adversarial text of the first model that lost it.

    Args:
        campaign: a campaign with a positive or untargeted goal: a label is lost, and may still fit.
        corpus: the campaign's, for evidence by training texts.
        seed: of the controls' draws.
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
    names = None if evidence_names is None else LabelNames.read(evidence_names)
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
