"""Label-aware candidates, against a plain recomputation, and what they fall back on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from textattack.shared import AttackedText, logger

from tests.toolkit.plain_candidates import STOPS, TEXTS, expected_proposals, proposals, swap_of
from tests.toolkit.victims import bag, proposing
from textattack_xmtc.attack_recipes import XMTCNegative, XMTCNegativeLabelAware, XMTCPositive
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted
from textattack_xmtc.search_methods import FirstCandidate, MaskedDelta
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import WordSwapLabelAware, WordSwapLearning, word_swap_named
from textattack_xmtc.transformations.label_word_sources import WordVectors
from textattack_xmtc.transformations.word_swap_label_aware import in_turns
from textattack_xmtc.words import word_spans

NAMES = ["stones", "tools", "rocks", "17"]


class Known:
    """A source of words that is a table."""

    name = "a table"

    def __init__(self, **words: Sequence[str]) -> None:
        self.words = words

    def of(self, label: str | int) -> Sequence[str]:
        return self.words.get(str(label), ())


def goal_on(
    text: str,
    targets: Sequence[str],
    kind: Any = NegativeTargeted,
    labels: Any = ("stones",),
    base: Any = (4, 0, 0, 0),
    k: int = 1,
) -> Any:
    goal = kind(bag({}, base, label_names=NAMES), k=k)
    goal.init_attack_example(AttackedText(text), GroundTruth(tuple(labels), tuple(targets)).encode())
    return goal


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.WARNING, logger=logger.name)
    yield lambda: [record.getMessage() for record in caplog.records if record.name == logger.name]
    logger.removeHandler(caplog.handler)


# Against a plain recomputation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
@pytest.mark.parametrize(("plausible", "number"), [(1, 5), (12, 3), (12, 48), (500, 6)])
def test_candidates_are_the_labels_words_among_the_plausible_ones(family: str, plausible: int, number: int) -> None:
    random = np.random.default_rng(plausible + number)
    everything = expected_proposals(family, TEXTS[0], 500)
    words = sorted({word.lower() for found in everything for word in found})
    label = [*random.permutation(words)[: len(words) // 2].tolist(), *sorted(STOPS)[:3]]
    tried = 0
    for text in TEXTS[:3]:
        swap = WordSwapLabelAware(swap_of(family), goal_on(text, ["rocks"]), [Known(rocks=label)], number, plausible)
        for index, near in enumerate(expected_proposals(family, text, plausible)):
            # Another goal for each place: nothing is learnt yet.
            swap = WordSwapLabelAware(
                swap_of(family), goal_on(text, ["rocks"]), [Known(rocks=label)], number, plausible
            )
            best: dict[Any, Any] = {}
            for word in near:
                best.setdefault(word.lower(), word)
            expected = [best[word] for word in label if word in best][:number]
            assert proposals(swap, text, [index]) == [expected]
            tried += len(expected)
    assert tried > 5


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_a_word_of_several_pieces_is_as_plausible_as_its_first(family: str) -> None:
    lm, tried = swap_of(family), {True: 0, False: 0}
    label = ["unheardof", "ofthe", "stonework", "2,000", "not a word", "12"]
    for text in TEXTS[:3]:
        for index, (word, span) in enumerate(places_of(text)):
            (logits,) = lm._mask_logits(text, [span])
            table = lm.vocabulary
            whole = np.flatnonzero(table.whole_at_start if index == 0 else table.whole)
            expected = []
            for own in label[:3]:
                pieces = lm.tokenizer(f" {own}", add_special_tokens=False)["input_ids"]
                if len(pieces) > 1 and lm.tokenizer.unk_token_id not in pieces:
                    fits = bool(logits[pieces[0]] >= np.sort(logits[whole].numpy())[-20])
                    expected += [own] if fits and own != word.lower() else []
                    tried[fits] += 1
            swap = WordSwapLabelAware(lm, goal_on(text, ["rocks"]), [Known(rocks=label)], plausible=20)
            (found,) = proposals(swap, text, [index]) or [[]]
            assert [own for own in found if own in label] == expected
    assert family == "bert" or (tried[True] and tried[False]), tried


def places_of(text: str) -> list[Any]:
    words = AttackedText(text).words
    return list(zip(words, word_spans(text, words), strict=True))


def test_several_labels_take_turns() -> None:
    assert in_turns([["a", "b", "c"], [], ["b", "d"]]) == ("a", "b", "d", "c")
    swap = WordSwapLabelAware(
        proposing("zinc", "lead", "iron", "saw"),
        goal_on("some amber", ["rocks", "tools"], base=(4, 0, 0, 3), k=2),
        [Known(rocks=["zinc", "iron"], tools=["saw"])],
    )
    assert proposals(swap, "some amber", [1]) == [["saw", "zinc", "iron"]]


def test_labels_that_compete_with_falling_targets_give_the_words() -> None:
    goal = goal_on("some amber", ["stones"], PositiveTargeted, ["stones"], base=(4, 0, 3, 0), k=2)
    swap = WordSwapLabelAware(proposing("zinc", "saw"), goal, [Known(stones=["saw"], rocks=["zinc"])])
    assert proposals(swap, "some amber", [1]) == [["zinc"]]


# What the victim has answered -----------------------------------------------------------------------------------------


def test_words_that_did_well_come_first_and_then_new_ones() -> None:
    weights = {"zinc": [0, 0, 1, 0], "iron": [0, 0, 3, 0], "lead": [0, 0, -1, 0], "saw": [0, 0, 2, 0]}
    goal = NegativeTargeted(bag(weights, [50, 0, 0, 0], label_names=NAMES), k=1)
    text = AttackedText("amber basalt flint granite")
    goal.init_attack_example(text, GroundTruth(("stones",), ("rocks",)).encode())
    words = ["zinc", "iron", "lead", "saw", "gold", "tin"]
    swap = WordSwapLabelAware(proposing(*words), goal, [Known(rocks=words)], max_candidates=4)

    def tried(place: int) -> list[str]:
        texts = swap(text, indices_to_modify=[place])
        goal.objective_values([one.text for one in texts])
        return [one.words[place] for one in texts]

    assert tried(0) == ["zinc", "iron", "lead", "saw"]
    assert tried(1) == ["iron", "gold"], "half as many: the best, then a new one"
    assert tried(2) == ["iron", "tin"]
    assert tried(3) == ["iron"], "no new word is left"
    goal.init_attack_example(AttackedText(text.text), GroundTruth(("stones",), ("rocks",)).encode())
    assert tried(0) == ["zinc", "iron", "lead", "saw"], "another example begins anew"


def test_of_a_word_tried_at_several_places_at_once_the_mean_counts() -> None:
    weights = {"zinc": [0, 0, 2, 0], "iron": [0, 0, 1, 0], "amber": [0, 0, -2, 0]}
    goal = NegativeTargeted(bag(weights, [50, 0, 0, 0], label_names=NAMES), k=1)
    text = AttackedText("amber basalt flint")
    goal.init_attack_example(text, GroundTruth(("stones",), ("rocks",)).encode())
    words = ["zinc", "iron"]
    swap = WordSwapLabelAware(proposing(*words), goal, [Known(rocks=words)])
    texts = swap(text, indices_to_modify=[0, 1])
    goal.objective_values([one.text for one in texts])
    # In place of amber they bring 4 and 3, elsewhere 2 and 1.
    swap(text, indices_to_modify=[2])
    assert swap._learnt.gains == {"zinc": (1 + 0.5) / 2, "iron": (0.75 + 0.25) / 2}


def test_a_hidden_direction_is_learnt_from_answers() -> None:
    base = swap_of("bert", max_candidates=8)
    vectors = WordVectors(base)
    hidden = np.random.default_rng(3).normal(size=vectors.vectors.shape[1])
    weights = {word: [0, float(vector @ hidden)] for word, vector in zip(vectors.words, vectors.vectors, strict=True)}
    goal = NegativeTargeted(bag(weights, [1000, 0]), k=1)
    text = AttackedText("amber basalt flint granite topaz quartz slate marble")
    goal.init_attack_example(text, GroundTruth((0,), (1,)).encode())
    swap = WordSwapLearning(base, goal, plausible=500)
    means = []
    for place in range(8):
        texts = swap(text, indices_to_modify=[place])
        means.append(np.mean([weights[one.words[place].lower()][1] for one in texts][:4]))
        goal.objective_values([one.text for one in texts])
    assert len(texts) == 8
    average = np.mean([value for _, value in weights.values()])
    assert np.mean(means[4:]) > np.mean(means[:2]) and np.mean(means[4:]) > average


# Fallbacks ------------------------------------------------------------------------------------------------------------


def test_a_label_without_words_falls_back_and_says_so_once(messages: Callable[[], list[str]]) -> None:
    words = {"tools": ["saw"]}
    sources = [Known(), Known(**words)]
    sources[0].name = "training texts"
    swap = WordSwapLabelAware(proposing("zinc", "saw"), goal_on("some amber", ["tools"]), sources)
    assert proposals(swap, "some amber", [1]) == [["saw"]]
    for target in ("17", "rocks", "tools"):
        swap.goal_function = goal_on("some amber", [target])
        expected = ["saw"] if target == "tools" else ["zinc", "saw"]
        assert proposals(swap, "some amber", [1]) == [expected]
    assert messages() == [
        "xmtc: a label without training texts, such as 'tools', takes its a table (warned once)",
        "xmtc: nothing is known of a label such as '17': the masked LM's own candidates are tried (warned once)",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda goal: WordSwapLabelAware(proposing("a"), goal, []), "there is no source of words"),
        (lambda goal: WordSwapLabelAware(proposing("a"), goal, [Known()], 0), "max_candidates=0"),
        (lambda goal: WordSwapLabelAware(proposing("a"), goal, [Known()], plausible=0), "plausible=0"),
        (lambda goal: WordSwapLearning(proposing("a"), goal, 0), "max_candidates=0"),
        (lambda goal: word_swap_named("best", proposing("a"), goal), "unknown candidate_source='best'; choose mas"),
        (lambda goal: word_swap_named("label-texts", proposing("a"), goal), "there are none; give data=FOLDER"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[..., Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(goal_on("some amber", ["tools"]))


# The recipe -----------------------------------------------------------------------------------------------------------

DATA = Corpus.from_documents(
    "rocks",
    {"train": [Document("1", "copper and zinc ore", ["rocks"]), Document("2", "saw and hammer of iron", ["tools"])]},
)
WEIGHTS = {"zinc": [0, 0, 3, 0], "ore": [0, 0, 2, 0]}
TEXT = "the amber on basalt and flint of some other kind with amber"
TRUTH = GroundTruth(("stones",), ("rocks",)).encode()


def build(recipe: Any, **options: Any) -> Any:
    victim = bag(WEIGHTS, [4, 0, 0, 0], label_names=NAMES)
    lm = proposing(*[f"word{letter}" for letter in "abcdefghijk"], "ore", "zinc", max_candidates=4)
    return recipe.build(victim, k=1, max_change_rate=0.5, masked_lm=lm, encoder="embedded", **options)


def test_the_recipe_succeeds_where_the_papers_candidates_cannot() -> None:
    assert type(build(XMTCNegative).attack(TEXT, TRUTH)).__name__ == "FailedAttackResult"
    result = build(XMTCNegativeLabelAware, data=DATA).attack(TEXT, TRUTH)
    assert type(result).__name__ == "SuccessfulAttackResult"
    first, final = result.original_result.attacked_text, result.perturbed_result.attacked_text
    assert {final.words[place] for place in first.all_words_diff(final)} <= {"zinc", "ore"}


def test_the_recipe_is_not_algorithm_1_and_the_papers_is() -> None:
    aware, paper = build(XMTCNegativeLabelAware, data=DATA), build(XMTCNegative)
    assert isinstance(aware.search_method, FirstCandidate) and aware.goal_function.objective == "margin"
    assert type(paper.search_method) is MaskedDelta and paper.goal_function.objective == "targets"
    chosen = build(XMTCNegativeLabelAware, data=DATA, ranking="masked-delta", objective="targets")
    assert type(chosen.search_method) is MaskedDelta and chosen.goal_function.objective == "targets"


def test_where_the_recipes_candidates_come_from() -> None:
    def sources(**options: Any) -> list[str]:
        return [source.name for source in build(XMTCNegativeLabelAware, **options).transformation.sources]

    assert sources(data=DATA) == ["training texts", "label names"]
    assert sources() == ["label names"], "no data: what is known without"
    assert sources(data=DATA, candidate_source="label-names") == ["label names"]
    assert isinstance(build(XMTCPositive, candidate_source="answers").transformation, WordSwapLearning)
    with pytest.raises(InputError, match="training texts, and there are none"):
        build(XMTCNegative, candidate_source="label-texts")
