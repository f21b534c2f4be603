"""`judge` on a campaign folder from elsewhere: what it writes, what it runs, and what it reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaign.test_foreign_folders import OLD, PRECIOUS, change, outside
from textattack_xmtc.cli.main import main
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.judges.person import Item, digest_of, keep_items, kept_items, write_page
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.judgements import ADVERSARIAL, Judgement, read_judgements, write_judgement

ITEMS = [Item("t0001", Case(0, ADVERSARIAL, "a text", 0, 1, model="plain"))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(OLD, tmp_path / "here")
    (tmp_path / "own").mkdir()
    for name in ("own/person.json", "own/page.html", "own/judge-a.json"):
        (tmp_path / name).write_bytes(PRECIOUS)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "here" / "transfers"


def linked(folder: Path, link: str) -> None:
    private = folder.parents[1] / "own"
    if link == "judges":
        (folder / "judges").symlink_to(private)
    else:
        (folder / "judges").mkdir(exist_ok=True)
        (folder / "judges" / link).symlink_to(private / link)


WRITERS: dict[str, Callable[[Path], object]] = {
    "person.json": lambda folder: keep_items(ITEMS, folder),
    "judge-a.json": lambda folder: write_judgement(folder, Judgement("a", None, ())),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("through", ["judges", "the file"])
def test_nothing_is_written_through_a_link(folder: Path, name: str, through: str) -> None:
    linked(folder, "judges" if through == "judges" else name)
    before = outside(folder.parent)
    with pytest.raises(Exception, match="is a symbolic link out of"):
        WRITERS[name](folder)
    assert outside(folder.parent) == before


@pytest.mark.parametrize("link", ["judges", "page.html", "person.json"])
def test_a_page_is_not_written_through_a_link(folder: Path, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textattack_xmtc.cli.judge._cases", lambda arguments: (read_campaign(folder), None, cases()))
    linked(folder, link)
    before = outside(folder.parent)
    assert main(["judge", "make", str(folder), "--n", "1"]) == 2
    assert outside(folder.parent) == before


def cases() -> list[Case]:
    kinds = ("adversarial", "preserving", "removed")
    return [Case(number, kind, f"text {number} {kind}", 0, 1, model="plain") for number in range(9) for kind in kinds]


def test_a_page_that_is_named_takes_the_place_of_a_link(folder: Path) -> None:
    page = folder.parent / "page.html"
    page.symlink_to(folder.parents[1] / "own" / "page.html")
    write_page(ITEMS, ["tea"], page)
    assert not page.is_symlink() and "a text" in page.read_text()
    assert (folder.parents[1] / "own" / "page.html").read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", ["../own/x", "a/b", "nul"])
def test_a_judgement_is_written_into_its_folder_whatever_the_judge_is_called(folder: Path, name: str) -> None:
    before = outside(folder.parent)
    file = write_judgement(folder, Judgement(name, None, ()))
    assert file.parent == folder / "judges" and outside(folder.parent) == before


@pytest.mark.parametrize("link", ["judges", "person.json"])
def test_what_a_page_asks_is_read_from_its_folder_only(folder: Path, link: str) -> None:
    private = folder.parents[1] / "own" / "person.json"
    private.write_text(json.dumps({"format": 1, "digest": digest_of(ITEMS), "items": []}))
    linked(folder, link)
    with pytest.raises(Exception, match="is a symbolic link out of"):
        kept_items(folder)
    assert main(["judge", "add", str(folder), "answers.json"]) == 2


@pytest.mark.parametrize("name", ["judge-a.json", "judges"])
def test_judgements_are_read_from_their_folder_only(folder: Path, name: str) -> None:
    linked(folder, name)
    with pytest.raises(Exception, match="is a symbolic link out of"):
        read_judgements(folder)


@pytest.mark.parametrize("where", ["data", "evidence_names", "model"])
def test_judge_runs_no_file_that_the_folder_names(folder: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    evil, done = folder.parent / "evil.py", folder.parents[1] / "done"
    evil.write_text(f"open({str(done)!r}, 'w')\nmodel = data = dataset = None\n")
    if where == "model":
        change(folder / "campaign.json", lambda facts: facts["models"][0].update(folder=str(evil)))
    else:
        change(folder / "campaign.json", lambda facts: facts["settings"].update({where: str(evil)}))
    for command in (["run", str(folder), "--judge", "nearest:embedded"], ["make", str(folder)]):
        data = [] if where == "data" else ["--data", str(folder.parent / "data")]
        assert main(["judge", *command, *data]) in (0, 1, 2)
    assert not done.exists()
