"""Damaged files of a campaign: `--resume` makes again what is lost, and what hangs on it; the rest stays."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolkit.small_campaigns import records
from textattack_xmtc.campaign.attack import SampleAttack
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.folder import read_campaign

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def tried(copied: Path) -> Path:
    """A finished campaign whose adversarial texts were tried on another model."""
    assert run_campaign(copied, {}, resume=True, transfer_to=["other"])
    return copied


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def ordered(out: Path) -> list[object]:
    """Records and transfers in the order of the samples, without what a clock said."""
    damages: list[object] = [
        sorted(rows, key=lambda row: int(str(row["sample"]))) for _, rows in sorted(records(out).items())
    ]
    return [*damages, sorted((out / "transfer" / "other.jsonl").read_bytes().splitlines())]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit": lambda line: bytes([line[0] ^ 4]) + line[1:],
    "zeros": lambda line: b"\x00" * (len(line) - 1) + b"\n",
    "cut off": lambda line: line[: len(line) // 2] + b"\n",
    "no UTF-8": lambda line: line.replace(b"topic", b"\xff\xfe", 1).replace(b"reached", b"\xff", 1),
    "another sample": lambda line: line.replace(b'"sample": ', b'"sample": 99', 1),
    "no object": lambda line: b"[1, 2]\n",
    "no end": lambda line: line[:-1],
    "deep": lambda line: b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_made_again(
    tried: Path, damage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the middle of the records of a model: of a sample that has a transfer."""
    before, file = ordered(tried), tried / "records" / "plain.jsonl"
    kept = lines(file)
    number = next(place for place, line in enumerate(kept[1:-1], 1) if json.loads(line)["outcome"] == "succeeded")
    file.write_bytes(b"".join([*kept[:number], DAMAGES[damage](kept[number]), *kept[number + 1 :]]))
    with pytest.raises(DataError, match=r"make it again: textattack-xmtc campaign --out .* --resume"):
        read_campaign(tried)
    attacked, real = [], SampleAttack.record
    monkeypatch.setattr(
        SampleAttack, "record", lambda self, sample: (attacked.append(sample.number), real(self, sample))[1]
    )
    capsys.readouterr()
    assert run_campaign(tried, {}, resume=True)
    assert attacked == ([number] if damage != "no end" else [number, number + 1]), "the rest stays"
    assert f"plain.jsonl is damaged in line {number + 1}" in capsys.readouterr().err
    assert ordered(tried) == before and read_campaign(tried).notes == ()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_transfer_is_made_again(tried: Path, damage: str) -> None:
    before, file = ordered(tried), tried / "transfer" / "other.jsonl"
    first, second, *others = lines(file)
    file.write_bytes(b"".join([first, DAMAGES[damage](second), *others]))
    assert run_campaign(tried, {}, resume=True)
    assert ordered(tried) == before and read_campaign(tried).notes == ()


def test_damage_everywhere(tried: Path) -> None:
    """Some bytes of every file of records are others; what is there in the end is what was there before."""
    before, chance = ordered(tried), random.Random(0)
    for file in [*(tried / "records").iterdir(), *(tried / "transfer").iterdir()]:
        content = bytearray(file.read_bytes())
        for place in chance.sample(range(len(content)), 4):
            content[place] = 0
        file.write_bytes(bytes(content))
    assert run_campaign(tried, {}, resume=True)
    assert ordered(tried) == before


@pytest.mark.parametrize("name", ["samples.jsonl", "bins.json", "labels.json"])
@pytest.mark.parametrize("damage", ["a line", "gone", "zeros"])
def test_damaged_samples_are_drawn_again(
    tried: Path, name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, file = ordered(tried), tried / name
    content = file.read_bytes()
    first, _, *others = lines(file)
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"".join([first, *others]) if damage == "a line" else b"\x00" * len(content))
    assert run_campaign(tried, {}, resume=True)
    assert "the samples are drawn again" in capsys.readouterr().err
    assert file.read_bytes() == content and ordered(tried) == before
    assert not (tried / ".drawn-again").exists()


def test_samples_that_cannot_be_drawn_again(tried: Path) -> None:
    """Where records are of other samples than are drawn now, nobody mixes them."""
    facts = json.loads((tried / "campaign.json").read_text())
    facts["settings"]["seed"] = 7
    (tried / "campaign.json").write_text(json.dumps(facts))
    (tried / "samples.jsonl").unlink()
    before = (tried / "records" / "plain.jsonl").read_bytes()
    with pytest.raises(DataError, match=r"others are drawn now than .* has records of"):
        run_campaign(tried, {}, resume=True)
    assert (tried / "records" / "plain.jsonl").read_bytes() == before and not (tried / ".drawn-again").exists()
