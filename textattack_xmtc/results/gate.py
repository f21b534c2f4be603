"""The gate of a release: is the attack's success rate on every model at most what is allowed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.folder import CAMPAIGN
from textattack_xmtc.results.headline import percent, rate_text
from textattack_xmtc.results.statistics import Estimate

SMALLEST_N = 30
"""Attacked samples that a gate needs: fewer leave an interval of more than 30 points."""

PASSED, FAILED, UNDECIDED = "pass", "FAIL", "cannot say"


@dataclass(frozen=True)
class Check:
    """One model against the limit.

    Attributes:
        campaign: the campaign's name.
        model: the model's name.
        bin: the number of the bin, None for all labels.
        rate: the success rate over the attacked samples.
        wrong: the share of the samples that the model gets wrong without an attack; they are not in the rate.
        limit: what is allowed.
        where: the bin in words.
    """

    campaign: str
    model: str
    bin: int | None
    rate: Estimate
    wrong: Estimate
    limit: float
    where: str

    @property
    def verdict(self) -> str:
        """`PASSED`, `FAILED`, or `UNDECIDED` where there are too few samples."""
        if self.rate.n < SMALLEST_N:
            return UNDECIDED
        return FAILED if self.rate.value > self.limit else PASSED

    @property
    def reason(self) -> str:
        """The rate, its number of samples and the limit, in words."""
        if self.rate.n < SMALLEST_N:
            parts = [f"n = {self.rate.n:,} attacked samples are too few: a gate needs {SMALLEST_N} or more"]
            parts += [f"success rate {rate_text(self.rate)}"] if self.rate.n else []
        else:
            above = "above" if self.verdict == FAILED else "not above"
            parts = [f"success rate {rate_text(self.rate)}, n = {self.rate.n:,}", f"{above} {percent(self.limit)}"]
        if self.wrong.value > 0:
            number = round(self.wrong.value * self.wrong.n)
            parts.append(
                f"not in n: {number:,} of {self.wrong.n:,} samples that the model gets wrong without an attack"
            )
        return "; ".join(parts)

    @property
    def line(self) -> str:
        """The check in a line."""
        return f"{self.verdict}: {self.campaign}, {self.model}, {self.where}: {self.reason}"


def checks(campaigns: Sequence[Campaign], limit: float, bin_name: str) -> list[Check]:
    """Every model of some campaigns against the limit.

    Args:
        limit: the highest success rate that passes.
        bin_name: `all`, `tail`, `head`, or the number of a bin.

    Raises:
        InputError: the limit is no share; there is no such bin; a campaign with one bin has neither tail nor head.
    """
    if not 0 <= limit <= 1:
        raise InputError(
            f"invalid --max-success-rate {limit:g}: must be a share between 0 and 1", "give 0.6, for instance"
        )
    made = []
    for campaign, model in models_of(campaigns):
        number, results = _bin(campaign, bin_name), campaign.results[model.name]
        where = "all labels" if number is None else f"label frequency {campaign.bin_name(number)}"
        rate, wrong = results.rate(number), results.wrong_rate(number)
        made.append(Check(campaign.name, model.name, number, rate, wrong, limit, where))
    return made


def _bin(campaign: Campaign, name: str) -> int | None:
    """The number of the bin that is meant, None for all."""
    numbers = [part.number for part in campaign.bins]
    if name in ("tail", "head"):
        if len(numbers) == 1:
            raise InputError(
                f"the campaign {campaign.name} has one bin, {campaign.bin_name(numbers[0])} training texts a label: "
                f"it has no {name}, and a rate of all labels would stand for it",
                "use --bin all, or draw samples in several bins (campaign --labels-per-bin with a smaller number)",
            )
        return numbers[0] if name == "tail" else numbers[-1]
    if name == "all":
        return None
    if name.isdecimal() and int(name) in numbers:
        return int(name)
    raise InputError(
        f"unknown --bin {name}: {campaign.folder / CAMPAIGN} has no such bin",
        f"choose tail, head, all, or a number from {numbers[0]} to {numbers[-1]}",
    )
