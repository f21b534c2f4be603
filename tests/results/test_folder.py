"""Campaign folders: what is read, and what is said about folders that cannot be."""

import json

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.campaign.folder import read_facts
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.folder import read_campaign


@pytest.fixture
def folder(tmp_path):
    return write_campaign(tmp_path / "small", samples_per_bin=4)


def test_everything_is_read(folder):
    campaign = read_campaign(folder)
    assert (campaign.name, campaign.goal, campaign.k, campaign.max_change_rate) == ("small", "positive", 5, 0.1)
    assert (campaign.similarity_kind, campaign.threshold, campaign.reference) == ("cosine", 0.8, "plain")
    assert len(campaign.samples) == 20 and campaign.notes == () and campaign.clusters == ()
    assert [part.number for part in campaign.bins] == [0, 1, 2, 3, 4]
    assert (campaign.bins[0].lowest, campaign.bins[-1].highest) == (1, 400)
    for name in ("plain", "pw-cb"):
        rows = read_lines(folder / "records" / f"{name}.jsonl")
        records = campaign.model(name).records
        assert len(records) == len(rows) == 20
        for row in rows:
            record = records[row["sample"]]
            assert (record.outcome, record.changed) == (row["outcome"], len(row["changes"]))
            assert (record.queries, record.similarity) == (row["queries"], row["similarity"])
            assert (record.after.top_k if record.after else None) == (
                tuple(row["after"]["top_k"]) if row["after"] else None
            )
    assert campaign.model("other") is None


def test_a_last_line_that_was_cut_off_is_left_out_and_said(folder):
    path = folder / "records" / "plain.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    campaign = read_campaign(folder)
    assert len(campaign.model("plain").records) == 19
    assert campaign.notes == ("The last line of records/plain.jsonl was cut off in writing and is left out.",)
    # Cut off within a letter, after its line, or right before its end: nothing but the last is lost.
    path.write_bytes(whole + '{"sample": 3, "text_id": "é'.encode()[:-1])
    assert len(read_campaign(folder).model("plain").records) == 20
    path.write_bytes(whole[:-1])
    campaign = read_campaign(folder)
    assert len(campaign.model("plain").records) == 20 and campaign.notes == ()


def test_a_broken_line_in_the_middle_is_an_error(folder):
    path = folder / "records" / "plain.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2][:30], *lines[3:], ""]))
    with pytest.raises(DataError, match=r"plain\.jsonl, line 3 is not JSON"):
        read_campaign(folder)
    path.write_text("\n".join([*lines[:2], lines[2][:30], ""]))  # the last, but with its end
    with pytest.raises(DataError, match="line 3 is not JSON"):
        read_campaign(folder)


def test_a_sample_that_is_recorded_twice_counts_as_recorded_last(folder):
    path = folder / "records" / "plain.jsonl"
    rows = read_lines(path)
    write_lines(path, [*rows, {**rows[5], "queries": 9999}])
    campaign = read_campaign(folder)
    assert len(campaign.model("plain").records) == 20
    assert campaign.model("plain").records[5].queries == 9999
    assert campaign.notes == ("Sample 5 is twice in records/plain.jsonl; the later record counts.",)


def test_a_model_without_records_has_none(folder):
    (folder / "records" / "pw-cb.jsonl").unlink()
    campaign = read_campaign(folder)
    assert campaign.model("pw-cb").records == {}
    assert campaign.notes == ("Model pw-cb has no records yet.",)
    (folder / "records" / "pw-cb.jsonl").write_text("")
    assert read_campaign(folder).model("pw-cb").records == {}


def test_other_versions_in_a_later_run_are_said(folder):
    versions = json.loads((folder / "campaign.json").read_text())["versions"]
    change(folder / "campaign.json", went_on_with=[versions | {"torch": "2.5"}])
    assert read_campaign(folder).notes == ("The campaign was resumed with other versions: torch 2.4 -> 2.5.",)


def test_a_folder_that_is_no_campaign(tmp_path):
    with pytest.raises(DataError, match=r"is not the folder of a campaign: it has no campaign\.json"):
        read_campaign(tmp_path)
    with pytest.raises(DataError, match="is not the folder"):
        read_campaign(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["labels.json", "bins.json", "samples.jsonl"])
