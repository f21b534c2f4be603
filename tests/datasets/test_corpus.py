"""The corpus type: label order, counts, the label matrix, in memory and stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.documents import documents
from textattack_xmtc.datasets import storage
from textattack_xmtc.datasets.corpus import Corpus, Document, SplitIssues
from textattack_xmtc.errors import DataError

few_labels = st.sampled_from(["a", "b", "c", "ä", "10", "9"])
with_targets = st.builds(
    lambda rows, targets: [row._replace(targets=given) for row, given in zip(rows, targets, strict=False)] or rows,
    documents(label=few_labels, max_labels=4),
    st.lists(st.none() | st.lists(few_labels, max_size=3), min_size=1, max_size=6),
)
two_splits = st.fixed_dictionaries({}, optional={"train": with_targets, "test": with_targets}).filter(bool)


def stored(folder: Path, splits: Any, label_names: Any = ()) -> Any:
    storage.write_corpus(folder, "drawn", splits, label_names)
    return storage.open_corpus(folder)


def as_names(corpus: Corpus, split: str) -> list[Document]:
    names = corpus.label_names
    return [
        Document(
            row["id"],
            row["text"],
            [names[label] for label in row["labels"]],
            None if row["targets"] is None else [names[label] for label in row["targets"]],
        )
        for row in corpus.split(split)
    ]


def once(labels: Any) -> Any:
    return None if labels is None else list(dict.fromkeys(labels))


@given(splits=two_splits)
def test_both_ways_to_make_a_corpus_keep_what_was_given_and_order_labels_by_frequency(
    splits: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for corpus in (Corpus.from_documents("drawn", splits), stored(tmp_path_factory.mktemp("stored"), splits)):
        for split, rows in splits.items():
            assert as_names(corpus, split) == [
                row._replace(labels=once(row.labels), targets=once(row.targets)) for row in rows
            ]
        reference = splits.get("train", splits.get("test"))
        counts = Counter(label for row in reference for label in set(row.labels))
        every = {label for rows in splits.values() for row in rows for label in [*row.labels, *(row.targets or ())]}
        assert list(corpus.label_names) == sorted(every, key=lambda label: (-counts[label], label))
        if "train" in splits:
            assert corpus.label_counts.tolist() == [counts[label] for label in corpus.label_names]
        else:
            assert not corpus.label_counts.any()
        for split, rows in splits.items():
            matrix = corpus.label_matrix(split)
            assert matrix.shape == (len(rows), len(every))
            for dense, row in zip(matrix.toarray(), rows, strict=True):
                assert {corpus.label_names[label] for label in np.flatnonzero(dense)} == set(row.labels)


def test_findings_count_what_is_unusual(tmp_path: Path) -> None:
    rows = [
        Document("1", "x", ["a", "b", "a", "a"]),
        Document("2", " \n", []),
        Document("3", "y", []),
    ]
    for corpus in (Corpus.from_documents("odd", {"test": rows}), stored(tmp_path, {"test": rows})):
        assert corpus.issues == {"test": SplitIssues(3, without_labels=2, without_text=1, repeated_labels=2)}
        assert str(corpus.issues["test"]) == ("2 texts without labels, 1 empty texts, 2 repeated labels (kept once)")


def test_labels_that_never_occur_belong_to_the_label_space(tmp_path: Path) -> None:
    corpus = stored(tmp_path, {"train": [Document("1", "x", ["b"])]}, ["c", "b", "a"])
    assert corpus.label_names == ("b", "a", "c")
    assert corpus.label_counts.tolist() == [1, 0, 0]


def test_a_given_label_list_is_kept_and_must_hold_every_label() -> None:
    rows = [Document("1", "x", ["b"]), Document("2", "x", ["a"])]
    corpus = Corpus.from_documents("given", {"train": rows}, ["a", "c", "b"])
    assert corpus.label_names == ("a", "c", "b")
    assert corpus.split("train")["labels"][:] == [[2], [0]]
    with pytest.raises(DataError, match="document '2' of given/train has the label 'a'"):
        Corpus.from_documents("given", {"train": rows}, ["b"])


def test_counts_and_matrix_follow_a_selection_of_rows() -> None:
    rows = [Document(str(number), "x", ["a"] if number % 2 else ["a", "b"]) for number in range(10)]
    corpus = Corpus.from_documents("all", {"train": rows})
    part = Corpus("part", corpus.label_names, {"train": corpus.split("train").select([1, 2, 3])})
    assert part.label_counts.tolist() == [3, 1]
    assert part.label_matrix("train").toarray().tolist() == [[1, 0], [1, 1], [1, 0]]


def test_a_split_that_is_not_there() -> None:
    corpus = Corpus.from_documents("one", {"train": [Document("1", "x", ["a"])]})
    with pytest.raises(DataError, match="corpus 'one' has no split 'test'; choose one of train"):
        corpus.split("test")


def test_a_split_without_documents_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="split 'test' of 'drawn' has no document"):
        stored(tmp_path, {"train": [Document("1", "x", [])], "test": []})


def test_stored_texts_are_memory_mapped_in_small_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_BATCH_CHARACTERS", 50)
    rows = [Document(str(number), "x" * 20, ["a"]) for number in range(10)]
    corpus = stored(tmp_path, {"train": rows})
    assert as_names(corpus, "train") == rows
    assert [batch.num_rows for batch in corpus.split("train").data.to_batches()] == [3, 3, 3, 1]
    assert [file["filename"] for file in corpus.split("train").cache_files] == [str(tmp_path / "train.arrow")]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["labels.json", "train.arrow"]


@pytest.mark.parametrize("file", ["labels.json", "train.arrow"])
@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_damaged_store_says_what_to_do(tmp_path: Path, file: str, damage: str) -> None:
    stored(tmp_path, {"train": [Document("1", "x" * 1000, ["a"])]})
    if damage == "missing":
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:20])
    with pytest.raises(DataError, match=r"expected a complete stored corpus .*delete the folder"):
        storage.open_corpus(tmp_path)


def test_rows_behave_like_any_hugging_face_dataset(tmp_path: Path) -> None:
    corpus = stored(tmp_path, {"train": [Document("1", "x", ["a"]), Document("2", "y", ["b"])]})
    rows = corpus.split("train")
    assert isinstance(rows, datasets.Dataset)
    assert rows.filter(lambda row: row["text"] == "y")["id"][:] == ["2"]
