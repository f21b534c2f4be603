"""The tables of a report, against plain computations from the files."""

import statistics

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.results.export.report import all_tables
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import not_drawn
from textattack_xmtc.results.statistics import wilson
from textattack_xmtc.results.tables.success import terminal_summary


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_campaign(tmp_path_factory.mktemp("contents") / "small", samples_per_bin=40)


@pytest.fixture(scope="module")
def tables(folder):
    return {table.name: table for table in all_tables([read_campaign(folder)])}


def rows_of(table):
    """Each row as a dictionary by the columns' keys."""
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def records(folder, name):
    return read_lines(folder / "records" / f"{name}.jsonl")


def test_a_report_has_the_tables_of_the_paper(tables, tmp_path):
    titles = " / ".join(table.title for table in tables.values())
    for number in (1, 2, 3, 6):
        assert f"Table {number}. " in titles
    assert "Table 4" not in titles and "Table 5" not in titles
    negative = write_campaign(tmp_path / "negative", samples_per_bin=4, goal="negative")
    titles = " / ".join(table.title for table in all_tables([read_campaign(negative)]))
    assert "Table 4. " in titles and "Table 5. " in titles and "Table 3" not in titles


def test_every_row_has_a_cell_for_every_column(tables):
    for table in tables.values():
        assert table.rows and all(len(row) == len(table.columns) for row in table.rows), table.name
        assert len({column.key for column in table.columns}) == len({c.title for c in table.columns}), table.name


@pytest.mark.parametrize("name", ["plain", "pw-cb"])
def test_table_3(folder, tables, name):
    attacked = [row for row in records(folder, name) if row["outcome"] in ("succeeded", "failed")]
    reached = [row for row in attacked if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1]
    similar = [row for row in reached if row["similarity"]["cosine"] > 0.8]
    skipped = [row["reason"] for row in records(folder, name) if row["outcome"] == "skipped"]
    row = next(row for row in rows_of(tables["positive-success"]) if row["model"] == name)
    assert row["n"] == len(attacked)
    assert row["success"] == wilson(len(reached), len(attacked))
    assert row["similar_success"] == wilson(len(similar), len(attacked))
    total = sum(row["similarity"]["cosine"] for row in reached)
    assert row["similarity_of_successes"] == pytest.approx(total / len(reached))
    assert row["similarity_of_all"] == pytest.approx(total / len(attacked))
    assert row["change_rate"] == pytest.approx(statistics.fmean(row["change_rate"] for row in reached))
    assert (row["wrong_before"], row["skipped"]) == (skipped.count("wrong before"), skipped.count("too short"))
    assert row["errors"] == len(records(folder, name)) - len(attacked) - len(skipped) > 0


def test_the_bins_add_up_and_what_was_wrong_before_is_apart(folder, tables):
    for name in ("plain", "pw-cb"):
        rows = [row for row in rows_of(tables["by-bin"]) if row["model"] == name]
        assert [row["bin"] for row in rows] == [
            "1 to 2 (tail)",
            "3 to 5",
            "6 to 12",
            "13 to 40",
            "41 to 400 (head)",
            "all",
        ]
        for key in ("n", "wrong_before", "skipped", "errors"):
            assert sum(row[key] for row in rows[:-1]) == rows[-1][key]
        attacked, wrong = rows[-1]["n"], rows[-1]["wrong_before"]
        assert attacked + wrong + rows[-1]["skipped"] + rows[-1]["errors"] == len(records(folder, name))
        assert rows[-1]["wrong_share"] == pytest.approx(wrong / (attacked + wrong))
        table_3 = next(row for row in rows_of(tables["positive-success"]) if row["model"] == name)
        assert rows[-1]["n"] == table_3["n"] and rows[-1]["success"] == table_3["success"]
    assert rows[-1]["wrong_before"] > 0


def test_success_falls_as_the_threshold_rises(tables):
    for row in rows_of(tables["thresholds"]):
        values = [row["any"], *(row[f"above_{value:g}"] for value in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98))]
        assert values == sorted(values, reverse=True) and values[0] > values[-1]


def test_the_cost(folder, tables):
    attacked = [row for row in records(folder, "plain") if row["outcome"] in ("succeeded", "failed")]
    row = rows_of(tables["cost"])[0]
    queries, seconds = [row["queries"] for row in attacked], [row["seconds"] for row in attacked]
    successes = sum(row["outcome"] == "succeeded" and row["change_rate"] <= 0.1 for row in attacked)
    assert (row["attacks"], row["successes"], row["queries"]) == (len(attacked), successes, sum(queries))
    assert row["queries_per_attack"] == pytest.approx(statistics.fmean(queries))
    assert row["queries_median"] == statistics.median(queries)
    assert row["queries_per_success"] == pytest.approx(sum(queries) / successes)
    assert row["seconds_per_success"] == pytest.approx(sum(seconds) / successes)
    assert row["queries_per_second"] == pytest.approx(sum(queries) / sum(seconds))


