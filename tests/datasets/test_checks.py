"""What is warned of in a corpus."""

from __future__ import annotations

import pytest

from textattack_xmtc.datasets.checks import label_warnings, warnings_of
from textattack_xmtc.datasets.corpus import Corpus, Document


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["eggs", "tea"], []),
        (["0", "17"], ["all 2 labels are integers"]),
        (["0", "tea"], []),
        (["nan", "None", "tea"], ["2 labels like a missing value: 'nan', 'None'"]),
        (["3.0", "4.0"], ["2 labels like a number with a fraction: '3.0', '4.0'"]),
        (["['eggs'", "'tea']"], ["2 labels with brackets, quotes or separators"]),
        (["eggs;tea", "soup"], ["1 label with brackets, quotes or separators: 'eggs;tea'"]),
        (["eggs", "Eggs", "eggs "], ["2 labels unlike another in case, blanks or Unicode form only: 'Eggs', 'eggs '"]),
        (["k\u00e4se", "ka\u0308se"], ["1 label unlike another in case, blanks or Unicode form only: 'ka\u0308se'"]),
    ],
)
def test_names_of_labels(names: list[str], expected: list[str]) -> None:
    warnings = label_warnings(names)
    assert len(warnings) == len(expected)
    assert all(line.startswith(start) for line, start in zip(warnings, expected, strict=True))


def test_a_corpus_with_nothing_unusual() -> None:
    splits = {
        "train": [Document("1", "an egg", ["eggs", "tea"]), Document("2", "tea", ["tea"])],
        "test": [Document("1", "a soup", ["tea"])],
    }
    assert warnings_of(Corpus.from_documents("a", splits)) == []


def test_one_label_a_text() -> None:
    rows = [Document(str(number), f"text {number}", [label]) for number, label in enumerate("ab")]
    assert "no text has more than one label" in warnings_of(Corpus.from_documents("a", {"test": rows}))[0]
