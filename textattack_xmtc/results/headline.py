"""What came out of a campaign, in plain sentences."""

from __future__ import annotations

from math import isnan

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.labels import label_sentences
from textattack_xmtc.results.records import ERROR, SKIPPED, WRONG_BEFORE, Model, Prediction
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.summary import COUNTS, FALLS, SIMILAR, Count, shown_counts
from textattack_xmtc.results.tables.table import NOT_MEASURED, UNKNOWN

SIMILARITY_NAMES = {
    "cosine": "cosine",
    "angular": "angular similarity, 1 - arccos(cosine) / pi,",
    "published": "1 - arccos(cosine)",
}


def percent(share: float) -> str:
    """A share in percent, with one digit after the point only where it is needed for the limits people choose.

    Example:
        >>> percent(0.1), percent(0.125), percent(0.814)
        ('10%', '12.5%', '81.4%')
    """
    return f"{round(share * 100, 1):g}%"


def rate_text(rate: Estimate) -> str:
    """A rate with its interval, in whole percents.

    Example:
        >>> rate_text(Estimate(0.8125, 0.7712, 0.8541, 200))
        '81% (77 to 85%)'
    """
    if not rate.measured:
        return NOT_MEASURED
    if isnan(rate.value):
        return "no sample"
    return f"{rate.value:.0%} ({rate.low * 100:.0f} to {rate.high:.0%})"


def headline(campaign: Campaign) -> str:
    """The main result: how often the attack succeeds on the rarest and the most frequent labels, reference model.

    Rates are over the samples that were attacked; their number is n.
    """
    results = campaign.results[campaign.reference]
    start = f"Changing at most {percent(campaign.max_change_rate)} of the words "
    what, where = {
        POSITIVE: ("removes a correct{} label from", "in"),
        NEGATIVE: ("brings a wrong{} label into", "in"),
    }.get(campaign.goal, ("pushes a correct label out of", "for"))
    middle = f" the {campaign.shown} {where} "
    tail = results.rate(campaign.bins[0].number)
    if len(campaign.bins) == 1:
        return start + what.format("") + middle + f"{_share(tail)} of texts{_interval(tail)}."
    head = results.rate(campaign.bins[-1].number)
    if campaign.goal in (POSITIVE, NEGATIVE):
        sentence = start + what.format(" tail") + middle + f"{_share(tail)} of texts{_interval(tail)}"
        return f"{sentence}, a head label in {_share(head)}{_interval(head)}."
    sentence = start + what + middle + f"{_share(tail)} of the texts drawn for a tail label{_interval(tail)}"
    return f"{sentence}, and {_share(head)} of those drawn for a head label{_interval(head)}."


def further_headlines(campaign: Campaign) -> list[str]:
    """The same for every further count, in the order of `COUNTS`; before it, what there is to know of the labels."""
    shown = shown_counts(COUNTS, [campaign.settings])
    return [*label_sentences(campaign), *(_further(campaign, count) for count in shown if count is not FALLS)]


def _further(campaign: Campaign, count: Count) -> str:
    results = campaign.results[campaign.reference]
    if len(campaign.bins) == 1:
        rates = f"{rate_text(results.rate(campaign.bins[0].number, count))} of texts"
    else:
        ends = ((campaign.bins[0], "tail"), (campaign.bins[-1], "head"))
        rates = " and ".join(f"{rate_text(results.rate(part.number, count))} of {name} texts" for part, name in ends)
    if not results.rate(None, count).measured:
        rates = NOT_MEASURED
    how = ""
    if count is SIMILAR:
        kind, encoder = SIMILARITY_NAMES[campaign.similarity_kind], campaign.resolved.get("encoder")
        how = f" ({kind} above {campaign.threshold:g}, encoder {encoder})"
    if count.setting and campaign.settings.get(count.setting) == "none":
        how = f"{how} (found without trying: this attack keeps nothing of the label)"
    return f"Counted only where {count.phrase}{how}: {rates}."


def model_headline(campaign: Campaign, model: Model) -> str:
    """The rates of a model that is not the reference: of what was attacked, and apart from it what was wrong before."""
    if not model.records:
        return "not attacked yet."
    results = campaign.results[model.name]
    if len(campaign.bins) == 1:
        rates = rate_text(results.rate())
    else:
        ends = ((campaign.bins[0], "tail"), (campaign.bins[-1], "head"))
        rates = ", ".join(f"{name} {rate_text(results.rate(part.number))}" for part, name in ends)
    n = results.rate().n
    return f"{rates} of the {n:,} samples that it was attacked on{_wrong(campaign, model)}."


