"""`textattack-xmtc report`: what it prints, writes, refuses, and with which exit status."""

import re
import subprocess
import sys

import pytest

from tests.toolkit.campaign_folders import read_lines, write_campaign, write_lines
from textattack_xmtc.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_campaign(tmp_path_factory.mktemp("report") / "small", samples_per_bin=30)


@pytest.fixture
def no_page(monkeypatch):
    """Leaves out the writing, which has tests of its own."""
    monkeypatch.setattr(
        "textattack_xmtc.results.writing.write_report", lambda campaigns, out, tables, family: f"{out}/report.html"
    )


def report(capsys, *arguments):
    """The exit status, standard output and standard error of the command."""
    status = main(["report", *map(str, arguments)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def successes_of(folder, name, bin_number):
    """Successes and n of a model on a bin, one `if` at a time."""
    successes = n = 0
    for row in read_lines(folder / "records" / f"{name}.jsonl"):
        if bin_number is not None and row["bin"] != bin_number:
            continue
        wrong = row["reason"] == "wrong before" and name != "plain"
        if wrong or row["outcome"] in ("succeeded", "failed"):
            n += 1
            successes += wrong or (row["outcome"] == "succeeded" and row["change_rate"] <= 0.1)
    return successes, n


def test_a_report_is_written_beside_the_campaign(folder, capsys):
    status, out, err = report(capsys, folder)
    assert status == 0
    first, second, third = out.splitlines()
    assert first.startswith("Changing at most 10% of the words removes a correct tail label from the top 5 in ")
    assert "stays similar to the original (cosine above 0.8" in second
    assert third == f"report: {folder / 'report' / 'report.html'}"
    assert (folder / "report" / "tables" / "by-bin.csv").is_file()
    assert "xmtc: small: Not in n, plain: " in err


def test_the_family_of_the_data(folder, tmp_path, capsys):
    assert report(capsys, folder, "--family", "amazon", "--out", tmp_path)[0] == 0
    assert "A = 0.6, B = 2.6" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_place_can_be_chosen_and_several_campaigns_need_one(folder, tmp_path, capsys):
    other = write_campaign(tmp_path / "other", samples_per_bin=2, models=("plain",))
    status, _, err = report(capsys, folder, other)
    assert status == 2 and "a report on 2 campaigns has no place of its own; say where it goes by --out" in err
    status, out, _ = report(capsys, folder, other, folder, "--out", tmp_path / "out")
    assert status == 0 and out.count("Changing at most") == 2, "the same folder twice is one campaign"
    assert (tmp_path / "out" / "report.md").is_file() and not (other / "report").exists()


@pytest.mark.usefixtures("no_page")
class TestFailOver:
    @pytest.mark.parametrize(
        ("name", "number", "label"),
        [
            ("tail", 0, "label frequency 1 to 2 (tail)"),
            ("head", 4, "label frequency 41 to 400 (head)"),
            ("2", 2, "label frequency 6 to 12"),
            ("all", None, "all labels"),
        ],
    )
    def test_the_rate_decides(self, folder, capsys, name, number, label):
        rates = {model: successes_of(folder, model, number) for model in ("plain", "pw-cb")}
        shares = sorted(successes / n for successes, n in rates.values())
        status, out, _ = report(capsys, folder, "--fail-over", shares[1] + 1e-6, "--bin", name)
        assert status == 0 and out.count("pass: ") == 2 and "FAIL" not in out
        status, out, _ = report(capsys, folder, "--fail-over", (shares[0] + shares[1]) / 2, "--bin", name)
        assert status == 1 and out.count("pass: ") == out.count("FAIL: ") == 1, "one model above is enough"
        for model, (successes, n) in rates.items():
            line = next(line for line in out.splitlines() if f"small, {model}, {label}: " in line)
            assert f"success rate {successes / n:.0%} (" in line and f"n = {n}; " in line
            assert re.search(r"\(\d+ to \d+%\)", line)

    def test_a_rate_at_the_limit_passes(self, tmp_path, capsys):
        folder = write_campaign(tmp_path / "small", samples_per_bin=4, models=("plain",))
        path = folder / "records" / "plain.jsonl"
        done = [row for row in read_lines(path) if row["outcome"] in ("succeeded", "failed")]
        rows = [row | {"outcome": "succeeded", "change_rate": 0.05, "bin": 0} for row in done[:3]]
        write_lines(path, [*rows, done[3] | {"outcome": "failed"}])
        assert report(capsys, folder, "--fail-over", 0.75)[0] == 0
        assert report(capsys, folder, "--fail-over", 0.74)[0] == 1

    def test_without_a_bin_all_labels_count(self, folder, capsys):
        assert "all labels" in report(capsys, folder, "--fail-over", 1)[1]

    @pytest.mark.parametrize("limit", ["1.5", "-0.1", "nan"])
    def test_a_limit_that_is_no_share_is_refused(self, folder, capsys, limit):
        status, _, err = report(capsys, folder, f"--fail-over={limit}")
        assert status == 2 and "is not a share; give a rate between 0 and 1" in err

    @pytest.mark.parametrize("name", ["5", "rare", "-1", "1.0", "²"])
    def test_a_bin_that_is_not_there_is_refused(self, folder, capsys, name):
        status, _, err = report(capsys, folder, "--fail-over", "0.5", f"--bin={name}")
        assert status == 2 and f"--bin {name} is no bin of" in err and "a number from 0 to 4" in err

    def test_a_bin_without_a_sample_holds_no_gate(self, tmp_path, capsys):
        folder = write_campaign(tmp_path / "small", samples_per_bin=6, models=("plain",))
        path = folder / "records" / "plain.jsonl"
        write_lines(path, [row for row in read_lines(path) if row["bin"] != 0])
        status, _, err = report(capsys, folder, "--fail-over", 1, "--bin", "tail")
        assert status == 2 and "plain has no attacked sample on label frequency 1 to 2 (tail)" in err
        assert report(capsys, folder, "--fail-over", 1, "--bin", "1")[0] == 0


@pytest.mark.usefixtures("no_page")
class TestCompare:
    def test_two_models_of_a_campaign(self, folder, capsys):
        status, out, _ = report(capsys, folder, "--compare", "plain", "pw-cb")
        assert status == 0
        assert "plain and pw-cb, all samples that plain gets right" in out
        assert "plain and pw-cb, samples that both models get right" in out
        assert len([line for line in out.splitlines() if line.startswith("1 to 2 (tail)")]) == 4
        assert "McNemar's p" in out and "report: " in out

    def test_two_folders_print_the_same_and_write_nothing(self, tmp_path, folder, capsys):
        folders = [write_campaign(tmp_path / name, samples_per_bin=30, models=(name,)) for name in ("plain", "pw-cb")]
        status, apart, _ = report(capsys, "--compare", *folders)
        assert status == 0 and "report: " not in apart
        _, together, _ = report(capsys, folder, "--compare", "plain", "pw-cb")
        assert apart.splitlines()[1:14] == together.splitlines()[1:14]
        assert "report: " in report(capsys, "--compare", *folders, "--out", tmp_path / "out")[1]

    def test_models_of_one_name_are_called_after_their_folders(self, tmp_path, capsys):
        folders = [write_campaign(tmp_path / name, samples_per_bin=4, models=("tagger",)) for name in ("old", "new")]
        _, out, _ = report(capsys, "--compare", *folders)
        assert "old and new, all samples" in out and "Success on old (%)" in out

    def test_what_cannot_be_compared_is_refused(self, tmp_path, folder, capsys):
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


def test_a_comparison_that_the_report_has_not_comes_into_it(folder, tmp_path, capsys):
    report(capsys, folder, "--compare", "pw-cb", "plain", "--out", tmp_path)
    assert (tmp_path / "tables" / "compared.csv").is_file()
    assert 'data-csv="compared.csv"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_no_campaign_is_refused(tmp_path, capsys):
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


def test_neither_torch_nor_textattack_is_loaded(folder, tmp_path):
    script = (
        "import sys; from textattack_xmtc.cli.main import main; status = main(sys.argv[1:]);"
        "print(sorted({'torch', 'textattack', 'transformers', 'datasets', 'scipy.stats'} & set(sys.modules)));"
        "sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "report", str(folder), "--out", str(tmp_path), "--fail-over", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"
