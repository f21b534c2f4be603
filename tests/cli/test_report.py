"""`textattack-xmtc report`: what it prints, writes, refuses, and with which exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.campaign_folders import read_lines, write_campaign, write_lines
from textattack_xmtc.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("report") / "small", samples_per_bin=40)


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the writing, which has tests of its own."""
    monkeypatch.setattr(
        "textattack_xmtc.results.export.report.write_report", lambda campaigns, out, *_: f"{out}/report.html"
    )


def report(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[Any, Any, Any]:
    """The exit status, standard output and standard error of the command."""
    status = main(["report", *map(str, arguments)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def successes_of(folder: Path, name: str, bin_number: Any) -> tuple[Any, Any]:
    """Successes and n of a model on a bin, one `if` at a time; n is what was attacked."""
    successes = n = 0
    for row in read_lines(folder / "records" / f"{name}.jsonl"):
        if bin_number is not None and row["bin"] != bin_number:
            continue
        if row["outcome"] in ("succeeded", "failed"):
            n += 1
            successes += row["outcome"] == "succeeded" and row["change_rate"] <= 0.1
    return successes, n


def test_a_report_is_written_beside_the_campaign(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = report(capsys, folder)
    assert status == 0
    first, second, third, last = out.splitlines()
    assert first.startswith("Changing at most 10% of the words removes a correct tail label from the top 5 in ")
    assert "the whole text stays similar (cosine above 0.8" in second
    assert third.startswith("pw-cb, same samples: tail ") and "wrong without an attack, and these are not in n" in third
    assert last == f"report: {folder / 'report' / 'report.html'}"
    assert (folder / "report" / "tables" / "by-bin.csv").is_file()
    assert "xmtc: small: Not in n, plain: " in err


def test_the_family_of_the_data(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, folder, "--family", "amazon", "--out", tmp_path)[0] == 0
    assert "A = 0.6, B = 2.6" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_place_can_be_chosen_and_several_campaigns_need_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_campaign(tmp_path / "other", samples_per_bin=2, models=("plain",))
    status, _, err = report(capsys, folder, other)
    assert status == 2 and "a report on 2 campaigns needs a folder; give --out FOLDER" in err
    status, out, _ = report(capsys, folder, other, folder, "--out", tmp_path / "out")
    assert status == 0 and out.count("Changing at most") == 2, "the same folder twice is one campaign"
    assert (tmp_path / "out" / "report.md").is_file() and not (other / "report").exists()


@pytest.mark.usefixtures("no_page")
class TestGate:
    @pytest.mark.parametrize(
        ("name", "number", "label"),
        [
            ("tail", 0, "label frequency 1 to 2 (tail)"),
            ("head", 4, "label frequency 41 to 400 (head)"),
            ("2", 2, "label frequency 6 to 12"),
            ("all", None, "all labels"),
        ],
    )
    def test_the_rate_decides(
        self, folder: Path, capsys: pytest.CaptureFixture[str], name: str, number: int | None, label: str
    ) -> None:
        rates = {model: successes_of(folder, model, number) for model in ("plain", "pw-cb")}
        shares = sorted(successes / n for successes, n in rates.values())
        status, out, _ = report(capsys, folder, "--max-success-rate", shares[1] + 1e-6, "--bin", name)
        assert status == 0 and out.count("pass: ") == 2 and "FAIL" not in out
        status, out, _ = report(capsys, folder, "--max-success-rate", (shares[0] + shares[1]) / 2, "--bin", name)
        assert status == 1 and out.count("pass: ") == out.count("FAIL: ") == 1, "one model above is enough"
        for model, (successes, n) in rates.items():
            line = next(line for line in out.splitlines() if f"small, {model}, {label}: " in line)
            assert f"success rate {successes / n:.0%} (" in line and f"n = {n}; " in line
            assert re.search(r"\(\d+ to \d+%\)", line)

    def test_a_rate_at_the_limit_passes(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = write_campaign(tmp_path / "small", samples_per_bin=12, models=("plain",))
        path = folder / "records" / "plain.jsonl"
        done = [row for row in read_lines(path) if row["outcome"] in ("succeeded", "failed")]
        rows = [row | {"outcome": "succeeded", "change_rate": 0.05} for row in done[:30]]
        write_lines(path, [*rows, *(row | {"outcome": "failed"} for row in done[30:40])])
        assert report(capsys, folder, "--max-success-rate", 0.75)[0] == 0
        assert report(capsys, folder, "--max-success-rate", 0.74)[0] == 1

    def test_without_a_bin_all_labels_count(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "all labels" in report(capsys, folder, "--max-success-rate", 1)[1]

    @pytest.mark.parametrize("limit", ["1.5", "-0.1", "nan"])
    def test_a_limit_that_is_no_share_is_refused(
        self, folder: Path, capsys: pytest.CaptureFixture[str], limit: str
    ) -> None:
        status, _, err = report(capsys, folder, f"--max-success-rate={limit}")
        assert status == 2 and "must be a share between 0 and 1; give 0.6" in err

    @pytest.mark.parametrize("name", ["5", "rare", "-1", "1.0", "²"])
    def test_a_bin_that_is_not_there_is_refused(
        self, folder: Path, capsys: pytest.CaptureFixture[str], name: str
    ) -> None:
        status, _, err = report(capsys, folder, "--max-success-rate", "0.5", f"--bin={name}")
        assert status == 2 and f"unknown bin {name}: " in err and "a number from 0 to 4" in err

    def test_the_old_name_gives_the_same_status_and_says_so(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for limit in ("0", "1"):
            expected, out, _ = report(capsys, folder, "--max-success-rate", limit)
            status, old_out, err = report(capsys, folder, "--fail-over", limit)
            assert (status, old_out) == (expected, out) and expected == int(limit == "0")
            assert "--fail-over is deprecated; use --max-success-rate" in err

    @pytest.mark.parametrize("kept", [0, 29, 30])
    def test_fewer_than_30_attacked_samples_decide_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: int
    ) -> None:
        folder = write_campaign(tmp_path / "small", samples_per_bin=40, models=("plain",))
        path = folder / "records" / "plain.jsonl"
        rows = read_lines(path)
        tail = [row for row in rows if row["bin"] == 0 and row["outcome"] in ("succeeded", "failed")]
        write_lines(path, [*tail[:kept], *(row for row in rows if row["bin"] != 0)])
        status, out, err = report(capsys, folder, "--max-success-rate", 1, "--bin", "tail")
        assert status == (0 if kept == 30 else 2)
        if kept < 30:
            assert f"n = {kept} attacked samples are too few: a gate needs 30 or more" in out
            assert "cannot say: small, plain, label frequency 1 to 2 (tail)" in out
            assert "the gate cannot be decided on plain" in err and "--samples-per-bin" in err
        assert report(capsys, folder, "--max-success-rate", 1, "--bin", "1")[0] == 0

    def test_one_bin_has_no_tail_to_judge(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = write_campaign(tmp_path / "small", samples_per_bin=40, models=("plain",))
        (folder / "bins.json").write_text(
            json.dumps([{"bin": 0, "from": 1, "to": 162, "labels": 8, "right": 300, "drawn": 200}])
        )
        for file in (folder / "samples.jsonl", folder / "records" / "plain.jsonl"):
            write_lines(file, [row | {"bin": 0} for row in read_lines(file)])
        for name in ("tail", "head"):
            status, _, err = report(capsys, folder, "--max-success-rate", "0.6", "--bin", name)
            assert status == 2 and "has one bin, 1 to 162 training texts a label" in err and "--labels-per-bin" in err
        assert report(capsys, folder, "--max-success-rate", 1, "--bin", "all")[0] == 0

    def test_what_a_model_gets_wrong_before_is_apart_and_no_success(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """64 of 75 samples are wrong before: the rate is of the other 11, which are too few for a gate."""
        folder = write_campaign(tmp_path / "small", samples_per_bin=15)
        path = folder / "records" / "pw-cb.jsonl"
        rows = read_lines(path)
        wrong = {"outcome": "skipped", "reason": "wrong before", "after": None}
        failed = {"outcome": "failed", "reason": "words", "after": rows[0]["before"], "before": rows[0]["before"]}
        write_lines(path, [row | (wrong if place < 64 else failed) for place, row in enumerate(rows)])
        status, out, _ = report(capsys, folder, "--max-success-rate", 0.9)
        line = next(line for line in out.splitlines() if line.startswith("cannot say: small, pw-cb"))
        assert status == 2 and "success rate 0% (0 to 26%)" in line
        assert "64 of 75 samples that the model gets wrong without an attack" in line
        assert "of the 11 samples that it was attacked on; it gets 64 of 75 (85%) wrong" in out

    def test_a_failure_counts_more_than_what_cannot_be_decided(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = write_campaign(tmp_path / "small", samples_per_bin=12)
        path = folder / "records" / "pw-cb.jsonl"
        write_lines(path, read_lines(path)[:5])
        status, out, _ = report(capsys, folder, "--max-success-rate", 0)
        assert status == 1 and "FAIL: small, plain" in out and "cannot say: small, pw-cb" in out


@pytest.mark.usefixtures("no_page")
@pytest.mark.parametrize(("limit", "status"), [(0.0, 1), (1.0, 0), (None, 2)])
def test_the_conditions_of_a_gate_file_decide(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: float | None, status: int
) -> None:
    successes, n = successes_of(folder, "plain", None)
    gate = tmp_path / "gate.toml"
    gate.write_text(f"[vulnerability]\nall = {successes / n + 0.01 if limit is None else limit}\nhead = 1")
    shown = report(capsys, folder, "--gate", gate)
    assert shown[0] == status and shown[1].count("pass: small, ") == (4 if limit == 1.0 else 2 if limit == 0.0 else 3)
    if limit is None:
        assert "cannot say: small, plain, vulnerability, all labels: " in shown[1]
        assert "the gate cannot be decided on plain, vulnerability, all labels" in shown[2]
    assert report(capsys, folder, "--gate", tmp_path / "no.toml")[0] == 2


def test_exports_lie_beside_the_page_and_a_later_report_removes_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    formats = [f"--export={name}" for name in ("textattack-csv", "junit", "parquet")]
    assert report(capsys, folder, "--out", tmp_path, *formats, "--max-success-rate", 0)[0] == 1
    names = {path.name for path in (tmp_path / "exports").iterdir()}
    assert names == {"textattack-plain.csv", "textattack-pw-cb.csv", "junit.xml", "records.parquet"}
    root = ET.parse(tmp_path / "exports" / "junit.xml").getroot()
    assert int(root.get("failures")) == 2, "the gate's bin of each model, and no other"
    assert report(capsys, folder, "--out", tmp_path)[0] == 0
    assert not list((tmp_path / "exports").iterdir())


def test_an_export_needs_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [write_campaign(tmp_path / name, samples_per_bin=4, models=(name,)) for name in ("plain", "pw-cb")]
    status, _, err = report(capsys, "--compare", *folders, "--export", "junit")
    assert status == 2 and "--export has no folder to write to; give --out FOLDER" in err


@pytest.mark.usefixtures("no_page")
class TestCompare:
    def test_two_models_of_a_campaign(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        status, out, _ = report(capsys, folder, "--compare", "plain", "pw-cb")
        assert status == 0
        assert "plain and pw-cb, all samples that plain gets right" in out
        assert "plain and pw-cb, samples that both models get right" in out
        assert len([line for line in out.splitlines() if line.startswith("1 to 2 (tail)")]) == 4
        assert "McNemar's p" in out and "report: " in out

    def test_two_folders_print_the_same_and_write_nothing(
        self, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folders = [write_campaign(tmp_path / name, samples_per_bin=40, models=(name,)) for name in ("plain", "pw-cb")]
        status, apart, _ = report(capsys, "--compare", *folders)
        assert status == 0 and "report: " not in apart
        _, together, _ = report(capsys, folder, "--compare", "plain", "pw-cb")
        assert apart.splitlines()[1:14] == together.splitlines()[1:14]
        assert "report: " in report(capsys, "--compare", *folders, "--out", tmp_path / "out")[1]

    def test_models_of_one_name_are_called_after_their_folders(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folders = [write_campaign(tmp_path / name, samples_per_bin=4, models=("tagger",)) for name in ("old", "new")]
        _, out, _ = report(capsys, "--compare", *folders)
        assert "old and new, all samples" in out and "Success on old (%)" in out

    def test_what_cannot_be_compared_is_refused(
        self, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = write_campaign(tmp_path / "other", samples_per_bin=3, models=("plain",), seed=1)
        third = write_campaign(tmp_path / "third", samples_per_bin=4, models=("pw-cb",))
        for arguments, message in (
            ((folder, "--compare", "plain", "pw"), "no campaign has both models 'plain' and 'pw'"),
            (("--compare", "plain", "pw-cb"), "plain does not exist; give two campaign folders"),
            (("--compare", other, third), "different samples"),
            (("--compare", folder, other), "has 2 models (plain, pw-cb), and which to compare is not said"),
            (("--compare", other, other), "are the same folder"),
        ):
            status, _, err = report(capsys, *arguments)
            assert status == 2 and message in err


def test_a_comparison_that_the_report_has_not_comes_into_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, folder, "--compare", "pw-cb", "plain", "--out", tmp_path)
    assert (tmp_path / "tables" / "compared.csv").is_file()
    assert 'data-csv="compared.csv"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_no_campaign_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = report(capsys, tmp_path)
    assert status == 2 and "is not the folder of a campaign: it has no campaign.json" in err
    status, _, err = report(capsys)
    assert status == 2 and "no campaign is given; name the folder" in err
    empty = write_campaign(tmp_path / "empty", samples_per_bin=2)
    for path in (empty / "records").iterdir():
        path.unlink()
    status, _, err = report(capsys, empty)
    assert status == 2 and "has no records yet: no sample has been attacked" in err
    assert not (empty / "report").exists()


def test_neither_torch_nor_textattack_is_loaded(folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from textattack_xmtc.cli.main import main; status = main(sys.argv[1:]);"
        "print(sorted({'torch', 'textattack', 'transformers', 'datasets', 'scipy.stats'} & set(sys.modules)));"
        "sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "report", str(folder), "--out", str(tmp_path), "--max-success-rate", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_bin_without_a_limit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = report(capsys, "absent", "--bin", "tail")
    assert status == 2 and "--bin tail would change nothing; give --max-success-rate as well" in err
