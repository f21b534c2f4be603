"""The figures: label frequencies, success by label frequency, success over similarity and over changed words.

Colours are those of Okabe and Ito, told apart by people with any colour vision; markers and dashes differ as well. A
figure is drawn once, in fixed colours; on the page each of them is a CSS variable, so that the theme may change it.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.headline import SIMILARITY_NAMES, percent, rate_text
from textattack_xmtc.results.markup import escaped, printable
from textattack_xmtc.results.noise import NoiseCurve
from textattack_xmtc.results.records import Model
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.summary import COUNTS, FALLS, SIMILAR, Count, shown_counts
from textattack_xmtc.results.tables.table import NOT_MEASURED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (4.6, 3.2)  # inches; small, so that the letters are still legible on a phone
PNG_DPI = 200

INK, MUTED, RULE = "#1f2328", "#59636e", "#d1d9e0"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule"} | {
    colour: f"--series-{number}" for number, colour in enumerate(SERIES, start=1)
}
"""The CSS variable that stands for each colour on the page."""

_NAMES = {"success": "success-by-frequency", "similar_success": "similar-success-by-frequency"}
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_LEGEND_NAME, _LEGEND_LINE = 44, 56  # characters of a name and of a line of the legend
_UPRIGHT = 6  # more bins than these have slanted names
_POINTS = 400  # of the frequency curve
_SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    **dict.fromkeys(("font.size", "axes.labelsize"), 9.5),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 8.5),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), MUTED),
    **dict.fromkeys(("axes.labelcolor", "text.color", "xtick.labelcolor", "ytick.labelcolor"), INK),
    "axes.linewidth": 0.7,
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar in a name is a dollar
    "svg.fonttype": "none",
    "svg.hashsalt": "textattack-xmtc",  # the same figure has the same names of its parts
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: what its files are called.
        caption: what it shows.
        alt: the same for those who do not see it, with its main numbers.
        svg: as a file of its own.
        png: the same, for programs without SVG.
    """

    name: str
    caption: str
    alt: str
    svg: str
    png: bytes

    def inline(self) -> str:
        """The SVG for an HTML page: colours as CSS variables, its parts named after the figure."""
        svg = self.svg[self.svg.index("<svg") :]
        svg = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg, flags=re.S)
        svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
        svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
        svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
        svg = re.sub(r'\bid="', f'id="{self.name}-', svg)
        svg = re.sub(r'url\(#|xlink:href="#', lambda part: f"{part[0]}{self.name}-", svg)
        svg = re.sub(r"(font: [^;\"]*?)'DejaVu Sans'[^;\"]*", r"\1inherit", svg)
        for colour, variable in VARIABLES.items():
            svg = svg.replace(colour, f"var({variable})")
        return svg.replace("<svg", f'<svg role="img" aria-label="{escaped(self.alt)}"', 1)


def all_figures(campaigns: Sequence[Campaign]) -> dict[str, list[Figure]]:
    """The figures of each campaign, by its folder: success by label frequency first; Figure 1 once for each corpus."""
    drawn_for = {}
    datasets: set[tuple[str, str]] = set()
    for number, campaign in enumerate(campaigns, start=1):
        several = len(campaigns) > 1
        start = f"{number}-" if several else ""
        attacked = [model for model in campaign.models if model.records]
        drawn = [
            *(
                by_bin(campaign, f"{start}figure-2-{_NAMES.get(count.key, count.key)}", count)
                for count in shown_counts(COUNTS, [campaign.settings])
            ),
            *(
                over_thresholds(campaign, model, f"{start}figure-2-thresholds-{place}")
                for place, model in enumerate(attacked, start=1)
            ),
            over_change_rates(campaign, f"{start}figure-2-change-rates"),
        ]
        of = f" ({printable(campaign.name)})" if several else ""
        drawn = [
            replace(figure, caption=f"Figure 2{chr(ord('a') + place)}{of}. {figure.caption}")
            for place, figure in enumerate(drawn)
        ]
        dataset = str(campaign.corpus["name"]), str(campaign.corpus.get("fingerprint"))
        if dataset not in datasets:
            last = frequencies(campaign, f"{start}figure-1-label-frequencies")
            drawn.append(replace(last, caption=f"Figure 1. {last.caption}"))
        datasets.add(dataset)
        drawn_for[str(campaign.folder)] = drawn
    return drawn_for


