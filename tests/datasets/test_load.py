"""`load_corpus`: which files are taken for what, label names, the stored copy, and what is refused."""

from __future__ import annotations

import csv
import gzip
import json
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from scipy import sparse

from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.datasets import load
from textattack_xmtc.datasets.load import FORMATS, load_corpus
from textattack_xmtc.datasets.readers.jsonl import JsonLines
from textattack_xmtc.errors import DataError, InputError

TEXTS = ["boil an egg", "egg soup", "soup"]
LABELS = [[0], [0, 1], []]
NAMES = ["eggs", "soups"]


def jsonl(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    rows = [{"text": text, "labels": [NAMES[i] for i in own]} for text, own in zip(texts, labels, strict=True)]
    (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def raw_text(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    (folder / f"{split}_raw_texts.txt").write_text("".join(f"{text}\n" for text in texts))
    (folder / f"{split}_labels.txt").write_text("".join(f"{' '.join(NAMES[i] for i in own)}\n" for own in labels))


def xmc_json(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    short = {"train": "trn", "test": "tst"}[split]
    rows = [{"title": text, "content": "", "target_ind": own} for text, own in zip(texts, labels, strict=True)]
    (folder / f"{short}.json.gz").write_bytes(gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode()))
    pairs = "".join(f"{' '.join(f'{i}:1' for i in own)}\n" for own in labels)
    (folder / f"{short}_X_Y.txt").write_text(f"{len(texts)} {len(NAMES)}\n{pairs}")
    (folder / "Y.txt").write_text("".join(f"{name}\n" for name in NAMES))


def pecos(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    short = {"train": "trn", "test": "tst"}[split]
    (folder / f"X.{short}.txt").write_text("".join(f"{text}\n" for text in texts))
    dense = np.zeros((len(texts), len(NAMES)), dtype=np.float32)
    for row, of_text in zip(dense, labels, strict=True):
        row[of_text] = 1
    sparse.save_npz(folder / f"Y.{short}.npz", sparse.csr_matrix(dense))
    (folder / "label_names.txt").write_text("".join(f"{name}\n" for name in NAMES))


def csv_table(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    rows = [[i, text, ",".join(NAMES[j] for j in own)] for i, (text, own) in enumerate(zip(texts, labels, strict=True))]
    with (folder / f"{'dev' if split == 'test' else split}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["guid", "text", "label"], *rows])
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in NAMES))


def hugging_face(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    features = datasets.Features(
        text=datasets.Value("string"), labels=datasets.Sequence(datasets.ClassLabel(names=NAMES))
    )
    rows = datasets.Dataset.from_dict({"text": texts, "labels": labels}, features=features)
    rows.to_parquet(str(folder / f"{split}.parquet"))


def annif_table(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    rows = [f"{text}\t{' '.join(f'<{NAMES[i]}>' for i in own)}\n" for text, own in zip(texts, labels, strict=True)]
    (folder / f"{split}.tsv").write_text("".join(rows))


def annif_folder(folder: Path, texts: Sequence[str], labels: Any, split: Any) -> None:
    (folder / split).mkdir()
    for number, (text, of_text) in enumerate(zip(texts, labels, strict=True)):
        (folder / split / f"{number}.txt").write_text(text)
        (folder / split / f"{number}.key").write_text("".join(f"{NAMES[i]}\n" for i in of_text))


WRITERS = {
    "jsonl": jsonl,
    "raw-text": raw_text,
    "xmc-json": xmc_json,
    "pecos": pecos,
    "csv": csv_table,
    "hugging-face": hugging_face,
    "annif-tsv": annif_table,
    "annif-folder": annif_folder,
}


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    path = tmp_path / "cooking"
    path.mkdir()
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Any:
    return tmp_path / "cache"


def test_every_format_is_tried_here() -> None:
    assert {kind.format for kind in FORMATS} == set(WRITERS)


@pytest.mark.parametrize("format", WRITERS)
def test_every_format_gives_the_same_corpus(folder: Path, cache: Any, format: str) -> None:
    WRITERS[format](folder, TEXTS, LABELS, "train")
    WRITERS[format](folder, TEXTS[:2], LABELS[:2], "test")
    corpus = load_corpus(folder, cache=cache)
    assert corpus.name == "cooking"
    assert corpus.label_names == ("eggs", "soups")
    assert corpus.split("train")["text"][:] == TEXTS
    assert corpus.split("train")["labels"][:] == LABELS
    assert corpus.split("test")["labels"][:] == LABELS[:2]
    assert corpus.issues["train"].without_labels == 1
    assert load_corpus(folder, cache=cache, format=format).label_names == ("eggs", "soups")


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_one_split_is_enough(folder: Path, cache: Any, format: str, split: str) -> None:
    WRITERS[format](folder, TEXTS, LABELS, split)
    assert set(load_corpus(folder, cache=cache).splits) == {split}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.jsonl", "train"),
        ("tib-train.jsonl", "train"),
        ("trn.json", "train"),
        ("my_train_part.jsonl", "train"),
        ("test.jsonl", "test"),
        ("data.jsonl", "test"),
        ("trains.jsonl", "test"),
        ("constraint.jsonl", "test"),
    ],
)
def test_a_single_file_is_the_split_that_its_name_says(folder: Path, cache: Any, name: str, split: str) -> None:
    (folder / name).write_text('{"text": "x", "labels": ["a"]}\n')
    corpus = load_corpus(folder / name, cache=cache)
    assert set(corpus.splits) == {split}
    assert corpus.name == name.split(".")[0]


def test_single_files_of_formats_with_two_files(folder: Path, cache: Any) -> None:
    raw_text(folder, TEXTS, LABELS, "train")
    assert load_corpus(folder / "train_raw_texts.txt", cache=cache).split("train")["labels"][:] == LABELS
    pecos(folder, TEXTS, LABELS, "test")
    assert load_corpus(folder / "Y.tst.npz", cache=cache).split("test")["labels"][:] == LABELS


def test_splits_may_be_of_different_formats(folder: Path, cache: Any) -> None:
    csv_table(folder, TEXTS, LABELS, "train")
    jsonl(folder, TEXTS[:1], LABELS[:1], "test")
    corpus = load_corpus(folder, cache=cache)
    assert (len(corpus.split("train")), len(corpus.split("test"))) == (3, 1)


@pytest.mark.parametrize("other", ["csv", "hugging-face"])
def test_a_split_in_two_formats_must_be_chosen(folder: Path, cache: Any, other: str) -> None:
    WRITERS[other](folder, TEXTS, LABELS, "train")
    jsonl(folder, TEXTS[:1], LABELS[:1], "train")
    with pytest.raises(DataError, match=f"several formats: .*({other}, jsonl|jsonl, {other}).*format="):
        load_corpus(folder, cache=cache)
    assert len(load_corpus(folder, cache=cache, format="jsonl").split("train")) == 1
    assert len(load_corpus(folder, cache=cache, format=other).split("train")) == 3


def test_integer_labels_are_called_by_their_digits_or_by_a_file_of_names(
    folder: Path, cache: Any, tmp_path: Path
) -> None:
    (folder / "train.jsonl").write_text('{"text": "x", "labels": [10, 9]}\n{"text": "y", "labels": [9, 11]}\n')
    assert load_corpus(folder, cache=cache).label_names == ("9", "10", "11")
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"9": "nine"}))
    assert load_corpus(folder, cache=cache, label_names=names).label_names == ("nine", "10", "11")
    with pytest.raises(DataError, match=r"gone\.json does not exist: expected a file of label names"):
        load_corpus(folder, cache=cache, label_names=tmp_path / "gone.json")


def test_a_file_of_label_names_by_either_keyword_and_no_other_keyword(folder: Path, cache: Any, tmp_path: Path) -> None:
    (folder / "train.jsonl").write_text('{"text": "x", "labels": [0]}')
    (tmp_path / "names.json").write_text(json.dumps({"0": "nought"}))
    for keyword in ("label_names", "label_file"):
        assert load_corpus(folder, cache=cache, **{keyword: str(tmp_path / "names.json")}).label_names == ("nought",)
    with pytest.raises(TypeError, match="text_colum"):
        load_corpus(folder, cache=cache, text_colum="x")


def test_labels_that_the_files_state_exist_though_they_never_occur(folder: Path, cache: Any) -> None:
    xmc_json(folder, TEXTS, [[0], [0], []], "train")
    (folder / "Y.txt").unlink()
    assert load_corpus(folder, cache=cache).label_names == ("0", "1")


def test_numbers_of_labels_that_differ_are_refused(folder: Path, cache: Any) -> None:
    pecos(folder, TEXTS, LABELS, "train")
    (folder / "label_names.txt").write_text("eggs\nsoups\nstews\n")
    with pytest.raises(DataError, match=r"number of labels differs .*Y\.trn\.npz: 2; .*label_names\.txt: 3"):
        load_corpus(folder, cache=cache)


def test_an_absurd_number_of_labels_is_refused(folder: Path, cache: Any) -> None:
    xmc_json(folder, TEXTS, LABELS, "train")
    (folder / "Y.txt").unlink()
    path = folder / "trn_X_Y.txt"
    path.write_text(path.read_text().replace("3 2", "3 99999999999"))
    with pytest.raises(DataError, match="state 99999999999 labels"):
        load_corpus(folder, cache=cache)


def test_files_are_read_once_as_long_as_they_stay_the_same(
    folder: Path, cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    original = JsonLines.documents
    monkeypatch.setattr(JsonLines, "documents", lambda self, *given: reads.append(1) or original(self, *given))
    jsonl(folder, TEXTS, LABELS, "train")
    first = load_corpus(folder, cache=cache)
    again = load_corpus(folder, cache=cache)
    assert len(reads) == 1
    assert again.split("train")[:] == first.split("train")[:]
    assert (again.label_names, again.issues) == (first.label_names, first.issues)

    file = folder / "train.jsonl"
    file.write_text(file.read_text().replace("boil", "cook"))  # of the same length
    os.utime(file, ns=(0, 1))
    assert load_corpus(folder, cache=cache).split("train")["text"][0] == "cook an egg"
    assert len(reads) == 2
    (folder / "label_names.json").write_text('{"eggs": "Eier"}')
    assert load_corpus(folder, cache=cache).label_names == ("Eier", "soups")


def test_other_columns_of_the_same_files_are_another_corpus(folder: Path, cache: Any) -> None:
    rows = {"text": ["x"], "title": ["y"], "labels": [["a"]], "tags": [["b"]]}
    datasets.Dataset.from_dict(rows).to_parquet(str(folder / "train.parquet"))
    assert load_corpus(folder, cache=cache).label_names == ("a",)
    other = load_corpus(folder, text_column="title", label_column="tags", cache=cache)
    assert (other.split("train")["text"][:], other.label_names) == (["y"], ("b",))


def test_a_reading_that_fails_leaves_nothing_behind(folder: Path, cache: Any) -> None:
    jsonl(folder, TEXTS, LABELS, "train")
    with (folder / "train.jsonl").open("a") as file:
        file.write("{\n")
    with pytest.raises(DataError, match=r"train\.jsonl, line 4"):
        load_corpus(folder, cache=cache)
    assert [entry for entry in cache.iterdir() if entry.is_dir()] == []


def test_a_full_disk_is_an_error_of_ours(folder: Path, cache: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    jsonl(folder, TEXTS, LABELS, "train")
    monkeypatch.setattr(load, "write_corpus", full)
    with pytest.raises(DataError, match=r"No space left on device.*TA_CACHE_DIR"):
        load_corpus(folder, cache=cache)
    assert [entry for entry in cache.iterdir() if entry.is_dir()] == []


def test_the_stored_copy_is_below_textattacks_cache_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "ta"))
    jsonl(folder, TEXTS, LABELS, "train")
    load_corpus(folder)
    (stored,) = (path for path in (tmp_path / "ta" / "xmtc" / "corpora").iterdir() if path.is_dir())
    assert re.fullmatch(r"cooking-[0-9a-f]{16}", stored.name)


def test_what_was_unusual_is_said(folder: Path, cache: Any, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "test.jsonl").write_text('{"text": "", "labels": ["a", "a"]}\n')
    with caplog.at_level(logging.WARNING):
        load_corpus(folder, cache=cache)
    assert "test of" in caplog.text
    assert "1 empty texts, 1 repeated labels (kept once)" in caplog.text


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "expected `train` and `test` files .*, got an empty folder"),
        (
            {"notes.md": "x", "holdout.jsonl": "x"},
            r"expected `train` and `test` files .*, got holdout\.jsonl, notes\.md",
        ),
    ],
)
def test_folders_without_known_files_are_refused_with_what_they_hold(
    folder: Path, cache: Any, files: dict[str, str], message: str
) -> None:
    for name, content in files.items():
        (folder / name).write_text(content)
    with pytest.raises(DataError, match=message):
        load_corpus(folder, cache=cache)


