"""The tables and the figure of `benchmarks.studies.strength`: how strong each victim is, and how often labels fall."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.studies.findings_tables import Table, percent, points
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import SUCCEEDED
from textattack_xmtc.results.statistics import Estimate, difference_of, wilson

TITLES = {
    "attention-xml": "AttentionXML, from scratch",
    "aplc-xlnet": "APLC-XLNet, from scratch",
    "attention-encoder": "AttentionXML over the encoder",
    "linear": "sentence encoder, rows",
    "linear-pw-cb": "sentence encoder, rows, PW-cb",
    "nearest": "nearest texts",
    "memory": "sentence encoder, rows and memory",
    "napkinxc": "napkinXC PLT, TF-IDF",
    "omikuji": "Omikuji, TF-IDF",
}
CONDITIONS = {
    "none": ("--preserve", "none"),
    "frozen": ("--preserve", "frozen:0.2"),
    "same-sense": ("--preserve", "paraphrased", "--candidate-source", "same-sense"),
    "random": ("--preserve", "random:0.2"),
}
NAMES = {
    "none": "Algorithm 1",
    "random": "a random fifth frozen",
    "frozen": "evidence frozen",
    "same-sense": "words of the same sense",
}
COMPARED_WITH = "attention-xml"
NOT_RUN = "not run"
DRAWN = {"none": "o", "frozen": "s", "same-sense": "^"}
"""The conditions in the figure, and their markers; of a victim without them nothing is shown."""
COLOURS = {"none": "#3b6fb6", "frozen": "#c4622d", "same-sense": "#3f8f5a"}
GREY = "#808080"


@dataclass(frozen=True)
class Fallen:
    """What came of the samples that a victim gets right: their numbers, and whether each label fell."""

    numbers: np.ndarray
    fell: np.ndarray


def fallen(campaign: Campaign) -> Fallen:
    """The attacked samples of a campaign with one model."""
    (model,) = campaign.models
    attacked = {number: record.outcome == SUCCEEDED for number, record in model.records.items() if record.attacked}
    return Fallen(np.array(list(attacked)), np.array(list(attacked.values())))


def precision(campaign: Campaign) -> tuple[float, float]:
    """P@1 on the test texts, and its standard error."""
    (best, *_) = next(iter(campaign.precision.values()))
    return float(best["value"]), float(best["error"])


Victims = Mapping[str, Mapping[str, Campaign]]


def tables(there: Victims) -> dict[str, Table]:
    """How often the right labels of each victim fall; and the same less another victim, where both are right."""
    results = {
        victim: {name: fallen(campaign) for name, campaign in campaigns.items()} for victim, campaigns in there.items()
    }
    shares: Table = (["model", "P@1", "right", *NAMES.values(), "right, and stands with its evidence"], [])
    bins: Table = (["model", "attack"], [])
    differences: Table = (["model", "right on both", *NAMES.values()], [])
    for victim, campaigns in there.items():
        of_victim, first = results[victim], campaigns["none"]
        stands = wilson(int((~of_victim["frozen"].fell).sum()), len(first.samples))
        rates = [rate_of(of_victim[name].fell) if name in of_victim else NOT_RUN for name in NAMES]
        cells = [f"{precision(first)[0]:.3f}", f"{len(of_victim['none'].fell)} of {len(first.samples)}"]
        shares[1].append([TITLES[victim], *cells, *rates, percent(stands)])
        bins[0][2:] = [first.bin_name(part.number) for part in first.bins]
        for name in (name for name in NAMES if name in of_victim):
            of_bin = np.array([first.samples[number].bin for number in of_victim[name].numbers.tolist()])
            parts = [of_victim[name].fell[of_bin == part.number] for part in first.bins]
            bins[1].append([TITLES[victim], NAMES[name], *(f"{part.sum()} of {len(part)}" for part in parts)])
        plain = results.get(COMPARED_WITH, {})
        if plain and victim != COMPARED_WITH:
            pairs = {
                name: paired(of_victim[name], plain[name]) for name in NAMES if name in of_victim and name in plain
            }
            cells = [points(pairs[name]) if name in pairs else NOT_RUN for name in NAMES]
            differences[1].append([TITLES[victim], str(pairs["none"].n), *cells])
    return {"strength": shares, "strength-differences": differences, "strength-bins": bins}


def rate_of(fell: np.ndarray) -> str:
    """The share that fell, with its interval."""
    return percent(wilson(int(fell.sum()), len(fell)))


def paired(first: Fallen, second: Fallen) -> Estimate:
    """How much more often labels fall on the first victim, over the samples that both get right."""
    common, one, two = np.intersect1d(first.numbers, second.numbers, return_indices=True)
    difference, _ = difference_of(first.fell[one], second.fell[two], common)
    return difference


def figure(there: Victims) -> str:
    """P@1 across, the share of right labels that fall up, a point for each victim and attack."""
    import matplotlib.style
    from matplotlib.figure import Figure as Canvas

    settings = {"svg.fonttype": "none", "svg.hashsalt": "textattack-xmtc", "font.size": 9, "text.color": GREY}
    settings |= {f"{part}.{kind}": GREY for part in ("xtick", "ytick") for kind in ("color", "labelcolor")}
    settings |= {"axes.edgecolor": GREY, "axes.labelcolor": GREY}
    with matplotlib.style.context(["default", settings]):
        canvas = Canvas(figsize=(7.2, 4.6), layout="constrained")
        axes = canvas.add_subplot()
        strengths = {victim: precision(campaigns["none"]) for victim, campaigns in there.items()}
        for name, marker in DRAWN.items():
            of_attack = {victim: fallen(campaigns[name]).fell for victim, campaigns in there.items()}
            rates = {victim: wilson(int(fell.sum()), len(fell)) for victim, fell in of_attack.items()}
            spread = [[100 * (rate.value - rate.low), 100 * (rate.high - rate.value)] for rate in rates.values()]
            axes.errorbar(
                [strength for strength, _ in strengths.values()],
                [100 * rate.value for rate in rates.values()],
                yerr=np.array(spread).T,
                fmt=marker,
                color=COLOURS[name],
                elinewidth=0.8,
                label=NAMES[name],
            )
        order = sorted(strengths, key=lambda victim: strengths[victim])
        for place, victim in enumerate(order):
            axes.annotate(TITLES[victim], (strengths[victim][0], 2), rotation=90, fontsize=7, ha="center", va="bottom")
            axes.axvline(strengths[victim][0], color=GREY, linewidth=0.3, zorder=0, alpha=0.6 if place % 2 else 0.4)
        axes.set(xlabel="P@1 on the test texts", ylabel="right labels that fall (%)", ylim=(0, 104))
        canvas.legend(loc="outside upper left", ncols=len(DRAWN), frameon=False)
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