def test_a_missing_or_broken_file_is_named(folder, name):
    content = (folder / name).read_text()
    (folder / name).write_text(content[:-5])
    with pytest.raises(DataError, match=f"{name}.* is not JSON"):
        read_campaign(folder)
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        read_campaign(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 2}, "has format 2, and this version reads format 1"),
        ({"reference": "another"}, "reference model 'another' is none of its models"),
        ({"settings": {"goal": "sideways"}}, "goal 'sideways' is unknown"),
        ({"resolved": {"similarity": "euclid"}}, "similarity 'euclid' is none of"),
        ({"settings": {"k": "five"}}, "invalid literal for int"),
        ({"settings": {"k": float("inf")}}, "cannot convert float infinity"),
        ({"models": [{"name": "plain"}, {"name": "plain"}]}, "'plain' and 'plain' in .* can be one file"),
        ({"models": [{"name": "plain"}, {"name": "../plain"}]}, r"'\.\./plain' is not the name of a file"),
        ({"models": [{"folder": "runs/plain"}]}, "'name' is missing"),
    ],
)
def test_facts_that_cannot_be_are_refused(folder, values, message):
    change(folder / "campaign.json", **values)
    with pytest.raises(DataError, match=message):
        read_campaign(folder)


HALF = {"rank": 1, "score": 0.5, "top_k": [1]}
NONSENSE = [
    *({"queries": -5}, {"words": -1}, {"seconds": -0.1}, {"seconds": float("nan")}, {"seconds": float("inf")}),
    *({"change_rate": 1.01}, {"change_rate": -0.1}, {"change_rate": float("nan")}, {"words": 1, "changes": [{}, {}]}),
    *({"rank": value, "before": HALF | {"rank": value}} for value in (0, -3)),
    {"beyond": -1, "after": HALF | {"rank": None, "beyond": -1}},
    *({"score": value, "after": HALF | {"score": value}} for value in (float("nan"), float("inf"))),
    *({"cosine": value, "similarity": {"cosine": value}} for value in (1.2, -1.2, float("nan"))),
]
"""Figures that no attack can have: the first key is the one that is wrong."""


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"sample": 99},
            r"records/plain\.jsonl, line 1 is no record \(sample 99, which samples\.jsonl does not have\)",
        ),
        ({"outcome": "won"}, r"plain\.jsonl, line 1 is no record \(outcome 'won'\)"),
        ({"outcome": "succeeded", "after": None}, "succeeded, but nothing before or after"),
        ({"before": {"rank": 1, "score": 0.5, "top_k": [40]}}, "sample 0 has a label that labels.json does not have"),
        ({"queries": None}, "line 1 is no record"),
        ({"queries": float("inf")}, r"line 1 is no record \(cannot convert float infinity"),
        *((values, f"plain\\.jsonl, line 1 is no record \\({next(iter(values))}=") for values in NONSENSE),
    ],
)
def test_records_that_cannot_be_are_refused(folder, values, message):
    path = folder / "records" / "plain.jsonl"
    rows = read_lines(path)
    write_lines(path, [rows[0] | values, *rows[1:]])
    with pytest.raises(DataError, match=message):
        read_campaign(folder)


def test_a_record_without_a_field_names_it(folder):
    path = folder / "records" / "plain.jsonl"
    rows = read_lines(path)
    del rows[1]["seconds"]
    write_lines(path, rows)
    with pytest.raises(DataError, match=r"line 2 is no record \(no 'seconds'\)"):
        read_campaign(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"bin": 7}, "sample 0 is in bin 7"), ({"target": 40}, "sample 0 has a label outside 0 to 39")],
)
def test_samples_that_cannot_be_are_refused(folder, values, message):
    rows = read_lines(folder / "samples.jsonl")
    write_lines(folder / "samples.jsonl", [rows[0] | values, *rows[1:]])
    with pytest.raises(DataError, match=message):
        read_campaign(folder)


@pytest.mark.parametrize("name", ["campaign.json", "labels.json", "samples.jsonl", "records/plain.jsonl"])
def test_json_that_is_too_deep_is_refused(folder, name):
    (folder / name).write_text("[" * 100_000 + "\n")
    with pytest.raises(DataError, match=r"is not JSON \(maximum recursion depth"):
        read_campaign(folder)
    if name == "campaign.json":
        with pytest.raises(DataError, match="cannot be resumed"):
            read_facts(folder)


def test_counts_beyond_any_index_are_refused(folder):
    change(folder / "labels.json", counts=[2**63] * 40)
    with pytest.raises(DataError, match=r"cannot be read: .*too large"):
        read_campaign(folder)


def test_clusters_are_read_and_checked(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=1, goal="negative")
    assert read_campaign(folder).clusters[1] == (3, 4, 5)
    (folder / "clusters.json").write_text(json.dumps([{"labels": [40]}]))
    with pytest.raises(DataError, match=r"clusters\.json has a label outside 0 to 39"):
        read_campaign(folder)
