"""What counts as a success, against counts from the JSON lines themselves."""

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.results.reading import read_campaign
from textattack_xmtc.results.statistics import wilson


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_campaign(tmp_path_factory.mktemp("summary") / "small", samples_per_bin=60)


def plain_counts(folder, name, bin_number, threshold=None, right_only=False, measure="cosine"):
    """Successes and n of a model, one `if` at a time."""
    successes = n = 0
    for row in read_lines(folder / "records" / f"{name}.jsonl"):
        if bin_number is not None and row["bin"] != bin_number:
            continue
        if row["outcome"] == "skipped" and row["reason"] == "wrong before" and name != "plain" and not right_only:
            successes, n = successes + 1, n + 1
        if row["outcome"] == "failed":
            n += 1
        if row["outcome"] == "succeeded":
            n += 1
            similar = threshold is None or row["similarity"][measure] > threshold
            successes += row["change_rate"] <= 0.1 and similar
    return successes, n


@pytest.mark.parametrize("name", ["plain", "pw-cb"])
@pytest.mark.parametrize("bin_number", [None, 0, 3, 4])
@pytest.mark.parametrize("threshold", [None, 0.8, 0.95])
@pytest.mark.parametrize("right_only", [False, True])
def test_rates_are_those_of_plain_counting(folder, name, bin_number, threshold, right_only):
    successes, n = plain_counts(folder, name, bin_number, threshold, right_only)
    assert 0 < successes < n
    assert read_campaign(folder).verdicts[name].rate(bin_number, threshold, right_only) == wilson(successes, n)


def test_the_test_data_hold_what_the_rules_are_about(folder):
    rows = [row for name in ("plain", "pw-cb") for row in read_lines(folder / "records" / f"{name}.jsonl")]
    assert {row["outcome"] for row in rows} == {"succeeded", "failed", "skipped", "error"}
    assert {row["reason"] for row in rows if row["outcome"] == "skipped"} == {"wrong before", "too short"}
    succeeded = [row for row in rows if row["outcome"] == "succeeded"]
    assert any(row["change_rate"] > 0.1 for row in succeeded), "some go over the limit of the change rate"
    assert any(row["similarity"]["cosine"] <= 0.8 for row in succeeded)


def test_the_change_rate_at_the_limit_is_within_it(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=1, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    row = next(row for row in read_lines(path) if row["outcome"] == "succeeded")
    write_lines(path, [row | {"change_rate": 3 / 30}])
    assert read_campaign(folder).verdicts["plain"].reached.tolist() == [True]
    write_lines(path, [row | {"change_rate": 4 / 39}])
    assert read_campaign(folder).verdicts["plain"].reached.tolist() == [False]


def test_the_published_similarity_is_used_where_the_campaign_says_so(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=40)
    change(folder / "campaign.json", resolved={"similarity": "published"})
    successes, n = plain_counts(folder, "plain", None, 0.8, measure="published")
    assert successes < plain_counts(folder, "plain", None, 0.8)[0]
    assert read_campaign(folder).verdicts["plain"].rate(threshold=0.8) == wilson(successes, n)


def test_a_success_without_a_similarity_is_not_similar(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=1, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    row = next(row for row in read_lines(path) if row["outcome"] == "succeeded" and row["change_rate"] < 0.1)
    write_lines(path, [row | {"similarity": None}])
    verdicts = read_campaign(folder).verdicts["plain"]
    assert (verdicts.rate().value, verdicts.rate(threshold=0.0).value) == (1.0, 0.0)


def test_samples_that_the_reference_model_gets_wrong_do_not_count_for_it(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=2)
    for name in ("plain", "pw-cb"):
        path = folder / "records" / f"{name}.jsonl"
        rows = read_lines(path)
        wrong = {"outcome": "skipped", "reason": "wrong before", "after": None}
        write_lines(path, [rows[0] | wrong, *(row | {"outcome": "error", "after": None} for row in rows[1:])])
    campaign = read_campaign(folder)
    assert campaign.verdicts["plain"].rate().n == 0
    assert (campaign.verdicts["pw-cb"].rate().value, campaign.verdicts["pw-cb"].rate().n) == (1.0, 1)
    assert campaign.verdicts["pw-cb"].rate(right_only=True).n == 0
    outcomes = campaign.outcomes(campaign.model("plain"))
    assert (outcomes["error"], outcomes["skipped"], outcomes["wrong before"]) == (9, 1, 1)


def test_shared_texts_widen_the_interval(tmp_path):
    once = read_campaign(write_campaign(tmp_path / "once", samples_per_bin=40)).verdicts["plain"]
    twice = read_campaign(write_campaign(tmp_path / "twice", samples_per_bin=40, pairs_per_text=10)).verdicts["plain"]
    assert len(set(once.texts)) == len(once.texts) and len(set(twice.texts)) < len(twice.texts)
    assert once.rate() == wilson(int(once.successes().sum()), len(once.texts))
    assert twice.rate() != wilson(int(twice.successes().sum()), len(twice.texts))


def test_bins_have_names(tmp_path):
    campaign = read_campaign(write_campaign(tmp_path / "small", samples_per_bin=1))
    assert [campaign.bin_name(number) for number in (0, 1, 4)] == ["1 to 2 (tail)", "3 to 5", "41 to 400 (head)"]
