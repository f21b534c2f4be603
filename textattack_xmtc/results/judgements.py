"""What judges said of a campaign's texts: a file a judge in the campaign's folder, its worth, and a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from textattack_xmtc.errors import DataError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.statistics import Estimate, difference_of, share_of
from textattack_xmtc.results.tables.table import Column, Table, rate_column, table_of
from textattack_xmtc.results.validity import LEAST_YOUDEN, SENSITIVITY_LOSS, OperatingPoint, ValidRate, valid_rate
from textattack_xmtc.workdir.files import write_json
from textattack_xmtc.workdir.names import inside, plain_name

FORMAT = 1
JUDGES = "judges"
"""The folder of the judges' files in a campaign's folder."""

ADVERSARIAL = "adversarial"
"""A changed text that an attack found."""
PRESERVING = "preserving"
"""A control that fits: as many words were exchanged for words of the same sense, and no search chose them."""
REMOVED = "removed"
"""A control that does not fit: all evidence of the label was exchanged for another label's."""
RANDOM = "random"
"""A comparison: as many words were exchanged at random."""
ORIGINAL = "original"
"""The text before the attack: a sanity check only, since samples are drawn where models are right."""

CONDITIONS = (ADVERSARIAL, PRESERVING, REMOVED, RANDOM, ORIGINAL)

CHANGED = ((1, 1), (2, 3), (4, 7), (8, 10**9))
"""Numbers of changed words that are judged apart: a judge may see eight exchanged words and not one."""

LEAST_CONTROLS = 20
"""With fewer controls of a kind a judge's operating point is not known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one text.

    Attributes:
        condition: one of `CONDITIONS`.
        changed: how many words differ from the original.
        accepts: whether the label fits; None where the judge is wrong on the original text.
    """

    sample: int
    condition: str
    model: str | None
    changed: int
    accepts: bool | None


@dataclass(frozen=True)
class Judgement:
    """What one judge said.

    Attributes:
        training_data: the fingerprint of the corpus that it learnt from; None where it learnt from none.
    """

    judge: str
    training_data: str | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Judged:
    """What a judge's word is worth for texts with some number of changed words, and what it says of them.

    Attributes:
        lowest, highest: the number of changed words.
        point: the operating point on controls with as many changed words.
        usable: whether it tells controls apart, with enough of them of both kinds.
        adversarial: adversarial texts on which it has an opinion.
        valid: the share of these whose label still fits; None where the judge is not usable.
        random: the share that it accepts of the same samples with as many words exchanged at random.
        more_than_random: how much larger the uncorrected share is, over samples that have both.
        p: McNemar's p-value of that difference; None where samples share texts.
    """

    judge: str
    model: str
    lowest: int
    highest: int
    point: OperatingPoint
    usable: bool
    adversarial: int
    valid: ValidRate | None
    random: Estimate
    more_than_random: Estimate
    p: float | None


def write_judgement(folder: Path, judgement: Judgement) -> Path:
    """Keep what a judge said in a campaign's folder.

    Raises:
        OSError: it cannot be written.
    """
    inside(folder, JUDGES).mkdir(exist_ok=True)
    file = inside(folder, JUDGES, f"judge-{plain_name(judgement.judge)}.json")
    rows = [asdict(verdict) for verdict in judgement.verdicts]
    head = {"format": FORMAT, "judge": judgement.judge, "training_data": judgement.training_data}
    write_json(file, {**head, "verdicts": rows})
    return file


def read_judgements(folder: Path) -> list[Judgement]:
    """What is kept of judges in a campaign's folder, by file name.

    Raises:
        DataError: a file is damaged or of another format.
    """
    judgements = []
    for file in sorted((folder / JUDGES).glob("judge-*.json")):
        try:
            content = json.loads(inside(folder, JUDGES, file.name).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']!r} is unknown")
            verdicts = tuple(Verdict(**row) for row in content["verdicts"])
            if unknown := {verdict.condition for verdict in verdicts} - set(CONDITIONS):
                raise ValueError(f"the condition {unknown.pop()!r} is unknown")
            judgements.append(Judgement(str(content["judge"]), content["training_data"], verdicts))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"{file} cannot be read ({type(error).__name__}: {error})",
                f"ask the judge again: textattack-xmtc judge run {folder} --judge NAME",
            ) from error
    return judgements


def judged(campaign: Campaign, judgement: Judgement, model: str) -> list[Judged]:
    """What a judge says of the adversarial texts of a model, by the number of changed words."""
    return [_judged(campaign, judgement, model, *ends) for ends in CHANGED]


