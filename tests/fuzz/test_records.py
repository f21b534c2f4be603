"""Campaign folders and records files: damaged in any way, read and resumed."""

from __future__ import annotations

import json
import shutil
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.damage import damaged, damaged_value, json_bytes, json_files
from tests.fuzz.running import box, fuzz
from tests.toolkit.campaign_folders import write_campaign, write_transfer
from textattack_xmtc.campaign.folder import read_facts, resume_plan
from textattack_xmtc.campaign.repair import damaged_draw, read_repaired
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.tables.transfer import transfers
from textattack_xmtc.workdir.files import RecordWriter, json_line, repair

WHOLE: dict[str, bytes] = {}


def whole() -> Any:
    """The files of a small finished campaign."""
    if not WHOLE:
        with box() as place:
            write_campaign(place.given, samples_per_bin=1, goal="negative")
            write_transfer(place.given)
            for path in sorted(place.given.rglob("*")):
                if path.is_file():
                    WHOLE[str(path.relative_to(place.given))] = path.read_bytes()
    return WHOLE


@st.composite
def campaign_folders(draw: st.DrawFn) -> Any:
    files = dict(whole())
    for name in draw(st.sets(st.sampled_from(sorted(files)), min_size=1, max_size=2)):
        if name.endswith(".json"):
            files[name] = draw(json_files(json.loads(files[name])))
        else:
            rows = files[name].splitlines()
            number = draw(st.integers(0, len(rows) - 1))
            rows[number] = draw(damaged_value(json.loads(rows[number])).map(json_bytes))
            content = b"\n".join(rows) + b"\n"
            files[name] = draw(st.just(content) | damaged(content))
        if draw(st.integers(0, 19)) == 0:
            del files[name]
    return files


@fuzz("campaign folder", campaign_folders())
def test_campaign_folder(files: Any) -> None:
    with box() as place:
        folder = place.write(files)
        campaign = place.attempt(lambda: read_campaign(folder))
        if campaign is not None:
            for model in campaign.models:
                place.attempt(lambda name=model.name: campaign.results[name].rate())
            place.attempt(lambda: transfers([campaign]))
        place.attempt(lambda: read_facts(folder))


NAMES = st.sampled_from(
    ["plain", "../out", "../../given", "/tmp/xmtc", "..", "a/b", "nul", "a\\b", "p" * 300]
) | st.text(max_size=4)


@st.composite
def foreign_folders(draw: st.DrawFn) -> Any:
    """Whole campaigns, damaged in their records, with other names in them."""
    files = dict(whole())
    for name in ("campaign.json", "transfer.json"):
        facts = json.loads(files[name])
        models = facts["models"] if name == "campaign.json" else facts
        if draw(st.booleans()):
            draw(st.sampled_from(models))["name"] = draw(NAMES)
        files[name] = json.dumps(facts).encode()
    for name in draw(st.sets(st.sampled_from([name for name in files if name.endswith(".jsonl")]), max_size=2)):
        files[name] = draw(damaged(files[name]))
    return files


@fuzz("foreign campaign", foreign_folders())
def test_resuming_a_campaign_folder(files: Any) -> None:
    """Up to the first attack: nothing outside the folder is written, and what is kept was there before."""
    with box() as place:
        folder = place.write(files)
        shutil.copytree(folder, place.out / "own")
        private = place.out / "own"
        before = set(place.out.rglob("*"))
        plan = place.attempt(lambda: resume_plan(private, {}))
        if plan is not None and not damaged_draw(private):
            campaign = place.attempt(lambda: read_repaired(private, plan[0]))
            if campaign is not None:
                assert read_campaign(private).notes is not None
        assert set(place.out.rglob("*")) == before
        for name, content in files.items():
            if name.startswith(("records/", "transfer/")):
                assert set((private / name).read_bytes().split(b"\n")) <= set(content.split(b"\n")) | {b""}


ROWS = st.dictionaries(st.text(max_size=3), st.text() | st.integers(-(2**63), 2**63) | st.none(), max_size=3)


@fuzz("records", rows=st.lists(ROWS, max_size=4), rest=st.binary(max_size=20), data=st.data())
def test_records(rows: Any, rest: Any, data: Any) -> None:
    """What was written whole is there whatever a kill or a disk has left behind it; what was cut off is cut off."""
    with box() as place:
        file = place.out / "records" / "a.jsonl"

        def written() -> None:
            with RecordWriter(file) as writer:
                for row in rows:
                    writer.append(row)

        place.attempt(written)
        lines = list(map(json_line, rows))
        assert file.read_bytes() == b"".join(lines)
        end = data.draw(st.integers(0, sum(map(len, lines))))
        file.write_bytes((b"".join(lines)[:end]) + rest.replace(b"\n", b" "))
        place.attempt(lambda: repair(file))
        kept = file.read_bytes()
        assert b"".join(lines).startswith(kept) and (not kept or kept.endswith(b"\n"))
        assert [json.loads(line) for line in kept.split(b"\n") if line] == [
            json.loads(line) for line in lines[: kept.count(b"\n")]
        ]
