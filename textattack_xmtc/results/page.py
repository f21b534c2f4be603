"""The report as one HTML page that needs nothing else (no network, no scripts), and the same as Markdown."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from math import isnan
from typing import Any

from markupsafe import Markup

from textattack_xmtc._version import __version__
from textattack_xmtc.results import headline as sentences
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.examples import CHOICE, excerpt, marked, striking
from textattack_xmtc.results.figures import Figure
from textattack_xmtc.results.labels import label_sentences
from textattack_xmtc.results.markup import escaped, render
from textattack_xmtc.results.records import Record
from textattack_xmtc.results.tables.examples import marked_names
from textattack_xmtc.results.tables.formats import as_html, as_markdown, marked_html
from textattack_xmtc.results.tables.labels import ON_PAGE
from textattack_xmtc.results.tables.labels import SECTION as BY_LABEL
from textattack_xmtc.results.tables.table import Table

LABEL_PAGE = "labels.html"
"""The page of labels, beside the report."""

EXAMPLES = 5
"""How many examples stand beside the curve."""

WORDS_SHOWN = 2
"""Words that a label hangs on, beside an example: by the ranking of the search, of campaigns with `--per-label`."""

CONTEXT = 6
"""How many words around a change are shown there."""

SECTIONS = {
    BY_LABEL: "Which labels are fragile, and why",
    "success": "Success of the attack",
    "validity": "Does the label still fit?",
    "defence": "Two models on the same samples",
    "transfer": "The same texts on other models",
    "examples": "Adversarial examples",
    "labels": "What happened to the other labels",
    "data": "The data",
    "cost": "What it cost",
    "method": "How it was measured",
}
"""The parts of the page below the headlines: their anchors and titles. A table names the one that it belongs to."""

_FIGURES = {"success": "figure-2", "data": "figure-1"}


def page(campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]]) -> str:
    """The page.

    Args:
        campaigns: what to report, the most important first.
        figures: the figures of each campaign, by its folder; the first shows success by label frequency.
    """
    style = files("textattack_xmtc.resources").joinpath("report.css").read_text(encoding="utf-8")
    sections = [_section(anchor, campaigns, tables, figures) for anchor in SECTIONS]
    heads = []
    for campaign in campaigns:
        reference = campaign.model(campaign.reference)
        chosen = striking(campaign, reference, EXAMPLES) if reference else []
        examples = [_example(campaign, record) for record in chosen]
        heads.append({**_head(campaign, figures), "lead": _lead(campaign), "examples": examples})
    return render(
        "report.html.jinja",
        title=_title(campaigns),
        style=Markup(style),
        campaigns=heads,
        choice=CHOICE,
        sections=[one for one in sections if one["sentences"] or one["figures"] or one["tables"]],
        version=__version__,
    ).lstrip()


def label_page(campaigns: Sequence[Campaign], table: Table) -> str:
    """A page with the table of labels, `ON_PAGE` rows at most, which a script of its own searches and sorts.

    Without scripts it is the plain table. No other script can run on it, and nothing is fetched.
    """
    resources = files("textattack_xmtc.resources")
    style, script = (resources.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "labels.js"))
    return render(
        "labels.html.jinja",
        title=_title(campaigns),
        sentences=[sentence for campaign in campaigns for sentence in label_sentences(campaign)],
        style=Markup(style),
        script=Markup(script),
        digest=b64encode(sha256(script.encode()).digest()).decode(),
        table=Markup(as_html(replace(table, most=ON_PAGE).shown())),
        version=__version__,
    ).lstrip()


def markdown_report(
    campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]], folder: str
) -> str:
    """The report as Markdown, for a pull request, an issue or a README: the same sentences and tables as the page."""
    return render(
        "report.md.jinja",
        title=_title(campaigns),
        campaigns=[_head(campaign, figures) for campaign in campaigns],
        tables=[Markup(as_markdown(table)) for table in tables],
        sentences=_sentences(campaigns),
        folder=folder,
        version=__version__,
    )


def _title(campaigns: Sequence[Campaign]) -> str:
    return ", ".join(dict.fromkeys(str(campaign.corpus["name"]) for campaign in campaigns))


def _sentences(campaigns: Sequence[Campaign]) -> list[str]:
    return list(dict.fromkeys(sentence for campaign in campaigns for sentence in sentences.method(campaign)))


def _head(campaign: Campaign, figures: Mapping[str, Sequence[Figure]]) -> dict[str, object]:
    """What stands above the tables of a report about a campaign."""
    others = [model for model in campaign.models if model.name != campaign.reference]
    return {
        "description": sentences.description(campaign),
        "headline": sentences.headline(campaign),
        "further": sentences.further_headlines(campaign),
        "others": [(model.name, sentences.model_headline(campaign, model)) for model in others],
        "warnings": sentences.warnings_of(campaign),
        "left_out": [sentence for model in campaign.models if (sentence := sentences.left_out(campaign, model))],
        "figures": figures[str(campaign.folder)],
    }


def _section(
    anchor: str, campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]]
) -> dict[str, Any]:
    kind = _FIGURES.get(anchor)
    drawn = [[one for one in figures[str(part.folder)][1:] if kind and kind in one.name] for part in campaigns]
    return {
        "anchor": anchor,
        "title": SECTIONS[anchor],
        "sentences": _sentences(campaigns) if anchor == "method" else [],
        "figures": [row for row in drawn if row],
        "tables": [Markup(as_html(table)) for table in tables if table.section == anchor],
        "link": LABEL_PAGE if anchor == BY_LABEL else "",
    }


def _lead(campaign: Campaign) -> Markup:
    """The headline, its rates in bold and their intervals apart."""
    lead = re.sub(r"\b(in|for|and) (\d+%)", r"\1 <b>\2</b>", escaped(sentences.headline(campaign)))
    return Markup(re.sub(r"\(\d+ to \d+%, n = [\d,]+\)", lambda part: f'<span class="interval">{part[0]}</span>', lead))


def _example(campaign: Campaign, record: Record) -> dict[str, object]:
    """What is shown of an adversarial text on the first screen."""
    sample = campaign.samples[record.sample]
    text = marked(sample.text, str(record.adversarial))
    count = int(campaign.label_counts[sample.target])
    similarity = campaign.similarity(record)
    facts = [f"{record.changed} of {record.words:,} words", f"{count:,} training text{'s' * (count != 1)}"]
    facts += [] if isnan(similarity) else [f"similarity {similarity:.2f}"]
    if record.hangs_on:
        facts.append("hangs on " + ", ".join(f"{word} {share:.0%}" for word, share in record.hangs_on[:WORDS_SHOWN]))
    lists = [("True labels", sample.labels)]
    for name, prediction in (("before", record.before), ("after", record.after)):
        lists += [(f"Top {campaign.k} {name}", prediction.top_k if prediction else ())]
    return {
        "target": campaign.label_names[sample.target],
        "rank_before": sentences.rank(record.before),
        "rank_after": sentences.rank(record.after),
        "facts": " · ".join(facts),
        "excerpt": Markup(marked_html(excerpt(text, CONTEXT))),
        "text": Markup(marked_html(text)),
        "labels": [(name, marked_names(campaign, labels, sample.target)) for name, labels in lists],
    }
