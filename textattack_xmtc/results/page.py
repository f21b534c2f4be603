"""The report as one HTML page that needs nothing else: no network, no scripts, both colour schemes, any width."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import isnan

from textattack_xmtc._version import __version__
from textattack_xmtc.results.examples import CHOICE, excerpt, marked, striking
from textattack_xmtc.results.figures import Figure
from textattack_xmtc.results.summary import Campaign, Record
from textattack_xmtc.results.tables import Table, as_html, escaped, isolated, marked_html
from textattack_xmtc.results.wording import (
    description,
    finding,
    left_out,
    method,
    other_finding,
    progress,
    rank,
    similar_finding,
)

EXAMPLES = 5
"""How many examples stand beside the curve."""

CONTEXT = 6
"""How many words around a change are shown there."""

SECTIONS = (
    ("success", "Success of the attack"),
    ("defence", "Two models on the same samples"),
    ("transfer", "The same texts on other models"),
    ("examples", "Adversarial examples"),
    ("labels", "What happened to the other labels"),
    ("data", "The data"),
    ("cost", "What it cost"),
    ("method", "How it was measured"),
)
"""The parts of the page below the findings: their anchors and headings."""


def page(campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]]) -> str:
    """The page.

    Args:
        campaigns: what to report, the most important first.
        tables: its tables; each says by its name where it belongs.
        figures: the figures of each campaign, by its folder; the first shows success by label frequency.

    Returns:
        HTML, the whole document.
    """
    style = files("textattack_xmtc.resources").joinpath("report.css").read_text(encoding="utf-8")
    names = ", ".join(dict.fromkeys(str(campaign.corpus["name"]) for campaign in campaigns))
    findings = "".join(
        _finding(campaign, figures[str(campaign.folder)][0], "h1" if place == 0 else "h2")
        for place, campaign in enumerate(campaigns)
    )
    parts = {anchor: _section(anchor, campaigns, tables, figures) for anchor, _ in SECTIONS}
    links = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in SECTIONS if parts[anchor])
    sections = "".join(
        f'<section id="{anchor}">\n<h2>{title}</h2>\n{parts[anchor]}</section>\n'
        for anchor, title in SECTIONS
        if parts[anchor]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever a name or a text holds, the browser runs no script and fetches nothing.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        f'<link rel="icon" href="data:,">\n<title>Attack report: {escaped(names)}</title>\n<style>\n{style}</style>\n'
        f"</head>\n<body>\n<header>\n{findings}</header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n<main>\n{sections}</main>\n'
        f"<footer><p>Made by textattack-xmtc {escaped(__version__)}. Every table is beside this page as CSV, every "
        "figure as PNG and SVG.</p></footer>\n</body>\n</html>\n"
    )


def section_of(table: Table) -> str:
    """The anchor of the part of the page that a table belongs to."""
    name = table.name
    if name.startswith(("defence", "compared")):
        return "defence"
    found = {"example": "examples", "examples": "examples", "cost": "cost", "models": "method", "settings": "method"}
    found |= {"data": "data", "bins": "data", "clusters": "data", "transfer": "transfer"}
    found |= {"other-labels": "labels", "labels-in": "labels", "labels-out": "labels"}
    return found.get(name, "success")


def _section(
    anchor: str, campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]]
) -> str:
    body = "".join(as_html(table) for table in tables if section_of(table) == anchor)
    kind = {"success": "figure-2", "data": "figure-1"}.get(anchor)
    if kind:
        rows = [
            [figure for figure in figures[str(campaign.folder)][1:] if kind in figure.name] for campaign in campaigns
        ]
        drawn = (f'<div class="figures">{"".join(map(_figure, row))}</div>\n' for row in rows if row)
        body = "".join(drawn) + body
    if anchor == "method":
        sentences = dict.fromkeys(sentence for campaign in campaigns for sentence in method(campaign))
        body = f"<ul>{''.join(f'<li>{escaped(sentence)}</li>' for sentence in sentences)}</ul>\n{body}"
    return body


def _finding(campaign: Campaign, figure: Figure, heading: str) -> str:
    """What the campaign found: the sentence, the curve and the examples, for the first screen."""
    lead = re.sub(r"\b(in|for|and) (\d+%)", r"\1 <b>\2</b>", escaped(finding(campaign)))
    lead = re.sub(r"\(\d+ to \d+%\)", lambda found: f'<span class="interval">{found[0]}</span>', lead)
    others = "".join(
        f"<li>{isolated(model.name)}, same samples: {escaped(other_finding(campaign, model))}</li>"
        for model in campaign.models
        if model.name != campaign.reference
    )
    warnings = [progress(campaign), *campaign.notes]
    warned = "".join(f'<p class="warning">{escaped(warning)}</p>\n' for warning in warnings if warning)
    uncounted = " ".join(filter(None, (left_out(campaign, model) for model in campaign.models)))
    reference = campaign.model(campaign.reference)
    chosen = striking(campaign, reference, EXAMPLES) if reference else []
    below = "h2" if heading == "h1" else "h3"
    shown = "".join(_example(campaign, record) for record in chosen) or "<p>No success to show.</p>"
    return (
        f'<section class="finding">\n<p class="kicker">{escaped(description(campaign))}</p>\n'
        f'<{heading} class="lead">{lead}</{heading}>\n<p class="support">{escaped(similar_finding(campaign))}</p>\n'
        + (f'<ul class="support">{others}</ul>\n' if others else "")
        + warned
        + f'<div class="fold">\n{_figure(figure, uncounted)}\n<div class="examples">\n'
        f'<{below} title="{escaped(CHOICE)}">The most striking examples</{below}>\n{shown}</div>\n</div>\n</section>\n'
    )


def _example(campaign: Campaign, record: Record) -> str:
    sample = campaign.samples[record.sample]
    text = marked(sample.text, str(record.adversarial))
    count = int(campaign.label_counts[sample.target])
    similarity = campaign.similarity(record)
    facts = [f"{record.changed} of {record.words:,} words", f"{count:,} training text{'s' * (count != 1)}"]
    facts += [] if isnan(similarity) else [f"similarity {similarity:.2f}"]
    lists = [("True labels", sample.labels)]
    for name, answer in (("before", record.before), ("after", record.after)):
        lists += [(f"Top {campaign.k} {name}", answer.top_k if answer else ())]
    terms = "".join(
        f"<dt>{name}</dt><dd>"
        + ", ".join(
            f"<strong>{isolated(campaign.label_names[label])}</strong>"
            if label == sample.target
            else isolated(campaign.label_names[label])
            for label in labels
        )
        + "</dd>"
        for name, labels in lists
    )
    return (
        f'<article class="example">\n<div class="head"><h3>{isolated(campaign.label_names[sample.target])}: '
        f'<span class="rank">rank {escaped(rank(record.before))} → {escaped(rank(record.after))}</span></h3>'
        f'<span class="facts">{" · ".join(facts)}</span></div>\n'
        f'<details><summary><span dir="auto">{marked_html(excerpt(text, CONTEXT))}</span></summary>'
        f'<dl><dt>Whole text</dt><dd dir="auto">{marked_html(text)}</dd>{terms}</dl></details>\n</article>\n'
    )


def _figure(figure: Figure, more: str = "") -> str:
    caption = escaped(f"{figure.caption} {more}".strip())
    return f'<figure id="{figure.name}">\n{figure.inline()}\n<figcaption>{caption}</figcaption>\n</figure>'
