"""The ground truth as a string, and labels by name and by index."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textattack_xmtc.errors import InputError
from textattack_xmtc.targets import GroundTruth, LabelSpace, match_labels

# Every code point: the string stays in memory, where JSON carries even half a surrogate pair as it is.
NAMES = st.text(st.characters(), max_size=8) | st.sampled_from(
    ['{"labels": ["a"]}', '["a"]', "null", "7", '"', "\\", "\\u0041", "\ud83d", "\x00", "\u2028", "NaN", " "]
)
LABELS = st.lists(NAMES | st.integers(0, 10**12), max_size=6).map(tuple)


@given(labels=LABELS, targets=st.none() | LABELS)
@example(labels=(), targets=())
@example(labels=(), targets=None)
def test_what_is_encoded_is_decoded(labels: Any, targets: Any) -> None:
    truth = GroundTruth(labels, targets)
    carried = truth.encode()
    assert isinstance(carried, str)
    back = GroundTruth.decode(carried)
    assert back == truth
    assert [type(label) for label in back.labels] == [type(label) for label in labels]


def test_no_targets_and_an_empty_set_of_targets_are_not_the_same() -> None:
    assert GroundTruth.decode(GroundTruth(("a",), ()).encode()).targets == ()
    assert GroundTruth.decode(GroundTruth(("a",), None).encode()).targets is None


def test_numpy_indices_are_indices() -> None:
    labels = tuple(np.array([3, 5]))
    assert GroundTruth.decode(GroundTruth(labels, labels[:1]).encode()) == GroundTruth((3, 5), (3,))


@given(name=NAMES)
def test_another_string_is_the_name_of_a_label(name: str) -> None:
    try:
        expected_value = json.loads(name)
    except ValueError:
        expected_value = None
    if not isinstance(expected_value, dict):
        assert GroundTruth.decode(name) == GroundTruth((name,))


@pytest.mark.parametrize("name", ["{}", '{"targets": ["a"]}', "[" * 100_000, "1" * 5000])
def test_json_without_labels_is_a_name(name: str) -> None:
    assert GroundTruth.decode(name) == GroundTruth((name,))


def test_an_integer_is_an_index() -> None:
    assert GroundTruth.decode(7) == GroundTruth((7,), None)


@pytest.mark.parametrize("carried", [None, True, 1.5, ("a",), ["a"], b"a"])
def test_what_is_no_ground_truth_is_refused(carried: Any) -> None:
    with pytest.raises(InputError, match=f"labels must be names or indices, got {type(carried).__name__}; give a list"):
        GroundTruth.decode(carried)


@pytest.mark.parametrize(
    "carried",
    [
        '{"labels": "stats"}',
        '{"labels": ["stats"], "targets": "stats"}',  # not five labels of one letter
        '{"labels": ["stats"], "targets": 3}',
        '{"labels": [1.5]}',
        '{"labels": [true]}',
        '{"labels": [null]}',
        '{"labels": [["stats"]]}',
        '{"labels": {"stats": 1}}',
    ],
)
def test_malformed_label_sets_are_refused(carried: str) -> None:
    with pytest.raises(InputError, match="labels and targets must be lists of names and indices, got"):
        GroundTruth.decode(carried)


def test_names_and_indices() -> None:
    space = LabelSpace(["scipy", "stats", "7"])
    assert space.size == 3
    assert [space.index(label) for label in ["stats", 0, 2, "7", "numpy", 3, -1]] == [1, 0, 2, 2, None, None, None]
    assert [space.name(index) for index in range(3)] == ["scipy", "stats", "7"]


def test_without_names() -> None:
    space = LabelSpace(None, 4)
    assert (space.names, space.size) == (None, 4)
    assert [space.index(label) for label in [3, 4, "3", "three"]] == [3, None, 3, None]
    assert space.name(3) == "3"


def test_without_a_size_every_index_may_be_a_label() -> None:
    space = LabelSpace(None)
    assert space.index(10**9) == 10**9
    assert space.index(-1) is None
    space.size = 10
    assert space.index(10) is None


SPACES = {"names": LabelSpace(["a", "b"]), "size": LabelSpace(None, 4), "neither": LabelSpace(None)}
HUGE = [10**18, 2**63, -(2**63), 10**400, 10**5000]


@pytest.mark.parametrize("number", HUGE, ids=lambda number: f"{number.bit_length()} bits")
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_number_that_is_no_index(number: Any, space: Any) -> None:
    assert space.index(number) is None and space.known([number, 1]) == [1]
    with pytest.raises(InputError, match=r"label index .* is not one of the"):
        space.require([number])
    for labels in (number, [number], {"labels": ["a"], "targets": [number]}):
        with pytest.raises(InputError, match="a label index has more than 18 digits; count labels from 0"):
            GroundTruth.of(labels)
    with pytest.raises(InputError, match="a label index has more than 18 digits"):
        GroundTruth.decode(number)


@pytest.mark.parametrize("label", [10**18 - 1, str(10**18 - 1), "7", 0])
def test_an_index_and_its_name_lead_to_each_other(label: Any) -> None:
    space = LabelSpace(None)
    assert space.index(space.name(space.index(label))) == space.index(label)


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775808", "9" * 400])
def test_a_number_that_is_no_index_in_what_textattack_carries(number: Any) -> None:
    with pytest.raises(InputError, match="a label index has more than 18 digits"):
        GroundTruth.decode(f'{{"labels": [{number}]}}')


@pytest.mark.parametrize("label", [True, 1.0, None, np.float32(1), ("scipy",)])
def test_only_strings_and_integers_are_labels(label: Any) -> None:
    space = LabelSpace(["scipy", "stats"])
    assert space.index(label) is None
    with pytest.raises(InputError, match="is not one of the 2 labels of this victim"):
        space.require([label])


def test_numpy_integers_become_plain_ones() -> None:
    space = LabelSpace(["scipy", "stats"])
    assert [type(index) for index in [*space.known(np.array([1, 0])), space.index(np.int64(1))]] == [int] * 3
    with pytest.raises(
        InputError, match="label index 2 is not one of the 2 labels of this victim; count labels from 0"
    ):
        space.require(np.array([2]))


@given(asked=st.lists(st.sampled_from(["a", "b", "c", "no", 0, 1, 2, 9]), max_size=10))
def test_known_and_require(asked: Any) -> None:
    indices = {"a": 0, "b": 1, "c": 2, 0: 0, 1: 1, 2: 2}
    space = LabelSpace(["a", "b", "c"])
    expected = sorted({indices[label] for label in asked if label in indices})
    assert space.known(iter(asked)) == expected
    if any(label not in indices for label in asked):
        with pytest.raises(InputError):
            space.require(iter(asked))
    else:
        assert space.require(iter(asked)) == expected


def test_an_unknown_name_is_met_with_those_nearby() -> None:
    space = LabelSpace(["scipy.stats", "scipy.signal", "matplotlib"])
    with pytest.raises(
        InputError, match=r"'scipy\.stat' is not one of the 3 labels of this victim; did you mean"
    ) as caught:
        space.require(["matplotlib", "scipy.stat"])
    assert caught.value.fix.startswith("did you mean 'scipy.stats'")
    assert "matplotlib" not in caught.value.fix
    with pytest.raises(InputError, match="check the spelling and the label list"):
        space.require(["qqqqqqqq"])


def test_an_unknown_index_names_the_number_of_labels() -> None:
    with pytest.raises(InputError, match="label index 30938 is not one of the 30,938 labels of this victim"):
        LabelSpace(None, 30938).require([30938])
    with pytest.raises(InputError, match="label index -1 is not one of the labels of this victim"):
        LabelSpace(None).require([-1])


def test_a_name_for_a_victim_without_names() -> None:
    with pytest.raises(InputError, match="'stats' was given by name, but this victim has no label names"):
        LabelSpace(None, 5).require(["stats"])


def test_two_labels_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two labels of this victim are called 'b'"):
        LabelSpace(["a", "b", "c", "b"])


def test_no_labels_at_all() -> None:
    space = LabelSpace([])
    assert (space.size, space.index(0), space.known(["a"])) == (0, None, [])


def test_a_number_as_text_is_an_index_only_where_labels_have_no_names() -> None:
    assert LabelSpace(None, 5).index("5") is None
    assert LabelSpace(["3", "1"]).index("1") == 1
    assert LabelSpace(["a", "b"]).index("1") is None


def test_digits_beyond_any_index_are_no_label() -> None:
    """Python refuses to make a number of more than 4,300 digits."""
    assert LabelSpace(None).index("9" * 5000) is None
    with pytest.raises(InputError, match="was given by name"):
        LabelSpace(None).require(["9" * 5000])


# Labels as people write them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "labels", "targets"),
    [
        ("a", ("a",), None),
        (3, (3,), None),
        (np.int64(3), (3,), None),
        (["a", "b"], ("a", "b"), None),
        (("a", 2), ("a", 2), None),
        ({"b", "a"}, ("a", "b"), None),
        (np.array([4, 2]), (4, 2), None),
        (np.array(["a", "b"]), ("a", "b"), None),
        (pandas.Series(["a", "b"]), ("a", "b"), None),
        ([], (), None),
        ([0, 1], (0, 1), None),
        ({"labels": ["a", "b"]}, ("a", "b"), None),
        ({"labels": "a", "targets": ["b"]}, ("a",), ("b",)),
        ({"labels": ["a"], "targets": []}, ("a",), ()),
        (GroundTruth(("a",), ("a",)), ("a",), ("a",)),
        (GroundTruth(("a",), ("a",)).encode(), ("a",), ("a",)),
    ],
)
def test_labels_as_people_write_them(value: Any, labels: tuple[Any, ...], targets: tuple[Any, ...] | None) -> None:
    assert GroundTruth.of(value) == GroundTruth(labels, targets)
    assert GroundTruth.of(GroundTruth.carried(value)) == GroundTruth(labels, targets)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([0, 1, 0, 0], "a row of 0 and 1 is not a list of labels"),
        (np.array([1, 1]), "a row of 0 and 1 is not a list of labels"),
        (np.array([True, False]), r"got .*True.* \(bool"),
        ([0.0, 1.0], r"got 0.0 \(float\)"),
        ([["a"]], r"got \['a'\] \(list\)"),
        (np.zeros((2, 2), dtype=int), "got ndarray"),
        ({0: "a"}, "got dict"),
        ({"label": "a"}, "got dict"),
        ({"labels": None}, "got None"),
        (None, "got NoneType"),
        (1.5, "got float"),
        (b"a", "got bytes"),
    ],
)
def test_what_are_no_labels(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        GroundTruth.carried(value)


# A corpus whose labels are integers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        (["1", "0"], ["tea", "eggs"], ["eggs", "tea"]),
        (["1", "0"], ["tea", "2024"], ["2024", "tea"]),
        (["1", "9"], ["9", "1"], ["1", "9"]),
        (["9", "77"], ["9", "1"], ["9", "77"]),
        (["tea", "1"], ["tea", "eggs"], ["tea", "1"]),
        (["1", "7"], None, ["1", "7"]),
        ([], ["tea"], []),
    ],
)
def test_integers_are_indices_where_no_name_matches(
    labels: list[str], names: list[str] | None, expected: list[str]
) -> None:
    matched, note = match_labels(labels, LabelSpace(names, 2), "the corpus")
    assert matched == expected
    assert bool(note) == (matched != labels)


@pytest.mark.parametrize("labels", [["2"], ["0", "2"], ["-1"], ["01"], ["a"], ["0", "a"], ["9" * 5000], ["\u0663"]])
def test_data_none_of_whose_labels_the_victim_knows_are_refused(labels: list[str]) -> None:
    with pytest.raises(InputError, match=r"labels of the corpus, such as .*, is one of the victim's 2, such as 'tea'"):
        match_labels(labels, LabelSpace(["tea", "eggs"]), "the corpus")


@pytest.mark.parametrize("labels", [["a"], ["2", "7"]])
def test_a_victim_without_names_needs_indices(labels: list[str]) -> None:
    with pytest.raises(InputError, match="is the index of one of the victim's; give the victim label_names"):
        match_labels(labels, LabelSpace(None, 2), "the corpus")