def test_table_2_has_each_corpus_once(folder, tmp_path):
    other = write_campaign(tmp_path / "other", samples_per_bin=2, goal="untargeted")
    table = next(table for table in all_tables([read_campaign(folder), read_campaign(other)]) if table.name == "data")
    assert table.rows == (("small", 1000, 400, 40, 40.25, 1.61, 0.4, 0),)


def test_several_campaigns_are_told_apart(folder, tmp_path):
    other = write_campaign(tmp_path / "other", samples_per_bin=4, goal="negative", models=("plain",))
    tables = {table.name: table for table in all_tables([read_campaign(folder), read_campaign(other)])}
    for name in ("positive-success", "negative-success", "by-bin", "examples", "cost", "settings"):
        assert tables[name].columns[0].key == "campaign"
    assert {row["campaign"] for row in rows_of(tables["cost"])} == {"small", "other"}
    assert [row["campaign"] for row in rows_of(tables["negative-success"])] == ["other"]
    assert "defence-1-1" in tables and "defence-2-1" not in tables


def test_every_choice_and_version_is_named(tables):
    rows = {(row["setting"], row["origin"]): row["value"] for row in rows_of(tables["settings"])}
    assert rows["max_change_rate", "chosen"] == "0.1"
    assert rows["encoder", "chosen"] == "auto" and rows["encoder", "resolved"] == "embedded"
    assert rows["torch", "version"] == "2.4" and rows["fingerprint", "data"] == "0f1e2d3c4b5a"
    assert rows["models", "chosen"] == '["runs/plain", "runs/pw-cb"]'


def test_a_model_that_never_falls_and_a_bin_without_samples(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=6, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    write_lines(path, [row for row in read_lines(path) if row["outcome"] == "failed" and row["bin"] != 2])
    tables = {table.name: table for table in all_tables([read_campaign(folder)])}
    assert not {"examples", "example", "other-labels", "labels-in", "labels-out"} & set(tables)
    rows = rows_of(tables["by-bin"])
    assert rows[2]["n"] == 0 and rows[2]["success"].n == 0
    assert rows[-1]["success"].value == 0
    cost = rows_of(tables["cost"])[0]
    assert cost["successes"] == 0 and cost["queries_per_success"] != cost["queries_per_success"]


def test_the_family_names_the_constants_of_the_propensities(folder):
    campaign = read_campaign(folder)
    found = {
        family: next(table for table in all_tables([campaign], family) if table.name == "other-labels")
        for family in ("other", "wikipedia")
    }
    assert "A = 0.55, B = 1.5" in found["other"].note and "A = 0.5, B = 0.4" in found["wikipedia"].note
    psp = [[row["psp_before"] for row in rows_of(table)] for table in found.values()]
    p = [[row["p_before"] for row in rows_of(table)] for table in found.values()]
    assert psp[0] != psp[1] and p[0] == p[1]


def test_what_was_not_attacked_is_listed_with_its_reasons(tmp_path):
    """Reasons that differ from text to text are one row; errors of one type stand under the first message."""
    folder = write_campaign(tmp_path / "small", samples_per_bin=6, models=("plain",))
    change(folder / "campaign.json", resolved={"left_out": {"too short, under 10 words": 50}})
    path = folder / "records" / "plain.jsonl"
    rows = read_lines(path)
    for place, row in enumerate(rows[:5]):
        row |= {"outcome": "skipped", "reason": f"too short, {place} words allow no change at 10%", "after": None}
    for place, row in enumerate(rows[5:9]):
        row |= {"outcome": "error", "reason": f"VictimError: text {place} is strange", "after": None}
    before = next(row["before"] for row in rows if row["before"])
    failed = {"outcome": "failed", "before": before, "after": before}
    write_lines(path, [*rows[:9], *(row | failed for row in rows[9:])])
    campaign = read_campaign(folder)
    table = next(table for table in all_tables([campaign]) if table.name == "not-attacked")
    assert table.rows == (
        ("plain", "not drawn", "too short, under 10 words", 50),
        ("plain", "skipped", "too short", 5),
        ("plain", "error", "VictimError: text 0 is strange", 4),
    )
    text = terminal_summary(campaign)
    assert "skipped: 5 (too short)" in text and "error: 4 (VictimError: text 0 is strange)" in text
    assert (
        not_drawn(campaign) == "Not drawn, though the reference model gets them right: 50 (too short, under 10 words)."
    )


def test_what_is_wrong_before_is_apart_on_the_terminal(folder):
    text = terminal_summary(read_campaign(folder))
    plain, _, other = text.partition("pw-cb")
    assert "wrong without an attack" in other and "wrong without an attack" not in plain
    wrong = sum(row["reason"] == "wrong before" for row in records(folder, "pw-cb"))
    attacked = sum(row["outcome"] in ("succeeded", "failed") for row in records(folder, "pw-cb"))
    line = next(line for line in other.splitlines() if line.strip().startswith("all "))
    assert f" {attacked} " in line and line.endswith(f"{wrong} of {wrong + attacked}")
