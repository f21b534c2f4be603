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
from textattack_xmtc.goal import GOALS
from textattack_xmtc.judges.controls import ControlMaker
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import ADVERSARIAL, CHANGED, REMOVED
from textattack_xmtc.results.records import Sample
from textattack_xmtc.transformations.same_sense import SameSense

REMOVALS = 100
"""Controls with all evidence removed, for each number of changed words; a judge has an opinion on a part of them."""

MOST_LOOKED_AT = 4_000
"""Test texts that are looked at for such controls."""


def cases_of(campaign: Campaign, corpus: Corpus, seed: int = 0, evidence_names: Path | None = None) -> list[Case]:
    """The adversarial texts of all models of a campaign, and controls for each of their samples.

    The controls of a sample stand for the adversarial text of the first model that lost it. Further controls without
    evidence are made of other test texts.

    Args:
        campaign: a campaign with a positive or untargeted goal: a label is lost, and may still fit.
        corpus: the campaign's, for evidence by training texts.
        seed: of the controls' draws.
        evidence_names: a file of label names for the evidence, where the data call labels by numbers.

    Raises:
        InputError: the corpus is another one, the campaign has no adversarial text, or its goal is negative.
        MissingExtraError: WordNet is missing.
    """
    if corpus.fingerprint != campaign.corpus.get("fingerprint"):
        raise InputError(
            f"the data {corpus.name!r} are not those of the campaign in {str(campaign.folder)!r} "
            f"(fingerprint {corpus.fingerprint}, and {campaign.corpus.get('fingerprint')} is expected)",
            "give the campaign's data with --data",
        )
    if not GOALS[campaign.goal].true_targets:
        raise InputError(
            f"the campaign in {str(campaign.folder)!r} has the goal {campaign.goal}: its labels did not fit before",
            "judge a campaign whose labels are lost (positive or untargeted)",
        )
    maker = _maker(campaign, corpus, seed, evidence_names)
    cases: list[Case] = []
    with_controls: set[int] = set()
    for model in campaign.models:
        for number, record in zip(model.adversarial, model.records.of(model.adversarial), strict=True):
            sample, text = campaign.samples[number], str(record.adversarial)
            positions = sorted(record.positions)
            cases.append(Case(number, ADVERSARIAL, text, sample.target, len(positions), model=model.name))
            if number not in with_controls:
                with_controls.add(number)
                cases += maker.of(sample, positions)
    cases += _further_removals(campaign, corpus, maker, cases, seed)
    if not cases:
        raise InputError(
            f"the campaign in {str(campaign.folder)!r} has no adversarial text: there is nothing to judge",
            "let the campaign finish (--resume), or attack with a higher change rate",
        )
    return cases


def _further_removals(
    campaign: Campaign, corpus: Corpus, maker: ControlMaker, cases: Sequence[Case], seed: int
) -> list[Case]:
    """Controls whose evidence is removed, of test texts that are no samples, for each number of changed words.

    All evidence of a sample's label is often more words than an attack changes. So texts are drawn whose evidence is as
    few words as attacks changed, until `REMOVALS` controls are there or `MOST_LOOKED_AT` texts were looked at.
    """
    missing = {
        ends: REMOVALS - sum(case.condition == REMOVED and ends[0] <= case.changed <= ends[1] for case in cases)
        for ends in CHANGED
        if any(case.condition == ADVERSARIAL and ends[0] <= case.changed <= ends[1] for case in cases)
    }
    sampled = {sample.text_id for sample in campaign.samples.of(campaign.samples)}
    rng, rows, made = np.random.default_rng(seed), corpus.split("test"), list[Case]()
    for place in rng.permutation(len(rows))[:MOST_LOOKED_AT].tolist():
        if not any(count > 0 for count in missing.values()):
            break
        row = rows[place]
        if str(row["id"]) in sampled or not row["labels"]:
            continue
        target = int(rng.choice(row["labels"]))
        number = -1 - len(made)
        case = maker.removed(Sample(number, str(row["id"]), row["text"], tuple(row["labels"]), target, 0))
        ends = next((ends for ends in missing if case is not None and ends[0] <= case.changed <= ends[1]), None)
        if case is not None and ends is not None and missing[ends] > 0:
            missing[ends] -= 1
            made.append(case)
    return made


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
