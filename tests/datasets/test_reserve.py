"""A reserve: drawn by ids alone, and the same wherever it is asked for."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.reserve import RESERVE, reserve_facts, reserve_of, set_aside
from textattack_xmtc.errors import InputError

DOCUMENTS = [Document(f"id {number}", f"text {number}", [f"label {number % 3}"]) for number in range(1000)]


def corpus(documents: list[Document]) -> Corpus:
    return Corpus.from_documents("numbers", {"train": documents, "test": DOCUMENTS[:1]})


def ids(parted: Corpus) -> dict[str, set[str]]:
    return {name: set(parted.split(name)["id"]) for name in ("train", *RESERVE)}


def test_every_text_is_in_one_part_and_neither_order_nor_other_texts_matter() -> None:
    parts = ids(set_aside(corpus(DOCUMENTS), 0.2))
    assert sum(map(len, parts.values())) == 1000 and len(set.union(*parts.values())) == 1000
    assert all(60 < len(parts[name]) < 140 for name in RESERVE)
    shuffled = [DOCUMENTS[number] for number in np.random.default_rng(0).permutation(1000)[:600]]
    assert all(ids(set_aside(corpus(shuffled), 0.2))[name] <= parts[name] for name in parts)


def test_corpora_that_are_themselves_drawn_by_a_digest_of_their_ids() -> None:
    """As `tib-ci` is: a digest of the id alone would set most of such a corpus aside."""
    drawn = [row for row in DOCUMENTS if hashlib.sha256(row.id.encode()).digest()[0] < 64]
    assert len(drawn) > 200
    kept = len(set_aside(corpus(drawn), 0.2).split("train"))
    assert 0.7 < kept / len(drawn) < 0.9


def test_a_larger_share_holds_a_smaller_one() -> None:
    small, large = (ids(set_aside(corpus(DOCUMENTS), share)) for share in (0.1, 0.3))
    assert all(small[name] < large[name] for name in RESERVE) and large["train"] < small["train"]


def test_the_counts_of_labels_are_those_of_the_texts_that_are_left() -> None:
    whole, parted = corpus(DOCUMENTS), set_aside(corpus(DOCUMENTS), 0.5)
    assert whole.label_counts.sum() == 1000 and parted.label_counts.sum() == len(parted.split("train"))
    assert set_aside(whole, 0) is whole and reserve_facts(whole, 0) is None


def test_another_reserve_is_refused() -> None:
    facts = reserve_facts(set_aside(corpus(DOCUMENTS), 0.2), 0.2)
    training = {"corpus": {"reserve": facts}}
    assert ids(reserve_of(corpus(DOCUMENTS[::-1]), training)) == ids(set_aside(corpus(DOCUMENTS), 0.2))
    renamed = [document._replace(id=f"{document.id}x") for document in DOCUMENTS]
    with pytest.raises(InputError, match="differs from the one that the model's training set aside"):
        reserve_of(corpus(renamed), training)
    assert RESERVE[0] not in reserve_of(corpus(DOCUMENTS), {"corpus": {"reserve": None}}).splits
