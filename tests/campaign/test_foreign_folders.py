"""Campaign folders from elsewhere: nothing outside them is written, and no code is run that no command line named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.cli.main import main
from textattack_xmtc.errors import DataError, InputError, XMTCError
from textattack_xmtc.results.export.report import write_report
from textattack_xmtc.results.folder import read_campaign

OLD = Path(__file__).parents[1] / "data" / "2d1e65e"
PRECIOUS = b'{"precious": 1}\n{"pre'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models and campaigns from elsewhere, in the working folder, beside files of the user's own."""
    shutil.copytree(OLD, tmp_path / "here")
    for name in ("precious.jsonl", "here/precious.jsonl", "folder.jsonl"):
        (tmp_path / name).write_bytes(PRECIOUS)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "plain.jsonl").write_bytes(PRECIOUS)
    (tmp_path / "own" / "report.md").write_bytes(PRECIOUS)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "here"


def outside(here: Path) -> dict[str, bytes]:
    """All files but those of the campaigns and the cache."""
    root = here.parent
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    campaigns = [root / "cache", *(here / name for name in ("folder", "file", "half", "transfers"))]
    return {str(path): path.read_bytes() for path in files if not any(path.is_relative_to(c) for c in campaigns)}


def change(file: Path, changed: Callable[[Any], object]) -> None:
    value = json.loads(file.read_text())
    changed(value)
    file.write_text(json.dumps(value))


def unfinished(out: Path) -> None:
    for file in [*(out / "records").iterdir()]:
        file.write_bytes(file.read_bytes().splitlines(keepends=True)[0] + b'{"cut o')


# Names ----------------------------------------------------------------------------------------------------------------

NAMES = ["../../precious", "../precious", "/tmp/xmtc-precious", "..\\..\\precious", "a/../../precious", "nul", "p\x00"]


@pytest.mark.parametrize("name", [*NAMES, "x" * 300, "..", "", None, 3], ids=repr)
@pytest.mark.parametrize("where", ["model", "transfer"])
def test_a_name_that_leads_out_of_the_folder(here: Path, name: object, where: str) -> None:
    out = here / "transfers"
    unfinished(out)
    if where == "model":
        change(out / "campaign.json", lambda facts: facts["models"][0].update(name=name))
    else:
        change(out / "transfer.json", lambda facts: facts[0].update(name=name))
    before, kept = outside(here), (out / "records" / "plain.jsonl").read_bytes()
    for tried in (lambda: run_campaign(out, {}, resume=True), lambda: read_campaign(out)):
        with pytest.raises(XMTCError):
            tried()
    assert outside(here) == before
    assert (out / "records" / "plain.jsonl").read_bytes() == kept, "names are checked before anything is repaired"
    assert not Path("/tmp/xmtc-precious.jsonl").exists()


@pytest.mark.parametrize("folder", ["a\x00b.py", "a" * 300 + ".py", "a" * 300, None, 3])
def test_a_model_that_can_be_none(here: Path, folder: object) -> None:
    for file, position in (
        ("campaign.json", lambda facts: facts["models"][0]),
        ("transfer.json", lambda facts: facts[0]),
    ):
        out = here / "transfers"
        shutil.rmtree(out)
        shutil.copytree(OLD / "transfers", out)
        unfinished(out)
        change(out / file, lambda facts, position=position: position(facts).update(folder=folder))
        with pytest.raises(XMTCError):
            run_campaign(out, {}, resume=True)


def test_a_hard_link_to_a_file_elsewhere_is_not_cut(here: Path) -> None:
    file = here / "transfers" / "records" / "plain.jsonl"
    file.unlink()
    file.hardlink_to(here.parent / "own" / "plain.jsonl")
    before = outside(here)
    with pytest.raises(XMTCError):
        run_campaign(here / "transfers", {}, resume=True)
    assert outside(here) == before


