"""A corpus as the examples of an attack, and the examples of the goals in TextAttack's Attacker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textattack import AttackArgs, Attacker
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult
from textattack.shared.utils import set_seed

from tests.toolkit.victims import bag, proposing
from textattack_xmtc import XMTCDataset, XMTCNegative, XMTCPositive, XMTCUntargeted, load_corpus
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.targets import GroundTruth

DOCUMENTS = [
    Document("1", "how to boil an egg", ["eggs", "boiling"]),
    Document("2", "egg salad with oil", ["eggs", "salad", "oil"], ["salad"]),
    Document("3", "no labels at all", []),
    Document("4", "two targets", ["eggs", "oil"], ["oil", "eggs"]),
    Document("5", "a wrong target", ["eggs"], ["boiling"]),
    Document("6", "asked for nothing", ["eggs"], []),
]


@pytest.fixture
def corpus() -> Corpus:
    return Corpus.from_documents("eggs", {"train": DOCUMENTS[:1], "test": DOCUMENTS})


def rows(dataset: Any) -> list[Any]:
    return [(example["text"], GroundTruth.decode(truth)) for example, truth in dataset]


def test_one_example_a_true_label_where_there_are_no_targets(corpus: Corpus) -> None:
    assert rows(XMTCDataset(corpus)) == [
        ("how to boil an egg", GroundTruth(("eggs", "boiling"), ("eggs",))),
        ("egg salad with oil", GroundTruth(("eggs", "salad", "oil"), ("salad",))),
        ("no labels at all", GroundTruth((), None)),
        ("two targets", GroundTruth(("eggs", "oil"), ("oil", "eggs"))),
        ("a wrong target", GroundTruth(("eggs",), ("boiling",))),
        ("asked for nothing", GroundTruth(("eggs",), ())),
        # the second turn
        ("how to boil an egg", GroundTruth(("eggs", "boiling"), ("boiling",))),
    ]


def test_each_turn_takes_another_label_of_every_text() -> None:
    documents = [Document(str(number), f"text {number}", ["a", "b", "c"]) for number in range(3)]
    corpus = Corpus.from_documents("turns", {"test": documents})
    assert [(text, truth.targets) for text, truth in rows(XMTCDataset(corpus))] == [
        *[("text 0", ("a",)), ("text 1", ("b",)), ("text 2", ("c",))],
        *[("text 0", ("b",)), ("text 1", ("c",)), ("text 2", ("a",))],
        *[("text 0", ("c",)), ("text 1", ("a",)), ("text 2", ("b",))],
    ]


def test_one_example_a_text(corpus: Corpus) -> None:
    dataset = XMTCDataset(corpus, one_per_label=False)
    expected = [
        (row.text, GroundTruth(tuple(row.labels), None if row.targets is None else tuple(row.targets)))
        for row in DOCUMENTS
    ]
    assert rows(dataset) == expected


def test_aiming_lays_the_rows_out_anew(corpus: Corpus) -> None:
    dataset = XMTCDataset(corpus)
    before = rows(dataset)
    dataset.aim(one_per_label=False)
    assert len(dataset) == 6
    dataset.aim(one_per_label=True)
    assert rows(dataset) == before


def test_labels_travel_by_name(corpus: Corpus) -> None:
    _, truth = XMTCDataset(corpus)[6]
    assert json.loads(truth) == {"labels": ["eggs", "boiling"], "targets": ["boiling"]}


def test_the_splits_are_those_of_the_corpus(corpus: Corpus) -> None:
    assert len(XMTCDataset(corpus, "train")) == 2
    with pytest.raises(DataError, match="corpus 'eggs' has no split 'dev'; choose one of test, train"):
        XMTCDataset(corpus, "dev")


def test_it_is_a_data_set_of_textattacks(corpus: Corpus) -> None:
    dataset = XMTCDataset(corpus)
    assert [example["text"] for example, _ in dataset[0:2]] == ["how to boil an egg", "egg salad with oil"]
    assert dataset[-1][0]["text"] == "how to boil an egg"
    with pytest.raises(IndexError):
        dataset[7]
    before = rows(dataset)
    set_seed(0)
    dataset.shuffle()
    assert rows(dataset) != before and sorted(map(repr, rows(dataset))) == sorted(map(repr, before))


def test_an_empty_split_has_no_examples() -> None:
    assert len(XMTCDataset(Corpus.from_documents("nothing", {"test": []}))) == 0


def test_from_a_file_with_and_without_targets(tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    lines = [{"text": "first", "labels": ["a", "b"]}, {"text": "second", "labels": ["a"], "targets": ["b"]}]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert rows(XMTCDataset(load_corpus(file, cache=tmp_path / "cache"))) == [
        ("first", GroundTruth(("a", "b"), ("a",))),
        ("second", GroundTruth(("a",), ("b",))),
        ("first", GroundTruth(("a", "b"), ("b",))),
    ]


# Through TextAttack's Attacker ----------------------------------------------------------------------------------------

WEIGHTS = {"amber": [5, 0, 0, 0], "basalt": [0, 5, 0, 0], "zinc": [0, 0, 1, 9]}
TEXTS = ["amber then basalt and amber", "basalt once more and basalt", "amber amber amber amber"]


def attacked(recipe: Any, labels: Any, one_per_label: bool = True, **arguments: Any) -> Any:
    documents = [Document(str(number), text, labels) for number, text in enumerate(TEXTS)]
    corpus = Corpus.from_documents("stones", {"test": documents})
    model = bag(WEIGHTS, [0, 0, 1, 0], label_names=["amber", "basalt", "stone", "metal"])
    attack = recipe.build(model, k=2, max_change_rate=1.0, masked_lm=proposing("zinc"), encoder="embedded")
    dataset = XMTCDataset(corpus, one_per_label=one_per_label)
    settings = {"num_examples": -1, "silent": True, "disable_stdout": True, **arguments}
    return Attacker(attack, dataset, AttackArgs(**settings)).attack_dataset()


def test_every_true_label_is_attacked_or_skipped_with_its_reason() -> None:
    results = attacked(XMTCPositive, ["amber", "basalt"])
    done, skipped = (SuccessfulAttackResult, ""), (SkippedAttackResult, "skipped: no target is among the top 2")
    outcomes = [(type(result), result.perturbed_result.reason) for result in results]
    assert outcomes == [done, done, done, done, skipped, skipped]


def test_true_labels_that_training_did_not_have_are_skipped() -> None:
    results = attacked(XMTCPositive, ["amber", "new in the test split"])
    assert [type(result) for result in results].count(SuccessfulAttackResult) == 2
    reasons = [result.perturbed_result.reason for result in results if isinstance(result, SkippedAttackResult)]
    assert reasons.count("skipped: the victim knows none of the targets new in the test split") == 3


@pytest.mark.parametrize("recipe", [XMTCNegative, XMTCUntargeted])
def test_one_attack_a_text_with_the_other_goals(recipe: type[Any]) -> None:
    results = attacked(recipe, ["amber", "basalt"], one_per_label=False)
    assert len(results) == 3
    assert all(isinstance(result, SuccessfulAttackResult) for result in results)


def test_attack_n_counts_what_was_attacked() -> None:
    results = attacked(XMTCPositive, ["amber", "basalt"], num_examples=3, attack_n=True)
    assert sum(not isinstance(result, SkippedAttackResult) for result in results) == 3


def test_integer_labels_are_indices_of_a_victim_with_names(capsys: pytest.CaptureFixture[str]) -> None:
    results = attacked(XMTCPositive, ["0", "1"])
    assert [type(result) for result in results].count(SuccessfulAttackResult) == 4
    assert "xmtc: the labels of 'stones' are integers: they are taken as indices" in capsys.readouterr().err


@pytest.mark.parametrize("labels", [["0", "4"], ["gneiss"]])
def test_data_whose_labels_the_victim_does_not_know_are_refused(labels: list[str]) -> None:
    with pytest.raises(InputError, match=r"none of the . labels of 'stones', .* is one of the victim's 4"):
        attacked(XMTCPositive, labels)
