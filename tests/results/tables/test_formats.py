"""Tables as CSV, HTML and Markdown: the same numbers in each, and names that are no markup anywhere."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.results.markup import csv_text, csv_text_read, markdown
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.tables.formats import as_csv, as_html, as_markdown, as_text, format_number, marked_markdown
from textattack_xmtc.results.tables.table import UNKNOWN, Column, Marked, Names, Table, table_of

NAN = float("nan")
HOSTILE = (
    "<script>alert('x')</script>",
    'a "b" & c',
    "line\none\r\ntwo",
    "nul\x00bell\x07",
    "\u202eright to left",
    "half \ud800 pair",
    "|pipe| *star* `tick` [x](y) ~~z~~ # ! \\",
    "]]><!-- -->",
    "=1+1",
    "",
)
TABLE = Table(
    "numbers",
    "Numbers & more",
    (
        Column("model", "Model"),
        Column("n", "n"),
        Column("rate", "Rate (%)", 1, percent=True, interval=True),
        Column("p", "p", 4),
        Column("mean", "Mean", 2),
    ),
    (
        ("plain", 12345, Estimate(0.8125, 0.77125, 0.85, 200), 1.0, -1.234),
        ("plain", 0, Estimate(NAN, NAN, NAN, 0), 0.00000012, NAN),
        ("other", 3, None, None, None),
    ),
    "How to read it.",
)


class Cells(HTMLParser):
    """The text of each cell of a table, row by row, and all tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: Any) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def read_csv(text: str) -> list[Any]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_holds_numbers_in_full_and_nothing_for_what_is_not_known() -> None:
    assert read_csv(as_csv(TABLE)) == [
        ["model", "n", "rate_percent", "rate_percent_low", "rate_percent_high", "p", "mean"],
        ["plain", "12345", "81.25", "77.125", "85", "1", "-1.234"],
        ["plain", "0", "", "", "", "1.2e-07", ""],
        ["other", "3", "", "", "", "", ""],
    ]


def test_html_shows_them_rounded_with_their_intervals() -> None:
    cells = Cells(as_html(TABLE))
    assert cells.rows == [
        ["Model", "n", "Rate (%)", "p", "Mean"],
        ["plain", "12,345", "81.2 (77.1 to 85.0)", "1.0000", "\N{MINUS SIGN}1.23"],
        ["plain", "0", UNKNOWN, "< 0.0001", UNKNOWN],
        ["other", "3", UNKNOWN, UNKNOWN, UNKNOWN],
    ]
    scopes = [attributes.get("scope") for tag, attributes in cells.tags if tag == "th"]
    assert scopes == ["col"] * 5 + ["row"] * 3
    assert any(tag == "caption" for tag, _ in cells.tags)
    assert [attributes.get("class") for tag, attributes in cells.tags if tag == "tr"] == [None, None, None, "group"]


def test_markdown_and_the_terminal_show_the_same() -> None:
    lines = as_markdown(TABLE).splitlines()
    assert lines[0] == "**Numbers &amp; more**"
    assert lines[3] == "| --- | ---: | ---: | ---: | ---: |"
    assert lines[4] == "| plain | 12,345 | 81.2 (77.1 to 85.0) | 1.0000 | \N{MINUS SIGN}1.23 |"
    assert lines[-1] == "How to read it."
    text = as_text(TABLE).splitlines()
    assert text[0] == "Numbers & more" and "81.2 (77.1 to 85.0)" in text[2]
    assert text[1].index("Mean") + 4 == len(text[2]), "numbers end under the ends of their headings"


