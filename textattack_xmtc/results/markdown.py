"""The report as Markdown, for a pull request, an issue or a README: the same sentences and tables as the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textattack_xmtc._version import __version__
from textattack_xmtc.results.figures import Figure
from textattack_xmtc.results.summary import Campaign
from textattack_xmtc.results.tables import Table, as_markdown, markdown
from textattack_xmtc.results.wording import (
    description,
    finding,
    left_out,
    method,
    other_finding,
    progress,
    similar_finding,
)


def markdown_report(
    campaigns: Sequence[Campaign], tables: Sequence[Table], figures: Mapping[str, Sequence[Figure]], folder: str
) -> str:
    """The report as Markdown.

    Args:
        campaigns: what to report.
        tables: its tables.
        figures: the figures of each campaign, by its folder.
        folder: where the figures lie, seen from the Markdown file.
    """
    names = ", ".join(dict.fromkeys(str(campaign.corpus["name"]) for campaign in campaigns))
    lines = [f"# Attack report: {markdown(names)}", ""]
    for campaign in campaigns:
        lines += [f"**{markdown(finding(campaign))}**", "", markdown(similar_finding(campaign)), ""]
        lines += [
            f"- {markdown(model.name)}, same samples: {markdown(other_finding(campaign, model))}"
            for model in campaign.models
            if model.name != campaign.reference
        ]
        warnings = [progress(campaign), *campaign.notes, *(left_out(campaign, model) for model in campaign.models)]
        lines += ["", *(f"> {markdown(warning)}\n" for warning in warnings if warning)]
        lines += [f"{markdown(description(campaign))}.", ""]
        for figure in figures[str(campaign.folder)]:
            lines += [f"![{markdown(figure.alt)}]({folder}/{figure.name}.svg)", "", f"{markdown(figure.caption)}", ""]
    lines += ["## Tables", ""]
    for table in tables:
        lines += [as_markdown(table), ""]
    sentences = dict.fromkeys(sentence for campaign in campaigns for sentence in method(campaign))
    lines += ["## How it was measured", "", *(f"- {markdown(sentence)}" for sentence in sentences)]
    return "\n".join([*lines, "", f"Made by textattack-xmtc {__version__}.", ""])