@pytest.mark.parametrize("names", [("plain", "plain"), ("plain", "PLAIN")], ids=str)
def test_two_models_with_one_file(here: Path, names: tuple[str, str]) -> None:
    out = here / "half"
    unfinished(out)

    def rename(facts: Any) -> None:
        for model, name in zip(facts["models"], names, strict=True):
            model["name"] = name

    change(out / "campaign.json", rename)
    with pytest.raises(DataError, match="can be one file"):
        run_campaign(out, {}, resume=True)


@pytest.mark.parametrize(
    "link",
    [
        "records/plain.jsonl",
        "records",
        "transfer/other.jsonl",
        "transfer",
        ".lock",
        ".campaign.json.new",
        "campaign.json",
    ],
)
@pytest.mark.parametrize("to", ["there", "not there"])
def test_links_out_of_the_folder(here: Path, link: str, to: str) -> None:
    out, private = here / "transfers", here.parent / "own"
    unfinished(out)
    (out / "transfer" / "other.jsonl").write_bytes(b"")
    change(out / "campaign.json", lambda facts: facts["versions"].update(numpy="0.1"))
    place = out / link
    if link == "campaign.json":
        shutil.move(place, private / "campaign.json")
        target = private / "campaign.json"
    else:
        target = private if "." not in link else private / ("plain.jsonl" if to == "there" else "new.jsonl")
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    if to == "not there" and "." not in link:
        target = private / "new"
    place.symlink_to(target)
    before = outside(here)
    try:
        run_campaign(out, {"models": ["plain"]}, resume=True, transfer_to=["victim.py"])
    except XMTCError:
        pass
    else:
        assert link in (".campaign.json.new", "campaign.json")
    assert outside(here) == before


def test_a_report_writes_into_its_folder_only(here: Path) -> None:
    out = here / "folder"
    (out / "report").mkdir()
    (out / "report" / "files.json").write_text(json.dumps({"../../precious.jsonl": "0", "/etc/hostname": "0"}))
    before = outside(here)
    write_report([read_campaign(out)], out / "report")
    assert outside(here) == before


@pytest.mark.parametrize("link", ["report", "report/tables", "report/report.md", "report/.report.md.new"])
def test_a_report_writes_through_no_link(here: Path, link: str) -> None:
    place = here / "folder" / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(here.parent / "own" / ("" if "." not in link else "report.md"))
    before = outside(here)
    status = main(["report", "folder"])
    assert outside(here) == before and (status == 0) == (link == "report/.report.md.new")


# Code -----------------------------------------------------------------------------------------------------------------


def evil(file: Path) -> Path:
    """A Python file that leaves a trace where it is run."""
    file.write_text(f"import pathlib\npathlib.Path({str(file.with_suffix('.ran'))!r}).touch()\nmodel = None\n")
    return file.with_suffix(".ran")


def names_evil(here: Path, where: str) -> tuple[Path, Path]:
    """A campaign from elsewhere that names a Python file, with the right fingerprint; and the trace of the file."""
    from textattack_xmtc.workdir.provenance import fingerprint

    out = here / "transfers"
    trace = evil(here / "evil.py")
    facts = {"name": "evil", "folder": "evil.py", "fingerprint": fingerprint(here / "evil.py")}
    if where == "a transfer":
        (out / "transfer" / "other.jsonl").unlink()
        change(out / "transfer.json", lambda listed: listed.append({**listed[0], **facts}))
        return out, trace
    (out / "records" / "plain.jsonl").write_bytes(b"")
    (out / "transfer" / "other.jsonl").write_bytes(b"")
    (out / "transfer" / "victim.jsonl").write_bytes(b"")

    def changed(campaign: Any) -> None:
        if where == "the data":
            campaign["settings"] |= {"data": "evil.py", "candidate_source": "label-texts"}
        elif where == "the masked LM":
            campaign["settings"]["masked_lm"] = "evil.py"
            campaign["resolved"] |= {"masked_lm": "evil.py", "masked_lm_fingerprint": facts["fingerprint"]}
        elif where == "the encoder":
            campaign["resolved"]["encoder"] = "sbert:evil"
        else:
            campaign["models"].append({**campaign["models"][0], **facts})
            campaign["settings"]["models"].append("evil.py")
            if where == "the reference model":
                campaign["settings"]["reference_model"], campaign["reference"] = "evil.py", "evil"
            if where == "samples to draw again":
                (out / "samples.jsonl").unlink()

    change(out / "campaign.json", changed)
    return out, trace


