"""Vectors that are kept: computed once, resumed, and never those of another encoder or text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from textattack_xmtc.encoders import store
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.encoders.store import kept_vectors
from textattack_xmtc.errors import XMTCError


class Counting(EmbeddedEncoder):
    """Counts the texts that it encodes, and fails after so many."""

    def __init__(self, name: str = "counting", fails_after: int = 10**9) -> None:
        self.name, self.texts, self.fails_after = name, 0, fails_after

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        if self.texts > self.fails_after:
            raise KeyboardInterrupt
        return super().encode(texts)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TEXTS_A_PART", 4)


TEXTS = [f"text number {number}" for number in range(10)]


def test_they_are_computed_once_and_equal_the_plain_ones(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    vectors = kept_vectors(first, TEXTS, tmp_path / "new")
    assert (vectors == EmbeddedEncoder().encode(TEXTS)).all() and first.texts == 10
    assert (kept_vectors(second, TEXTS, tmp_path / "new") == vectors).all() and second.texts == 0


def test_an_interrupted_computation_resumes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        kept_vectors(Counting(fails_after=8), TEXTS, tmp_path)
    after = Counting()
    assert (kept_vectors(after, TEXTS, tmp_path) == EmbeddedEncoder().encode(TEXTS)).all()
    assert after.texts == 2


def test_another_encoder_or_another_text_is_computed_anew(tmp_path: Path) -> None:
    kept_vectors(Counting(), TEXTS, tmp_path)
    other, changed = Counting("other"), Counting()
    kept_vectors(other, TEXTS, tmp_path)
    kept_vectors(changed, [*TEXTS[:9], "another"], tmp_path)
    assert other.texts == 10 and changed.texts == 2
    assert kept_vectors(Counting(), [], tmp_path).shape == (0, 512)


@pytest.mark.parametrize("damage", ["cut", "empty", "not finite", "another shape"])
def test_a_damaged_part_is_computed_again(damage: str, tmp_path: Path) -> None:
    vectors = kept_vectors(Counting(), TEXTS[:4], tmp_path)
    (file,) = tmp_path.glob("*.npy")
    if damage in ("cut", "empty"):
        file.write_bytes(file.read_bytes()[: -100 if damage == "cut" else 0])
    else:
        np.save(file, vectors * np.nan if damage == "not finite" else vectors[:2])
    again = Counting()
    assert (kept_vectors(again, TEXTS[:4], tmp_path) == vectors).all() and again.texts == 4


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    kept_vectors(Counting(), TEXTS, tmp_path / "first")
    names, foreign = [file.stem for file in (tmp_path / "first").iterdir()], tmp_path / "foreign.txt"
    foreign.write_text("kept", encoding="utf-8")
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in names:
        for link in (f"{name}.npy", f"{name}.new.npy", f".{name}.npy.new"):
            (linked / link).symlink_to(foreign)
    assert (kept_vectors(Counting(), TEXTS, linked) == EmbeddedEncoder().encode(TEXTS)).all()
    assert foreign.read_text(encoding="utf-8") == "kept"


def test_a_folder_that_cannot_be_made_is_an_error_of_this_package(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(XMTCError, match=r"vectors in .* could not be written"):
        kept_vectors(Counting(), TEXTS, tmp_path / "file" / "vectors")