@pytest.mark.parametrize(
    ("content", "message"),
    [("It begins.\n", "got 'It begins.'"), ("", "got 'no line that can be read'"), ("[1]\n", r"got '\[1\]'")],
)
def test_files_of_no_known_format_are_refused_with_their_first_line(
    folder: Path, cache: Any, content: str, message: str
) -> None:
    (folder / "prose").write_text(content)
    with pytest.raises(DataError, match=f"prose: expected a file in one of the formats jsonl, .*{message}"):
        load_corpus(folder / "prose", cache=cache)


def test_paths_and_formats_that_do_not_exist(folder: Path, cache: Any) -> None:
    with pytest.raises(DataError, match="gone is neither a folder nor a file"):
        load_corpus(folder / "gone", cache=cache)
    with pytest.raises(InputError, match="unknown data format 'arff'; choose one of jsonl, raw-text"):
        load_corpus(folder, format="arff", cache=cache)


@needs_shared("data/tib-bench/label_names.json")
@pytest.mark.slow
def test_a_real_collection_with_names_beside_it(cache: Any) -> None:
    corpus = load_corpus(SHARED / "data" / "tib-bench", cache=cache)
    assert (len(corpus.split("train")), len(corpus.split("test"))) == (40_052, 8_935)
    assert len(corpus.label_names) == 11_795
    assert not any(name.startswith("gnd:") for name in corpus.label_names)
    assert corpus.label_counts[0] == corpus.label_counts.max()