def by_bin(campaign: Campaign, name: str, count: Count = FALLS) -> Figure:
    """Figure 2: a count by label frequency, a line for each model, with 95% intervals.

    What a model gets wrong without an attack is a line of its own, dotted, with hollow markers.
    """
    numbers = [part.number for part in campaign.bins]
    attacked = [model for model in campaign.models if model.records]
    results = {model.name: campaign.results[model.name] for model in attacked}
    rates = {model: [part.rate(number, count) for number in numbers] for model, part in results.items()}
    wrong = {
        model: [part.wrong_rate(number) for number in numbers]
        for model, part in results.items()
        if part.rows["wrong_before"].any()
    }

    def draw(axes: Axes) -> None:
        for place, (model, line) in enumerate(rates.items()):
            values = np.array([[100 * end for end in (rate.value, rate.low, rate.high)] for rate in line])
            beside = np.arange(len(line)) + 0.09 * (place - (len(rates) - 1) / 2)
            style = _style(place)
            axes.vlines(beside, values[:, 1], values[:, 2], colors=style["color"], linewidth=1.1)
            axes.plot(beside, values[:, 0], label=printable(model), **style)
            if model in wrong:
                shares = [100 * rate.value for rate in wrong[model]]
                hollow = style | {"linestyle": (0, (1, 2)), "linewidth": 1.1, "fillstyle": "none"}
                axes.plot(beside, shares, label=f"{printable(model)}: wrong without an attack", **hollow)
        names = [campaign.bin_name(number).replace(" to ", "–") for number in numbers]  # noqa: RUF001 - a range
        if len(numbers) <= _UPRIGHT:
            axes.set_xticks(range(len(numbers)), [name.replace(" (", "\n(") for name in names])
        else:
            axes.set_xticks(range(len(numbers)), names, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(numbers) - 0.5)
        axes.set_xlabel("Label frequency (training texts)")
        _percent_axis(axes)
        _legend(axes)

    condition = f"at most {percent(campaign.max_change_rate)} of the words changed"
    if count is SIMILAR:
        condition += f", {_similarity_name(campaign)} above {campaign.threshold:g}"
    elif count is not FALLS:
        condition += f", counted only where {count.phrase}"
    parts = [f"{model}: {_ends(campaign, line)}" for model, line in rates.items()]
    parts += [f"{model}, wrong without an attack: {_ends(campaign, line)}" for model, line in wrong.items()]
    caption = f"Success of the attack by label frequency: {condition}. 95% intervals."
    if wrong:
        caption += (
            " Hollow markers: samples that a model gets wrong without an attack; they are not in its success rate."
        )
    if not all(rate.measured for line in rates.values() for rate in line):
        caption += f" Where a point is missing, it is {NOT_MEASURED}."
    return _figure(name, caption, f"{caption} {'; '.join(parts)}.", draw)


def over_thresholds(campaign: Campaign, model: Model, name: str) -> Figure:
    """Success over the similarity that is asked for: the tail, the head and all labels, of one model."""
    results, lines = campaign.results[model.name], _tail_and_head(campaign)
    lowest = _lowest_similarity(campaign)
    thresholds = np.round(np.linspace(lowest, 1, 101), 4)
    parts = {line: results.of_bin(number) for line, number in lines.items()}
    curves = {line: [_share(part.passed(threshold=above)) for above in thresholds] for line, part in parts.items()}

    def draw(axes: Axes) -> None:
        _steps(axes, thresholds, curves)
        axes.axvline(campaign.threshold, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
        axes.set_xlim(lowest, 1)
        axes.set_xlabel(f"Similarity must be above ({_similarity_name(campaign)})")

    caption = (
        f"Success on {model.name} over the similarity that is asked for, with at most "
        f"{percent(campaign.max_change_rate)} of the words changed. The dotted line is the campaign's threshold, "
        f"{campaign.threshold:g}."
    )
    at = [f"{line} {rate_text(results.rate(number, SIMILAR))}" for line, number in lines.items()]
    return _figure(name, caption, f"{caption} There: {', '.join(at)}.", draw)


def over_change_rates(campaign: Campaign, name: str) -> Figure:
    """Success on the rarest labels over the share of words that may be changed, a line for each model."""
    results = {model.name: campaign.results[model.name] for model in campaign.models if model.records}
    tail = campaign.bins[0].number
    limits = np.linspace(0, campaign.max_change_rate, 101)
    parts = {model: part.of_bin(tail) for model, part in results.items()}
    curves = {model: [_share(part.passed(limit=most)) for most in limits] for model, part in parts.items()}

    def draw(axes: Axes) -> None:
        _steps(axes, 100 * limits, curves)
        axes.set_xlim(0, 100 * campaign.max_change_rate)
        axes.set_xlabel("Words that may be changed (%)")

    caption = (
        f"Success on labels with {campaign.bin_name(tail)} training texts, over the share of the words that may be "
        "changed."
    )
    half = campaign.max_change_rate / 2
    at = [f"{model} {rate_text(part.rate(tail, limit=half))}" for model, part in results.items()]
    return _figure(name, caption, f"{caption} At {percent(half)}: {', '.join(at)}.", draw)


def frequencies(campaign: Campaign, name: str) -> Figure:
    """Figure 1: how many training texts each label has, from the most frequent to the rarest."""
    counts = np.sort(campaign.label_counts)[::-1]
    seen = counts[counts > 0]
    ranks = np.unique(np.geomspace(1, max(len(seen), 1), _POINTS).round().astype(np.int64))

    def draw(axes: Axes) -> None:
        if len(seen):
            axes.plot(ranks, seen[ranks - 1], color=SERIES[0], drawstyle="steps-post")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(left=0.9)
        axes.set_ylim(bottom=0.8)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axis.set_minor_formatter(lambda *_: "")
        axes.set_xlabel("Label (rank by frequency)")
        axes.set_ylabel("Label frequency (training texts)")

    dataset = str(campaign.corpus["name"])
    caption = f"Label frequency of {dataset}, {len(counts):,} labels, both axes logarithmic."
    if unseen := len(counts) - len(seen):
        caption += f" {unseen:,} labels without a training text are not drawn."
    most = f"The most frequent label has {counts[0]:,} training texts, the median {np.median(counts):,.0f}."
    return _figure(name, caption, f"{caption} {most}" if len(counts) else caption, draw)


def over_noise_rates(curve: NoiseCurve, name: str) -> Figure:
    """A model's measures over the rate of random noise of one kind, with 95% intervals."""
    rates = 100 * np.array(curve.rates)

    def draw(axes: Axes) -> None:
        for place, (measure, values) in enumerate(curve.values.items()):
            points = np.array([[100 * end for end in (one.value, one.low, one.high)] for one in values])
            style = _style(place)
            axes.vlines(rates, points[:, 1], points[:, 2], colors=style["color"], linewidth=1.1)
            axes.plot(rates, points[:, 0], label=measure, **style)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("Noise rate (% of the words)")
        axes.set_ylabel("%")
        _legend(axes)

    caption = (
        f"{curve.model} under random noise, {curve.kind}: {curve.texts:,} texts, means of {curve.seeds} draws. A "
        f"reader keeps the {curve.keeps}; {percent(curve.able)} of the words can be changed. 95% intervals over texts."
    )
    last = [f"{measure} from {rate_text(line[0])} to {rate_text(line[-1])}" for measure, line in curve.values.items()]
    return _figure(name, caption, f"{caption} At {percent(curve.rates[-1])}: {'; '.join(last)}.", draw)


def _figure(name: str, caption: str, alt: str, draw: Callable[[Axes], None]) -> Figure:
    # Most of a second to import, and needed nowhere else.
    import matplotlib.style
    from matplotlib.figure import Figure as Canvas

    # The user's own matplotlib settings are no part of a report.
    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # of names in scripts that the PNG's font lacks
        canvas = Canvas(figsize=SIZE, layout="constrained")
        draw(canvas.add_subplot())
        svg, png = io.StringIO(), io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(svg, format="svg", transparent=True, metadata=nothing)
        canvas.savefig(png, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None})
    return Figure(name, printable(caption), printable(alt), svg.getvalue(), png.getvalue())


