"""Two models on the same samples: counts, what is refused, and how campaigns are matched."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.comparison import Side, compare, comparison_table, only_model, sides
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.statistics import wilson


def both(folder: Path, first: str = "plain", second: str = "pw-cb") -> Any:
    return sides([read_campaign(folder)], first, second)


def plain_pairs(folder: Path, second: Any, bin_number: Any, threshold: Any, both_right: Any) -> Any:
    """(success on plain, success on the other) of each sample that counts on both, one `if` at a time."""
    models = [
        {row["sample"]: row for row in read_lines(folder / "records" / f"{name}.jsonl")} for name in ("plain", second)
    ]
    pairs = []
    for number, sample in enumerate(read_lines(folder / "samples.jsonl")):
        rows = [model.get(number) for model in models]
        if bin_number not in (None, sample["bin"]) or None in rows:
            continue
        outcomes = []
        for row in rows:
            wrong = row["outcome"] == "skipped" and row["reason"] == "wrong before"
            if row["outcome"] in ("succeeded", "failed"):
                reached = row["outcome"] == "succeeded" and row["change_rate"] <= 0.1
                outcomes.append(reached and (threshold is None or row["similarity"]["cosine"] > threshold))
            elif wrong and not both_right and row is rows[1]:
                outcomes.append(True)
        if len(outcomes) == 2:
            pairs.append(tuple(outcomes))
    return pairs


@pytest.mark.parametrize("both_right", [False, True])
def test_each_row_is_that_of_plain_counting(tmp_path: Path, both_right: bool) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=40)
    rows = compare(*both(folder), both_right=both_right)
    assert len(rows) == 2 * 6
    for place, row in enumerate(rows):
        threshold, number = (None, 0.8)[place // 6], [0, 1, 2, 3, 4, None][place % 6]
        pairs = plain_pairs(folder, "pw-cb", number, threshold, both_right)
        n = len(pairs)
        assert row.first == wilson(sum(one for one, _ in pairs), n)
        assert row.second == wilson(sum(other for _, other in pairs), n)
        assert row.difference.value == pytest.approx(row.first.value - row.second.value)
        assert row.difference.n == n
        only = [sum(pair == kind for pair in pairs) for kind in ((True, False), (False, True))]
        assert row.p == pytest.approx(binomtest(only[0], sum(only), 0.5).pvalue if sum(only) else 1.0)
    assert (sum(row.wrong_second for row in rows) == 0) == both_right
    assert all(row.wrong_first == 0 for row in rows)


def test_two_folders_compare_like_one_folder_with_both_models(tmp_path: Path) -> None:
    together = write_campaign(tmp_path / "both", samples_per_bin=30)
    apart = [write_campaign(tmp_path / name, samples_per_bin=30, models=(name,)) for name in ("plain", "pw-cb")]
    first, second = (only_model(read_campaign(folder)) for folder in apart)
    assert compare(first, second) == compare(*both(together))
    assert compare(first, second, both_right=True) == compare(*both(together), both_right=True)


def test_of_two_models_that_are_not_the_reference_the_samples_are_still_its_own(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=10, models=("plain", "pw-cb", "pw"))
    path = folder / "records" / "plain.jsonl"
    rows = read_lines(path)
    before = compare(*both(folder, "pw-cb", "pw"))[5].difference.n
    wrong = {"outcome": "skipped", "reason": "wrong before", "after": None}
    counted = {row["sample"] for row in read_lines(folder / "records" / "pw.jsonl") if row["outcome"] != "error"}
    place = next(place for place, row in enumerate(rows) if row["outcome"] == "failed" and row["sample"] in counted)
    write_lines(path, [*rows[:place], rows[place] | wrong, *rows[place + 1 :]])
    assert compare(*both(folder, "pw-cb", "pw"))[5].difference.n == before - 1


def test_shared_texts_leave_no_p_value_and_the_table_says_so(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=40, pairs_per_text=10)
    rows = compare(*both(folder))
    assert rows[5].p is None and rows[5].difference.low < rows[5].difference.high
    assert "bootstrap over texts, and there is no p" in comparison_table(*both(folder), "compared").note  # type: ignore[call-arg]  # two models by *


def test_a_bin_without_a_pair_has_no_numbers(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=4)
    path = folder / "records" / "plain.jsonl"
    write_lines(path, [row for row in read_lines(path) if row["bin"] != 0])
    row = compare(*both(folder))[0]
    assert row.difference.n == 0 and math.isnan(row.difference.value) and row.p is None


def test_different_samples_are_refused_with_how_many_are_shared(tmp_path: Path) -> None:
    first = write_campaign(tmp_path / "a", samples_per_bin=4, models=("plain",))
    second = write_campaign(tmp_path / "b", samples_per_bin=4, models=("pw-cb",))
    path = second / "samples.jsonl"
    rows = read_lines(path)
    write_lines(path, [row | {"text_id": "another"} if row["sample"] < 3 else row for row in rows])
    with pytest.raises(InputError, match=r"different samples: 17 of 20 \(text, label\) pairs are in both"):
        compare(*(only_model(read_campaign(folder)) for folder in (first, second)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"settings": {"max_change_rate": 0.2}}, r"max_change_rate is 0\.1 in .* and 0\.2 in"),
        ({"settings": {"k": 3}}, "k is 5 in .* and 3 in"),
        ({"resolved": {"shown": "top 5 with a score of at least 0.5"}}, "shown is None in .* and .top 5 with"),
        ({"resolved": {"encoder": "use"}}, "encoder is 'embedded' in .* and 'use' in"),
    ],
)
def test_other_experiments_are_refused_by_name(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    folders = [write_campaign(tmp_path / name, samples_per_bin=2, models=(name,)) for name in ("plain", "pw-cb")]
    change(folders[1] / "campaign.json", **values)
    with pytest.raises(InputError, match=message):
        compare(*(only_model(read_campaign(folder)) for folder in folders))


def test_other_differences_are_said(tmp_path: Path) -> None:
    folders = [write_campaign(tmp_path / name, samples_per_bin=8, models=(name,)) for name in ("plain", "pw-cb")]
    change(folders[1] / "campaign.json", settings={"ranking": "random"}, resolved={"masked_lm": "bert-base-uncased"})
    note = comparison_table(*(only_model(read_campaign(folder)) for folder in folders), "compared").note  # type: ignore[call-arg]  # two models by *
    assert "also differ in ranking: masked-delta and random; masked_lm: demo-mlm and bert-base-uncased." in note


def test_names_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    campaign = read_campaign(write_campaign(tmp_path / "small", samples_per_bin=2))
    with pytest.raises(InputError, match="no campaign has both models 'plain' and 'pw'; there are plain, pw-cb"):
        sides([campaign], "plain", "pw")
    with pytest.raises(InputError, match=r"has 2 models \(plain, pw-cb\), and which to compare is not said"):
        only_model(campaign)


def test_a_model_without_records_is_refused(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=2)
    (folder / "records" / "pw-cb.jsonl").unlink()
    with pytest.raises(InputError, match=r"model pw-cb of .* has no records"):
        compare(*both(folder))


def test_the_order_of_the_sample_file_does_not_matter(tmp_path: Path) -> None:
    folders = [write_campaign(tmp_path / name, samples_per_bin=8, models=(name,)) for name in ("plain", "pw-cb")]
    expected = compare(*(only_model(read_campaign(folder)) for folder in folders))
    path = folders[1] / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in reversed(read_lines(path))))
    assert compare(*(only_model(read_campaign(folder)) for folder in folders)) == expected


def test_a_side_keeps_the_name_it_is_given(tmp_path: Path) -> None:
    campaign = read_campaign(write_campaign(tmp_path / "small", samples_per_bin=8))
    first, second = sides([campaign], "plain", "pw-cb")
    table = comparison_table(Side(campaign, first.model, "before"), Side(campaign, second.model, "after"), "compared")
    assert table.columns[3].title == "Success on before (%)"
    assert "Difference: before less after" in table.note


def test_what_the_second_folder_gets_wrong_before_counts_also_where_both_models_have_one_name(tmp_path: Path) -> None:
    folders = [write_campaign(tmp_path / name, samples_per_bin=4, models=("tagger",)) for name in ("old", "new")]
    rows = read_lines(folders[0] / "records" / "tagger.jsonl")
    failed = next(row for row in rows if row["outcome"] == "failed")
    wrong = failed | {"outcome": "skipped", "reason": "wrong before", "after": None}
    write_lines(folders[1] / "records" / "tagger.jsonl", [wrong if row is failed else row for row in rows])
    row = compare(*(only_model(read_campaign(folder)) for folder in folders))[5]
    assert (row.wrong_first, row.wrong_second) == (0, 1)
    assert row.difference.value == pytest.approx(-1 / row.difference.n)
