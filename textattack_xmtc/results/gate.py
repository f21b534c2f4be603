"""The gate of a release: is what a campaign has measured within the limits? Pass, fail, or cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, log1p

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.folder import CAMPAIGN
from textattack_xmtc.results.headline import percent, rate_text
from textattack_xmtc.results.records import Bin
from textattack_xmtc.results.statistics import Estimate

SMALLEST_N = 30
"""Attacked samples that a gate needs: fewer leave an interval of more than 30 points."""

PASSED, FAILED, UNDECIDED = "pass", "FAIL", "cannot say"


@dataclass(frozen=True)
class Check:
    """One condition on one model.

    Attributes:
        campaign: the campaign's name.
        model: the model's name.
        where: what it is about, a bin or a condition of a gate file.
        verdict: `PASSED`, `FAILED` or `UNDECIDED`.
        reason: what was measured, on how many samples, and the limit, in words.
    """

    campaign: str
    model: str
    where: str
    verdict: str
    reason: str

    @property
    def line(self) -> str:
        """The check in a line."""
        return f"{self.verdict}: {self.campaign}, {self.model}, {self.where}: {self.reason}"


def checks(campaigns: Sequence[Campaign], limit: float, bin_name: str) -> list[Check]:
    """Every model of some campaigns against one limit of the success rate (`--max-success-rate`).

    The rate itself decides, wherever its interval reaches; a gate file (`gate_file`) knows its error.

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
        number, results = bin_of(campaign, bin_name), campaign.results[model.name]
        rate = results.rate(number)
        if rate.n < SMALLEST_N:
            verdict, reason = UNDECIDED, too_few(rate)
        else:
            verdict = FAILED if rate.value > limit else PASSED
            above = "above" if verdict == FAILED else "not above"
            reason = f"success rate {rate_text(rate)}, n = {rate.n:,}; {above} {percent(limit)}"
        reason += wrong_before(campaign, model.name, number)
        made.append(Check(campaign.name, model.name, bin_title(campaign, number), verdict, reason))
    return made


def too_few(rate: Estimate) -> str:
    """Why a rate cannot be judged, in words."""
    reason = f"n = {rate.n:,} attacked samples are too few: a gate needs {SMALLEST_N} or more"
    return f"{reason}; success rate {rate_text(rate)}" if rate.n else reason


def wrong_before(campaign: Campaign, model: str, number: int | None) -> str:
    """What is not in n because the model gets it wrong without an attack, in words; nothing where there is none."""
    wrong = campaign.results[model].wrong_rate(number)
    if not wrong.value > 0:
        return ""
    share = f"{round(wrong.value * wrong.n):,} of {wrong.n:,}"
    return f"; not in n: {share} samples that the model gets wrong without an attack"


def verdict_of(estimate: Estimate, limit: float, at_most: bool = True) -> tuple[str, int | None]:
    """Whether an estimate is within a limit, where its 95% interval says so.

    Args:
        estimate: what was measured.
        limit: what is allowed.
        at_most: the value may be at most the limit; otherwise at least.

    Returns:
        The verdict, and for `UNDECIDED` about how many samples would decide if the value stayed what it is; None where
        it is the limit itself, which no number of samples tells from the other side.

    Example:
        >>> verdict_of(Estimate(0.5, 0.4, 0.6, 100), 0.65), verdict_of(Estimate(0.5, 0.4, 0.6, 100), 0.55)
        (('pass', None), ('cannot say', 400))
    """
    above, below = estimate.low > limit, estimate.high < limit
    if (estimate.high <= limit) if at_most else (estimate.low >= limit):
        return PASSED, None
    if above if at_most else below:
        return FAILED, None
    distance = abs(estimate.value - limit)
    if not distance:
        return UNDECIDED, None
    if estimate.value in (0, 1):  # the exact interval of n samples that agree ends at the n-th root of 2.5%
        return UNDECIDED, ceil(log(0.025) / log1p(-distance)) if distance < 1 else None
    # Intervals become even and shrink with the root of n.
    reach = estimate.high - estimate.value if estimate.value < limit else estimate.value - estimate.low
    even = max(reach, (estimate.high - estimate.low) / 2)
    return UNDECIDED, ceil(round(estimate.n * (even / distance) ** 2, 6))


def bin_title(campaign: Campaign, number: int | None) -> str:
    """A bin in words, None for all labels."""
    return "all labels" if number is None else f"label frequency {campaign.bin_name(number)}"


def bin_of(campaign: Campaign, name: str) -> int | None:
    """The number of the bin that is meant, None for all.

    Raises:
        InputError: there is no such bin.
    """
    return bin_named(campaign.bins, name, str(campaign.folder / CAMPAIGN))


def bin_named(bins: Sequence[Bin], name: str, where: str) -> int | None:
    """The number of the bin that is meant, None for all.

    Args:
        bins: those of the campaign, the rarest first.
        name: `all`, `tail`, `head`, or a number.
        where: the campaign, for messages.

    Raises:
        InputError: there is no such bin.
    """
    numbers = [part.number for part in bins]
    if name in ("tail", "head"):
        if len(numbers) == 1:
            only = f"{bins[0].lowest:,} to {bins[0].highest:,}"
            raise InputError(
                f"{where} has one bin, {only} training texts a label: it has no {name}, and a rate of all labels would "
                "stand for it",
                "use the bin `all`, or draw samples in several bins (campaign --labels-per-bin with a smaller number)",
            )
        return numbers[0] if name == "tail" else numbers[-1]
    if name == "all":
        return None
    if name.isdecimal() and name.isascii() and int(name) in numbers:
        return int(name)
    raise InputError(
        f"unknown bin {name}: {where} has no such bin",
        f"choose tail, head, all, or a number from {numbers[0]} to {numbers[-1]}",
    )
