"""What a campaign found, in plain sentences."""

from __future__ import annotations

from math import isnan

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.summary import WRONG_BEFORE, Answer, Campaign, Model
from textattack_xmtc.results.tables import UNKNOWN


def percent(share: float) -> str:
    """A share in percent, with one digit after the point only where it is needed for the limits people choose.

    Example:
        >>> percent(0.1), percent(0.125), percent(0.814)
        ('10%', '12.5%', '81.4%')
    """
    return f"{round(share * 100, 1):g}%"


def rate(found: Estimate) -> str:
    """A rate with its interval, in whole percents.

    Example:
        >>> rate(Estimate(0.8125, 0.7712, 0.8541, 200))
        '81% (77 to 85%)'
    """
    if isnan(found.value):
        return "no sample"
    return f"{found.value:.0%} ({found.low * 100:.0f} to {found.high:.0%})"


def finding(campaign: Campaign) -> str:
    """The main finding: how often the attack succeeds on the rarest and the most frequent labels, reference model."""
    verdicts = campaign.verdicts[campaign.reference]
    start = f"Changing at most {percent(campaign.limit)} of the words "
    what, where = {
        POSITIVE: ("removes a correct{} label from", "in"),
        NEGATIVE: ("brings a wrong{} label into", "in"),
    }.get(campaign.goal, ("pushes a correct label out of", "for"))
    middle = f" the top {campaign.k} {where} "
    tail = verdicts.rate(campaign.bins[0].number)
    if len(campaign.bins) == 1:
        return start + what.format("") + middle + f"{_share(tail)} of texts{_interval(tail)}."
    head = verdicts.rate(campaign.bins[-1].number)
    if campaign.goal in (POSITIVE, NEGATIVE):
        sentence = start + what.format(" tail") + middle + f"{_share(tail)} of texts{_interval(tail)}"
        return f"{sentence}, a head label in {_share(head)}{_interval(head)}."
    sentence = start + what + middle + f"{_share(tail)} of the texts drawn for a tail label{_interval(tail)}"
    return f"{sentence}, and {_share(head)} of those drawn for a head label{_interval(head)}."


def similar_finding(campaign: Campaign) -> str:
    """The same for successes whose text stays similar to the original."""
    verdicts = campaign.verdicts[campaign.reference]
    encoder = campaign.resolved.get("encoder")
    measured = f"{MEASURE_NAMES[campaign.measure]} above {campaign.threshold:g}, encoder {encoder}"
    found = [
        f"{rate(verdicts.rate(part.number, campaign.threshold))} of {name}texts"
        for part, name in zip((campaign.bins[0], campaign.bins[-1]), ("tail ", "head "), strict=True)
    ]
    if len(campaign.bins) == 1:
        found = [found[0].replace("tail ", "")]
    return f"With a changed text that stays similar to the original ({measured}): {' and '.join(found)}."


MEASURE_NAMES = {
    "cosine": "cosine",
    "angular": "angular similarity, 1 - arccos(cosine) / pi,",
    "published": "1 - arccos(cosine)",
}


def other_finding(campaign: Campaign, model: Model) -> str:
    """The rates of a model that is not the reference, on the same samples."""
    verdicts = campaign.verdicts[model.name]
    if not model.records:
        return "not attacked yet."
    if len(campaign.bins) == 1:
        parts = [rate(verdicts.rate())]
    else:
        ends = ((campaign.bins[0], "tail"), (campaign.bins[-1], "head"))
        parts = [f"{name} {rate(verdicts.rate(part.number))}" for part, name in ends]
    wrong = int(verdicts.wrong_before.sum())
    before = f"; {wrong:,} of {len(verdicts.bins):,} samples it gets wrong before any change" if wrong else ""
    return f"{', '.join(parts)}{before}."


def progress(campaign: Campaign) -> str:
    """How much of a campaign is still to be done; nothing where it is finished."""
    missing = {model.name: len(campaign.samples) - len(model.records) for model in campaign.models}
    open_ones = [f"{name} {count:,}" for name, count in missing.items() if count]
    if not open_ones:
        return ""
    return (
        f"Preliminary: of {len(campaign.samples):,} samples, some are not attacked yet ({', '.join(open_ones)} to go)."
    )


def left_out(campaign: Campaign, model: Model) -> str:
    """Which records do not count, in words; nothing where all do."""
    counted = campaign.outcomes(model)
    wrong = counted[WRONG_BEFORE] if model.name != campaign.reference else 0
    parts = []
    if errors := counted["error"]:
        parts.append(f"{errors:,} ended with an error")
    if skipped := counted["skipped"] - wrong:
        parts.append(f"{skipped:,} {'was' if skipped == 1 else 'were'} skipped")
    return f"Not in n, {model.name}: {' and '.join(parts)}." if parts else ""


def rank(answer: Answer | None) -> str:
    """A target's rank, as far as the model knows it.

    Example:
        >>> rank(Answer(7, None, 0.1, ())), rank(Answer(None, 50, 0.0, ()))
        ('7', '> 50')
    """
    if answer is None or (answer.rank is None and answer.beyond is None):
        return UNKNOWN
    return f"{answer.rank:,}" if answer.rank is not None else f"> {answer.beyond:,}"


def _share(found: Estimate) -> str:
    return UNKNOWN if isnan(found.value) else f"{found.value:.0%}"


def _interval(found: Estimate) -> str:
    return " (no sample yet)" if isnan(found.value) else f" ({found.low * 100:.0f} to {found.high:.0%})"


def description(campaign: Campaign) -> str:
    """What was attacked, in a line."""
    samples, bins = len(campaign.samples), len(campaign.bins)
    parts = [
        str(campaign.corpus["name"]),
        f"{GOALS[campaign.goal].title} attacks on {campaign.reference}",
        f"{samples:,} samples in {bins} bin{'s' * (bins != 1)} of label frequency",
    ]
    return " · ".join(parts)


def method(campaign: Campaign) -> list[str]:
    """How it was measured, in sentences; the settings of a campaign are in a table of their own."""
    k, k_best = campaign.k, f"the {campaign.k} best labels of a model"
    right = {
        NEGATIVE: f"A sample is a test text with a wrong target label that is not among {k_best}.",
    }.get(campaign.goal, f"A sample is a test text with a true label, its target, that is among {k_best}.")
    goal = GOALS[campaign.goal].describe(f"the top {k}")
    return [
        f"{right} Samples were drawn evenly from bins of label frequency; {campaign.reference} is the reference "
        "model, which decides what is right.",
        f"{goal} A success also keeps to the change rate: at most {percent(campaign.limit)} of the words of a text.",
        f"Similarity is that of the whole original and the whole final text by the encoder "
        f"{campaign.resolved.get('encoder')}; a text counts as similar above {campaign.threshold:g} "
        f"({MEASURE_NAMES[campaign.measure].rstrip(',')}). The same number means something else for another encoder.",
        "Intervals are 95%: Wilson's score interval where each text is sampled once, otherwise a bootstrap that draws "
        "whole texts. Differences of two models on the same samples have Newcombe's paired interval and McNemar's "
        "exact test.",
        "Samples that ended with an error or were skipped, for instance because the text is too short for a single "
        "change, are counted in the tables and left out of n.",
    ]