@pytest.mark.parametrize(
    "where",
    [
        "a model",
        "the reference model",
        "a transfer",
        "samples to draw again",
        "the data",
        "the masked LM",
        "the encoder",
    ],
)
def test_code_that_a_folder_names_is_not_run(here: Path, where: str) -> None:
    out, trace = names_evil(here, where)
    options: dict[str, Any] = {"models": ["plain"]} if where in ("the data", "the masked LM", "the encoder") else {}
    with pytest.raises((XMTCError, OSError)):
        run_campaign(out, options, resume=True)
    assert not trace.exists()
    assert main(["campaign", "--out", str(out), "--resume"]) == 2 and not trace.exists()


def test_the_message_has_the_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, trace = names_evil(here, "a model")
    assert main(["campaign", "--out", "transfers", "--resume"]) == 2
    printed = capsys.readouterr().err
    assert "runs 'evil.py', and no command line has named it; look at it, and name it if you trust it: " in printed
    command = printed.strip().rpartition("textattack-xmtc ")[2].split()
    models = ["--model", "plain", "--model", "evil.py", "--transfer-to", "victim.py"]
    assert command == ["campaign", "--out", "transfers", "--resume", *models]
    assert not trace.exists()
    assert main(command) == 2
    assert trace.exists(), "named, it is run"


def test_whoever_named_a_file_need_not_name_it_again(here: Path) -> None:
    file = here / "file" / "records" / "victim.jsonl"
    unfinished(here / "file")
    assert run_campaign("file", {"models": ["victim.py"]}, resume=True)
    unfinished(here / "file")
    assert run_campaign("file", {}, resume=True), "in this process and cache it was named"
    assert len(file.read_bytes().splitlines()) == 6


@pytest.mark.parametrize("differs", ["the campaign", "the file", "the place"])
def test_what_was_named_is_one_file_for_one_campaign(here: Path, differs: str) -> None:
    unfinished(here / "file")
    assert run_campaign("file", {"models": ["victim.py"]}, resume=True)
    out = here / "file"
    if differs == "the campaign":
        shutil.copytree(out, here / "copy")
        out = here / "copy"
    elif differs == "the file":
        (here / "victim.py").write_text((here / "victim.py").read_text() + "\n# another\n")
    else:
        shutil.copy("victim.py", "copied.py")
        change(out / "campaign.json", lambda facts: facts["models"][0].update(folder="copied.py"))
    unfinished(out)
    with pytest.raises(InputError, match=r"no command line has named it|has changed since a command line named it"):
        run_campaign(out, {}, resume=True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"campaign": 3, "code": []}', b"\xff"])
def test_a_damaged_list_of_named_files_names_nothing(
    here: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textattack_xmtc.campaign import named_code

    unfinished(here / "file")
    assert run_campaign("file", {"models": ["victim.py"]}, resume=True)
    (kept,) = (here.parent / "cache").rglob("named-code/*.json")
    kept.write_bytes(content)
    monkeypatch.setattr(named_code, "_named_here", {})
    unfinished(here / "file")
    with pytest.raises(InputError, match="no command line has named it"):
        run_campaign("file", {}, resume=True)


def test_a_finished_campaign_runs_nothing(here: Path) -> None:
    assert run_campaign("file", {}, resume=True)
