"""A whole report on the disk: its files, the page as a document, and that the page needs nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas  # type: ignore[import-untyped]
import pytest

from tests.toolkit.campaign_folders import make_by_label, read_lines, write_campaign, write_lines
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.export.report import write_report
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import headline

VOID = {"meta", "link", "br", "img", "input", "hr"}
EVIL = "</p><script>alert(1)</script><img src=http://evil.example/x.png onerror=alert(2)> & \x00 \u202e"


class Page(HTMLParser):
    """Checks that tags are closed in their order; keeps attributes, ids, and the text of the cells of each table."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "table":
            self.tables[dict(attrs)["data-csv"]] = []
        if tag == "tr":
            list(self.tables.values())[-1].append([])
        if tag in ("td", "th"):
            list(self.tables.values())[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: Any) -> None:
        self.text += data
        if "td" in self.open or "th" in self.open:
            list(self.tables.values())[-1][-1][-1] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose names and texts try to be markup."""
    folder = write_campaign(tmp_path_factory.mktemp("report") / "small", samples_per_bin=30)
    labels = json.loads((folder / "labels.json").read_text())
    labels["names"][:8] = [f"{EVIL}{number}" for number in range(8)]
    (folder / "labels.json").write_text(json.dumps(labels))
    for path in (folder / "samples.jsonl", folder / "records" / "plain.jsonl"):
        rows = read_lines(path)
        for row in rows:
            for key in ("text", "adversarial"):
                if row.get(key):
                    row[key] = f"<b onclick='x()'>bold</b> {row[key]} {EVIL}"
        write_lines(path, rows)
    return folder


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    write_report([read_campaign(folder)], folder / "report")
    return folder / "report"


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def numbers_of(text: str) -> list[Any]:
    """The numbers in a cell, as they are shown; none in one without a value."""
    return [float(number.replace(",", "")) for number in re.findall(r"-?\d[\d,]*\.?\d*", text.replace("\u2212", "-"))]


def check_tables(tables: Any, folder: Path) -> Any:
    """The cells of each table show the numbers of its CSV file, as far as they are shown; returns how many."""
    checked = 0
    for name, shown in tables.items():
        with (folder / name).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert len(shown) == len(rows) + 1 > 1, name
        for shown_row, row in zip(shown[1:], rows, strict=True):
            position = 0
            for cell in shown_row:
                width = 3 if header[position + 1 : position + 2] == [f"{header[position]}_low"] else 1
                values = row[position : position + width]
                position += width
                try:
                    expected = [float(value) for value in values if value]
                except ValueError:
                    continue  # a cell of words
                numbers = numbers_of(cell)
                digits = [len(number.partition(".")[2]) for number in re.findall(r"\d[\d,]*\.?\d*", cell)]
                assert len(numbers) == len(expected), (name, cell, values)
                for one, other, places in zip(numbers, expected, digits, strict=True):
                    assert one == pytest.approx(other, abs=0.501 * 10**-places), (name, cell, values)
                    checked += 1
            assert position == len(header), name
    return checked


def test_the_files(out: Path) -> None:
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert {"report.html", "report.md", "tables/by-bin.csv", "tables/positive-success.csv"} <= names
    assert {"figures/figure-1-label-frequencies.svg", "figures/figure-1-label-frequencies.png"} <= names
    assert not [name for name in names if "partial" in name]


def test_the_page_is_a_document_in_good_order(page: str) -> None:
    parsed = Page(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    anchors = [value[1:] for tag, name, value in parsed.attributes if tag == "a" and name == "href"]
    assert anchors and set(anchors) <= set(parsed.ids)
    headings = re.findall(r"<h(\d)", page)
    assert headings[0] == "1" and headings.count("1") == 1
    assert page.count("<caption>") == len(parsed.tables) == page.count("<table")
    assert page.count("<figure ") == page.count("<figcaption>") == page.count('role="img"') == 6
    assert 'scope="col"' in page and 'scope="row"' in page


def test_the_finding_comes_first_with_its_curve_and_examples(folder: Path, page: str) -> None:
    text = Page(page).text
    assert headline(read_campaign(folder)) in text
    first_screen = page[: page.index("<nav")]
    assert "<svg" in first_screen and first_screen.count("<article") == 5
    assert "<del>" in first_screen and "<ins>" in first_screen and "rank 1 → 7" in first_screen


def test_the_tables_hold_the_numbers_of_the_csv_files(out: Path, page: str) -> None:
    tables = Page(page).tables
    assert set(tables) == {path.name for path in (out / "tables").iterdir()}
    assert check_tables(tables, out / "tables") > 400


def test_the_page_asks_for_nothing(page: str) -> None:
    parsed = Page(page)
    for tag, name, value in parsed.attributes:
        if name in ("src", "srcset", "href", "xlink:href", "action", "data", "poster"):
            assert value.startswith("#") or value == "data:,", (tag, name, value)
        assert not name.startswith("on"), (tag, name)
    tags = set(re.findall(r"<([a-z]+)", page))
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "video", "audio", "base"}
    styles = " ".join(re.findall(r"<style>.*?</style>", page, re.S) + re.findall(r'style="[^"]*"', page))
    assert "@import" not in styles and "@font-face" not in styles
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    assert "default-src 'none'" in page


def test_names_and_texts_from_the_data_are_text(page: str, out: Path) -> None:
    assert "evil.example" in Page(page).text, "the names are shown"
    assert "\x00" not in page
    assert "<script" not in (out / "report.md").read_text(encoding="utf-8")


def test_the_page_does_its_themes_and_widths_without_scripts(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page


def test_markdown_holds_the_finding_the_tables_and_the_figures(folder: Path, out: Path) -> None:
    text = (out / "report.md").read_text(encoding="utf-8")
    assert f"**{headline(read_campaign(folder))}**" in text
    assert "**Table 3. Success of positive-targeted attacks**" in text
    for target in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text):
        assert (out / target).is_file()
    assert text.count("](figures/") == 6


def test_the_same_campaign_gives_the_same_report(folder: Path, out: Path, tmp_path: Path) -> None:
    write_report([read_campaign(folder)], tmp_path)
    for path in out.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(out)).read_bytes() == path.read_bytes(), path.name


def test_what_lies_in_the_folder_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "report.html").write_text("an older one")
    path = write_report([read_campaign(folder)], tmp_path)
    assert path == tmp_path / "report.html" and "<svg" in path.read_text(encoding="utf-8")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_files_of_an_earlier_report_are_replaced_and_no_others(tmp_path: Path) -> None:
    """The first report has a second model and thresholds; the second one has neither its tables nor its figures."""
    both = read_campaign(write_campaign(tmp_path / "both", samples_per_bin=4))
    one = read_campaign(write_campaign(tmp_path / "one", samples_per_bin=4, models=("plain",)))
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    write_report([both], out)
    (out / "tables" / "mine.csv").write_text("my own")
    (out / "tables" / "defence-1.csv").write_text("what I made of it")
    assert (out / "tables" / "defence-1-both-right.csv").exists()
    write_report([one], out)
    write_report([one], fresh)
    names = {str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file()}
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == names | {"tables/mine.csv", "tables/defence-1.csv"}
    assert (out / "tables" / "defence-1.csv").read_text() == "what I made of it"
    assert (out / "files.json").read_bytes() == (fresh / "files.json").read_bytes()
    assert set(json.loads((out / "files.json").read_text())) == names - {"files.json"}


@pytest.mark.parametrize(
    "listed", ["[]", "no JSON", '{"../precious.txt": "DIGEST", "notes.txt": "DIGEST", "tables/..": 3}']
)
def test_a_list_of_files_that_was_tampered_with_removes_nothing_else(folder: Path, tmp_path: Path, listed: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for file in (tmp_path / "precious.txt", out / "notes.txt"):
        file.write_text("precious")
    (out / "files.json").write_text(listed.replace("DIGEST", hashlib.sha256(b"precious").hexdigest()[:16]))
    write_report([read_campaign(folder)], out)
    assert (tmp_path / "precious.txt").read_text() == (out / "notes.txt").read_text() == "precious"
    assert "report.html" in json.loads((out / "files.json").read_text())


def test_a_place_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"the report cannot be written to .*file.*; choose a folder by --out"):
        write_report([read_campaign(folder)], tmp_path / "file")


@pytest.mark.slow
def test_several_campaigns_on_one_page(folder: Path, tmp_path: Path) -> None:
    negative = write_campaign(tmp_path / "negative", samples_per_bin=6, goal="negative", models=("plain",))
    untargeted = write_campaign(tmp_path / "untargeted", samples_per_bin=6, goal="untargeted", pairs_per_text=2)
    write_report([read_campaign(one) for one in (folder, negative, untargeted)], tmp_path / "out")
    parsed = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert len(parsed.ids) == len(set(parsed.ids))
    assert check_tables(parsed.tables, tmp_path / "out" / "tables") > 400
    for words in (
        "removes a correct tail label",
        "brings a wrong tail label",
        "pushes a correct label out",
        "Table 4.",
    ):
        assert words in parsed.text


def test_a_preliminary_report_says_so(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path / "small", samples_per_bin=6)
    path = campaign / "records" / "plain.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    (campaign / "records" / "pw-cb.jsonl").unlink()
    write_report([read_campaign(campaign)], tmp_path / "out")
    text = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8")).text
    assert "Preliminary: of 30 samples, some are not attacked yet (plain 1, pw-cb 30 to go)." in text
    assert "The last line of records/plain.jsonl was cut off in writing and is left out." in text
    assert "pw-cb, same samples: not attacked yet." in text


def test_labels_have_a_page_that_can_be_searched(folder: Path, tmp_path: Path) -> None:
    """The report shows the first, that page and the files all of them; only the page's own script can run."""
    campaign = read_campaign(make_by_label(Path(shutil.copytree(folder, tmp_path / "small"))))
    out = write_report([campaign], tmp_path / "out", exports=["parquet"]).parent
    report, labels = ((out / name).read_text(encoding="utf-8") for name in ("report.html", "labels.html"))
    assert '<a href="labels.html">' in report and "<script" not in report
    assert re.search(r"training texts? · similarity 0\.\d\d · hangs on \S+ 60%, \S+ 10%", Page(report).text)
    page = Page(labels)
    assert check_tables(page.tables, out / "tables") > 100 and page.tables.keys() == {"labels.csv"}
    (script,) = re.findall(r"<script>(.*?)</script>", labels, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'" in labels
    assert EVIL[:20] not in labels and not re.search(r"[ (]https?:", labels)
    with (out / "tables" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    frame = pandas.read_parquet(out / "exports" / "labels.parquet")
    assert (
        len(frame) == len(rows) == len(page.tables["labels.csv"]) - 1 > 50 == len(Page(report).tables["labels.csv"]) - 1
    )
    assert frame["vulnerability"].tolist() == pytest.approx([float(row["vulnerability_percent"]) / 100 for row in rows])
    assert frame["label"].tolist()[0] in campaign.label_names
