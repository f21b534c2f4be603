"""Best labels of test texts are computed once for a model and a corpus, and never taken from a damaged file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.small_campaigns import LABELS, OPTIONS
from textattack_xmtc.campaign import victims as kept_answers
from textattack_xmtc.campaign.victims import keep_answers, key_of, load_victim, read_answers
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.models.torch_scorer import TorchScorer

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """How many texts models of this package are asked about, call by call; with an empty cache."""
    calls: list[int] = []
    real = TorchScorer.top_k

    def top_k(self: TorchScorer, texts: list[str], *more: object, **named: object) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(texts))
        return real(self, texts, *more, **named)  # type: ignore[arg-type]  # passes on what it was given

    monkeypatch.setattr(TorchScorer, "top_k", top_k)
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    return calls


def best(folder: str, k: int = 2) -> np.ndarray:
    corpus = load_corpus(str(OPTIONS["data"]))
    return load_victim("any", folder, corpus.label_names, "cpu").top_k(corpus.split("test"), k)


def test_a_second_campaign_asks_nothing(asked: list[int]) -> None:
    first = best("other")
    assert asked == [90]
    assert (best("other") == first).all() and asked == [90]
    best("other", k=3), best("plain")
    assert asked == [90] * 3, "another k and another model are asked"


def test_another_model_in_the_same_folder_is_asked(asked: list[int], small: Path, tmp_path: Path) -> None:
    shutil.copytree(small / "plain", tmp_path / "mine")
    first = best(str(tmp_path / "mine"))
    labels = json.loads((tmp_path / "mine" / "labels.json").read_text())
    (tmp_path / "mine" / "labels.json").write_text(json.dumps(labels[::-1]))
    assert (best(str(tmp_path / "mine")) != first).any() and len(asked) == 2


def test_a_python_file_is_always_asked(asked: list[int], small: Path, tmp_path: Path) -> None:
    """What it loads may have changed."""
    file = tmp_path / "mine.py"
    file.write_text(
        "from textattack_xmtc.wrappers import ScorerWrapper\n"
        f"model = ScorerWrapper.from_folder({str(small / 'plain')!r})\n"
    )
    best(str(file)), best(str(file))
    assert asked == [90, 90]


def test_a_damaged_file_is_ignored(asked: list[int], tmp_path: Path) -> None:
    first = best("plain")
    (file,) = (tmp_path / "cache").rglob("best-labels/*.npy")
    whole = file.read_bytes()
    for number, damaged in enumerate((b"", whole[:-1], whole[:-8] + bytes(8), b"\x00" * len(whole), whole[::-1]), 2):
        file.write_bytes(damaged)
        assert (best("plain") == first).all() and len(asked) == number
        assert file.read_bytes() == whole, "and is made again"


def test_what_is_kept_fits_or_is_none(asked: list[int]) -> None:
    answers = np.arange(6).reshape(3, 2)
    keep_answers("key", answers)
    assert read_answers("key", 3, 2) is not None and read_answers("other", 3, 2) is None
    assert read_answers("key", 2, 3) is None and answers.max() < LABELS


def test_what_was_used_longest_ago_is_removed(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    answers = np.zeros((100, 5), dtype=np.int64)
    monkeypatch.setattr(kept_answers, "MOST_BYTES", 10_000)
    for name in ("a", "b", "c"):
        keep_answers(name, answers)
        os.utime(kept_answers._file(name), (ord(name), ord(name)))
    assert read_answers("a", 100, 5) is None and read_answers("b", 100, 5) is not None
    keep_answers("too large", np.zeros((1000, 5), dtype=np.int64))
    assert read_answers("too large", 1000, 5) is None and read_answers("b", 100, 5) is not None


def test_a_cache_that_cannot_be_written(asked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = best("plain")
    shutil.rmtree(tmp_path / "cache" / "xmtc" / "best-labels")
    (tmp_path / "cache" / "xmtc" / "best-labels").write_text("a file in the place of the folder")
    assert (best("plain") == first).all() and len(asked) == 2


def test_the_key_is_of_all_that_shapes_the_answers(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [
        key_of(str(small / "plain"), ["a", "bc"], 5, "probability", "cpu"),
        key_of(str(small / "other"), ["a", "bc"], 5, "probability", "cpu"),
        key_of(str(small / "plain"), ["ab", "c"], 5, "probability", "cpu"),
        key_of(str(small / "plain"), ["a", "bc"], 4, "probability", "cpu"),
        key_of(str(small / "plain"), ["a", "bc"], 5, "logit", "cpu"),
        key_of(str(small / "plain"), ["a", "bc"], 5, "probability", "cuda"),
    ]
    monkeypatch.setattr(kept_answers, "versions", lambda: {"torch": "0"})
    keys.append(key_of(str(small / "plain"), ["a", "bc"], 5, "probability", "cpu"))
    assert len(set(keys)) == len(keys)