def _wrong(campaign: Campaign, model: Model) -> str:
    wrong = campaign.results[model.name].wrong_rate()
    if not wrong.value:
        return ""
    number = round(wrong.value * wrong.n)
    return f"; it gets {number:,} of {wrong.n:,} ({wrong.value:.0%}) wrong without an attack, and these are not in n"


def progress(campaign: Campaign) -> str:
    """How much of a campaign is still to be done; nothing where it is finished."""
    missing = {model.name: len(campaign.samples) - len(model.records) for model in campaign.models}
    unfinished = [f"{name} {count:,}" for name, count in missing.items() if count]
    if not unfinished:
        return ""
    return (
        f"Preliminary: of {len(campaign.samples):,} samples, some are not attacked yet ({', '.join(unfinished)} to go)."
    )


def not_drawn(campaign: Campaign) -> str:
    """Which samples could not be drawn, and why; nothing where all could, or the folder does not say."""
    parts = [f"{number:,} ({reason})" for reason, number in campaign.left_out.items() if number]
    return f"Not drawn, though the reference model gets them right: {', '.join(parts)}." if parts else ""


def left_out(campaign: Campaign, model: Model) -> str:
    """Which records are not in n, and why; nothing where all are."""
    parts = []
    for (outcome, reason), number in campaign.not_attacked(model).items():
        if outcome == SKIPPED and not (reason == WRONG_BEFORE and model.name != campaign.reference):
            parts.append(f"{number:,} {'was' if number == 1 else 'were'} skipped ({reason})")
    if errors := campaign.outcomes(model)[ERROR]:
        parts.insert(0, f"{errors:,} ended with an error")
    return f"Not in n, {model.name}: {', '.join(parts)}." if parts else ""


def warnings_of(campaign: Campaign) -> list[str]:
    """What a reader must know before the numbers: what is missing, odd or not drawn."""
    return [sentence for sentence in (progress(campaign), *campaign.notes, not_drawn(campaign)) if sentence]


def rank(prediction: Prediction | None) -> str:
    """A target's rank, as far as the model knows it.

    Example:
        >>> rank(Prediction(7, None, 0.1, ())), rank(Prediction(None, 50, 0.0, ()))
        ('7', '> 50')
    """
    if prediction is None or (prediction.rank is None and prediction.beyond is None):
        return UNKNOWN
    return f"{prediction.rank:,}" if prediction.rank is not None else f"> {prediction.beyond:,}"


def _share(rate: Estimate) -> str:
    return UNKNOWN if isnan(rate.value) else f"{rate.value:.0%}"


def _interval(rate: Estimate) -> str:
    if isnan(rate.value):
        return " (no sample yet)"
    return f" ({rate.low * 100:.0f} to {rate.high:.0%}, n = {rate.n:,})"


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
    k_best = f"the {campaign.k} best labels of a model"
    if "shown" in campaign.resolved:
        k_best = f"the {campaign.shown} of a model"
    right = {
        NEGATIVE: f"A sample is a test text with a wrong target label that is not among {k_best}.",
    }.get(campaign.goal, f"A sample is a test text with a true label, its target, that is among {k_best}.")
    how = "were drawn evenly from bins of label frequency"
    if campaign.label_draw is not None:
        how = "were drawn by label, and a text may serve several"
    goal = GOALS[campaign.goal].describe(f"the {campaign.shown}")
    return [
        f"{right} Samples {how}; {campaign.reference} is the reference model, "
        "which decides what is right. Texts that are too short for a single change are not drawn.",
        f"{goal} A success also keeps to the change rate: at most {percent(campaign.max_change_rate)} of the words of "
        "a text.",
        "Success rates are over the samples that a model was attacked on (n). A sample that a model other than the "
        "reference gets wrong without an attack is shown apart; only the comparison of two models over all samples "
        "counts it as lost (section 4.3.2), and gives the number.",
        f"Similarity is that of the whole original and the whole final text by the encoder "
        f"{campaign.resolved.get('encoder')}; a text counts as similar above {campaign.threshold:g} "
        f"({SIMILARITY_NAMES[campaign.similarity_kind].rstrip(',')}). The same number means something else for another "
        "encoder.",
        "Intervals are 95%: Wilson's score interval where each text is sampled once, otherwise a bootstrap that draws "
        "whole texts. Differences of two models on the same samples have Newcombe's paired interval and McNemar's "
        "exact test.",
        "Samples that ended with an error or were skipped are counted in a table with their reasons, and are not in n. "
        f'"{NOT_MEASURED}" stands where records lack what a count needs; it never means 0.',
    ]