def test_rounding_starts_from_the_number_in_the_csv_file() -> None:
    column = Column("rate", "Rate (%)", 1, percent=True)
    assert format_number(0.29, column) == "29.0"
    assert format_number(-0.0001, column) == "0.0", "no minus before a zero"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_in_every_format(name: str) -> None:
    columns = (Column("label", "Label"), Column("names", "Names"), Column("text", "Text"), Column("n", "n"))
    marked = Marked((("same", "a "), ("removed", name), ("added", name), ("same", " b")))
    table = Table("names", f"Of {name}", columns, ((name, Names((name, "x"), frozenset({0})), marked, 1),), name)

    cells = Cells(as_html(table))
    allowed = {
        "div",
        "table",
        "caption",
        "span",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "bdi",
        "strong",
        "del",
        "ins",
        "p",
    }
    assert {tag for tag, _ in cells.tags} <= allowed
    for _, attributes in cells.tags:
        assert set(attributes) <= {"class", "id", "tabindex", "role", "aria-label", "data-csv", "scope", "dir"}
    assert ("bdi", {}) in cells.tags, "a name cannot turn the direction of what follows"
    html = as_html(table).encode()  # which half a surrogate pair would refuse
    assert b"\x00" not in html and b"\x07" not in html

    rows = read_csv(as_csv(table).encode().decode())
    assert len(rows) == 2 and len(rows[1]) == 4
    if "\x00" not in name and "\ud800" not in name:
        assert csv_text_read(rows[1][0]) == name.replace("\r\n", "\n")

    lines = as_markdown(table).encode().decode().splitlines()
    row = next(line for line in lines if line.endswith("| 1 |"))
    assert row.replace("\\|", "").count("|") == 5, "neither a line break nor a bar ends the row or a cell"
    assert "<" not in row and "\u202e" not in row


def test_markdown_escapes_what_would_be_markup() -> None:
    assert markdown("*a* _b_ `c` <d> [e](f) & \\") == r"\*a\* \_b\_ \`c\` &lt;d&gt; \[e\](f) &amp; \\"


def test_changed_words_are_marked_in_each_format() -> None:
    marked = Marked((("same", "the "), ("removed", "old one"), ("added", "new"), ("same", " end")))
    table = Table("texts", "Texts", (Column("text", "Text"),), ((marked,),))
    assert read_csv(as_csv(table))[1] == ["the [-old one-]{+new+} end"]
    assert "the <del>old one</del><ins>new</ins> end" in as_html(table)
    assert marked_markdown(marked) == "the ~~old one~~**new** end"
    assert marked_markdown(Marked((("same", "a"), ("added", " b "), ("same", "c")))) == "a **b** c"


def test_campaigns_get_a_column_where_there_are_several() -> None:
    campaigns: list[Any] = [SimpleNamespace(name="first"), SimpleNamespace(name="second")]
    rows = [(campaigns[0], SimpleNamespace(n=1, m=3)), (campaigns[1], SimpleNamespace(n=2, m=4))]
    columns = (Column("n", "n"), Column("twice", "Twice m", cell=lambda row: 2 * row.m))
    several = table_of(campaigns, "t", "T", columns, rows)
    assert [column.key for column in several.columns] == ["campaign", "n", "twice"]
    assert several.rows == (("first", 1, 6), ("second", 2, 8))
    assert table_of(campaigns[:1], "t", "T", columns, rows).rows == ((1, 6), (2, 8))


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1+1", "-1", "@SUM(1)", "\t=1+1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"),
        *(" =1", '"=1', "'=1", " '\"=1", "\u00a0=1", "\ufeff=1", "\u200b=1"),
        *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM", "\u22121", "\ufe62" + "1"),
        *("a; =b", "a;=b", "a\n=b", "a\t=b", "a\r\n@b"),
    ],
)
def test_what_a_spreadsheet_could_run_is_neutralised_and_can_be_read_back(text: str) -> None:
    """OWASP, CSV injection: no cell, by whatever a program takes for a separator, starts with a formula."""
    columns = (Column("label", "Label"), Column("names", "Names"), Column("text", "Text"), Column("n", "n", 1))
    marked = Marked((("removed", text), ("added", text)))
    table = Table("names", "Names", columns, ((text, Names((text, text)), marked, -1.5),))
    header, row = read_csv(as_csv(table))
    assert header == ["label", "names", "text", "n"]
    assert row[3] == "-1.5", "numbers stay numbers"
    assert row[0].startswith("'") or text[0] not in "=+-@\t\r\n"
    for cell in row[:3]:
        for part in re.split("[;\t\r\n]", cell):
            assert not part.lstrip(' "\u00a0\ufeff\u200b').startswith(
                tuple("=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62")
            ), cell
    assert csv_text_read(row[0]) == text.replace("\r\n", "\n")


@given(st.text(alphabet="=+-@'\"; \t\r\na1\uff1d\u2212", max_size=12))
def test_reading_back_gives_the_same_text(text: str) -> None:
    assert csv_text_read(csv_text(text)) == text