def _style(place: int) -> dict[str, Any]:
    return {
        "color": SERIES[place % len(SERIES)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "linestyle": _DASHES[place % len(_DASHES)],
    }


def _percent_axis(axes: Axes) -> None:
    axes.set_ylim(-2, 104)
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel("Success rate (%)")


def _legend(axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    if len(names) < 2:
        return
    names = [name if len(name) <= _LEGEND_NAME else f"{name[: _LEGEND_NAME - 1]}…" for name in names]
    columns = max(1, min(len(names), _LEGEND_LINE // (max(map(len, names)) + 9)))
    rows = -(-len(names) // columns)
    canvas = axes.get_figure(root=True)
    assert canvas is not None
    canvas.set_figheight(SIZE[1] + 0.18 * (rows - 1))  # so that the axes keep their height
    canvas.legend(handles, names, loc="outside upper left", ncols=columns, handlelength=2.6, columnspacing=1.4)


def _lowest_similarity(campaign: Campaign) -> float:
    """Where the axis of similarities begins, for all models of a campaign alike."""
    lowest = [results.rows["similarity"][results.passed()].min() for results in campaign.results.values()]
    return float(np.clip(np.floor(10 * np.nanmin(lowest)) / 10, 0, 0.7)) if not np.isnan(lowest).all() else 0.0


def _similarity_name(campaign: Campaign) -> str:
    return SIMILARITY_NAMES[campaign.similarity_kind].rstrip(",")


def _ends(campaign: Campaign, rates: list[Estimate]) -> str:
    names = [campaign.bin_name(part.number) for part in campaign.bins]
    return ", ".join(f"{rate_text(rate)} at {name}" for name, rate in zip(names, rates, strict=True))


def _tail_and_head(campaign: Campaign) -> dict[str, int | None]:
    """The bins that have a curve, and all labels together."""
    ends = {"tail": campaign.bins[0].number, "head": campaign.bins[-1].number} if len(campaign.bins) > 1 else {}
    return {**ends, "all": None}


def _steps(axes: Axes, conditions: np.ndarray, curves: dict[str, list[float]]) -> None:
    for place, (line, curve) in enumerate(curves.items()):
        style = _style(place) | {"marker": ""}
        axes.plot(conditions, 100 * np.array(curve), label=printable(line), drawstyle="steps-post", **style)
    _percent_axis(axes)
    _legend(axes)


def _share(passed: np.ndarray) -> float:
    """A success rate without its interval, which a bootstrap would take long for at a hundred conditions."""
    return float(passed.mean()) if len(passed) else float("nan")
