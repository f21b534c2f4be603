"""The table of what adversarial texts do to models that they were not found on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.headline import rate_text
from textattack_xmtc.results.records import ERROR, FAILED, SUCCEEDED, Model, Transfer, Trial
from textattack_xmtc.results.statistics import Estimate, difference_of, share_of
from textattack_xmtc.results.tables.formats import text_table
from textattack_xmtc.results.tables.table import BIN, Column, Table, rate_column, table_of


@dataclass(frozen=True)
class Transferred:
    """What came of the adversarial texts of one model on another, for a bin or all.

    Attributes:
        adversarial: adversarial texts that were tried.
        success: the share that reaches the goal there too, of those whose original text the other model gets right.
        control: the same of the control texts, which have as many other words exchanged.
        less_control: how much larger the first is, over the texts that have a control.
    """

    source: str
    model: str
    bin: str
    adversarial: int
    success: Estimate
    control: Estimate
    less_control: Estimate
    errors: int


def transferred(campaign: Campaign, source: Model, transfer: Transfer, bin_number: int | None = None) -> Transferred:
    """What came of the adversarial texts of `source` on another model, for a bin (None: for all)."""
    trials = [
        trial
        for (name, number), trial in sorted(transfer.trials.items())
        if name == source.name and bin_number in (None, campaign.samples[number].bin)
    ]
    counted = [trial for trial in trials if trial.outcome in (SUCCEEDED, FAILED)]
    paired = [trial for trial in counted if trial.control is not None]
    control = np.array([bool(trial.control) for trial in paired], dtype=bool)
    less, _ = difference_of(_reached(paired), control, campaign.texts(trial.sample for trial in paired))
    return Transferred(
        source=source.name,
        model=transfer.name,
        bin=campaign.bin_name(bin_number),
        adversarial=len(trials),
        success=share_of(_reached(counted), campaign.texts(trial.sample for trial in counted)),
        control=share_of(control, campaign.texts(trial.sample for trial in paired)),
        less_control=less,
        errors=sum(trial.outcome == ERROR for trial in trials),
    )


def pairs_of(campaign: Campaign) -> Iterator[tuple[Model, Transfer]]:
    """Each model with adversarial texts, and each other model that they were tried on."""
    for transfer in campaign.transfers:
        for model in campaign.models:
            if any(name == model.name for name, _ in transfer.trials):
                yield model, transfer


def transfers(campaigns: Sequence[Campaign]) -> Table:
    """Do attacks transfer? By label frequency."""
    columns = (
        *(
            Column("source", "Found on"),
            Column("model", "Tried on"),
            BIN,
            Column("found", "Adversarial texts", cell=lambda tried: tried.adversarial),
        ),
        Column("n", "Right before (n)", cell=lambda tried: tried.success.n),
        rate_column("success", "Success there (%)"),
        rate_column("control", "Other words exchanged (%)"),
        rate_column("less_control", "Difference (points)"),
        Column("errors", "Errors"),
    )
    rows = (
        (campaign, transferred(campaign, model, transfer, number))
        for campaign in campaigns
        for model, transfer in pairs_of(campaign)
        for number in campaign.bin_numbers
    )
    note = (
        "The adversarial texts of one model (goal reached within the change rate), tried on another that was not asked "
        "while they were made. n: those whose original text the other model gets right, so that it has something to "
        "lose. Other words exchanged, the control: in the same texts, as many other content words, drawn at random, "
        "are exchanged for the same new words; what falls by that too does not show that the attack transfers. "
        "95% intervals: Wilson's, of differences Newcombe's for pairs, or a bootstrap over texts where samples share "
        "texts."
    )
    title = "Do attacks transfer to other models?"
    return table_of(campaigns, "transfer", title, columns, rows, note, "transfer")


def terminal_transfers(campaign: Campaign) -> str:
    """For each model that adversarial texts were tried on, how often they succeed there too, as text for a terminal."""
    parts = []
    for model, transfer in pairs_of(campaign):
        rows = []
        for number in campaign.bin_numbers:
            tried = transferred(campaign, model, transfer, number)
            cells = [f"{tried.success.n:,}", rate_text(tried.success), rate_text(tried.control)]
            rows.append([f"  {tried.bin}", *cells])
        titles = ["  label frequency", "n", "success", "other words exchanged"]
        parts += [
            f"found on {model.name}, tried on {transfer.name}",
            text_table(titles, rows, [False, True, False, False]),
        ]
    return "\n".join(parts)


def _reached(trials: Sequence[Trial]) -> np.ndarray:
    return np.array([trial.outcome == SUCCEEDED for trial in trials], dtype=bool)