def _judged(campaign: Campaign, judgement: Judgement, model: str, lowest: int, highest: int) -> Judged:
    by_condition: dict[str, dict[int, bool]] = {name: {} for name in CONDITIONS}
    for verdict in judgement.verdicts:
        if lowest <= verdict.changed <= highest and verdict.accepts is not None and verdict.model in (None, model):
            by_condition[verdict.condition][verdict.sample] = verdict.accepts
    adversarial = by_condition[ADVERSARIAL]
    fitting, unfitting = (list(by_condition[name].values()) for name in (PRESERVING, REMOVED))
    point = OperatingPoint.of(fitting, unfitting)
    usable = point.usable and min(len(fitting), len(unfitting)) >= LEAST_CONTROLS
    accepted, texts = np.array(list(adversarial.values()), dtype=bool), campaign.texts(adversarial)
    valid = None
    if usable and adversarial:
        valid = valid_rate(np.ones(len(accepted), dtype=bool), accepted, texts, fitting, unfitting)
    paired = [number for number in by_condition[RANDOM] if number in adversarial]
    at_random = np.array([by_condition[RANDOM][number] for number in paired], dtype=bool)
    chosen, texts = np.array([adversarial[number] for number in paired], dtype=bool), campaign.texts(paired)
    more, p = difference_of(chosen, at_random, texts)
    return Judged(
        judge=judgement.judge,
        model=model,
        lowest=lowest,
        highest=highest,
        point=point,
        usable=usable,
        adversarial=len(adversarial),
        valid=valid,
        random=share_of(at_random, texts),
        more_than_random=more,
        p=p,
    )


def judges(campaigns: Sequence[Campaign]) -> Table:
    """Does the label still fit? By judge, model and number of changed words."""
    columns = (
        Column("judge", "Judge", cell=lambda row: row[0].judge),
        Column("model", "Attacked model", cell=lambda row: row[0].model),
        Column("changed", "Words changed", cell=lambda row: _changed(row[0])),
        rate_column("sensitivity", "Accepts controls that fit (%)", lambda row: row[0].point.sensitivity),
        rate_column("specificity", "Rejects controls that do not (%)", lambda row: row[0].point.specificity),
        Column("usable", "Usable", cell=lambda row: "yes" if row[0].usable else "no"),
        Column("found", "Adversarial texts (n)", cell=lambda row: row[0].adversarial),
        rate_column("accepted", "Accepts of these (%)", lambda row: row[0].valid and row[0].valid.uncorrected),
        rate_column("valid", "Valid, corrected (%)", lambda row: row[0].valid and row[0].valid.corrected),
        Column("bound", "Valid, if it misses more (%)", 1, True, cell=lambda row: row[0].valid and row[0].valid.bound),
        rate_column("random", "Accepts of random exchanges (%)", lambda row: row[0].random),
        rate_column("more", "More than of random ones (points)", lambda row: row[0].more_than_random),
        Column("data", "Learnt from", cell=lambda row: row[1]),
    )
    rows: list[tuple[Campaign, tuple[Judged, str]]] = []
    for campaign in campaigns:
        for judgement in read_judgements(campaign.folder):
            same = judgement.training_data == campaign.corpus.get("fingerprint")
            data = "the same texts" if same else "other texts" if judgement.training_data else "no texts"
            for model in campaign.models:
                rows += [(campaign, (row, data)) for row in judged(campaign, judgement, model.name) if row.adversarial]
    note = (
        "A control that fits has as many words exchanged for words of the same sense, which no search chose; one that "
        "does not fit has all evidence of the label exchanged for another label's. A judge whose sensitivity + "
        f"specificity - 1 is under {LEAST_YOUDEN:g} on controls with as many changed words, or that has too few of "
        "them, is not usable and judges nothing. Corrected: Rogan and Gladen's correction for the judge's errors, the "
        "interval by a bootstrap over texts and controls. If it misses more: the same where the judge's sensitivity on "
        f"adversarial texts is lower by {SENSITIVITY_LOSS:g}. A judge has an opinion only where it is right on the "
        "original text."
    )
    title = "Does the label still fit the changed text?"
    return table_of(campaigns, "judges", title, columns, rows, note, "validity")


def _changed(row: Judged) -> str:
    if row.highest >= 10**6:
        return f"{row.lowest} or more"
    return str(row.lowest) if row.lowest == row.highest else f"{row.lowest} to {row.highest}"
