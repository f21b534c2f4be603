"""People as judges: what is asked, what comes back, and what is refused. The answers here are given by rules."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.judges.person import (
    CANNOT_TELL,
    NO,
    YES,
    Item,
    RaterAnswers,
    agreement,
    digest_of,
    draw_items,
    keep_items,
    kept_items,
    of_one_page,
    read_answers,
    seconds_an_item,
    validity,
    write_page,
)
from textattack_xmtc.results.judgements import ADVERSARIAL, PRESERVING, REMOVED

NAMES = ["tea", "</script><script>alert(1)</script>", "graph theory"]


def cases(samples: range, condition: str) -> list[Case]:
    return [Case(number, condition, f"text {number} {condition}", number % 3, 2) for number in samples]


def some_items() -> list[Item]:
    pool = {
        ADVERSARIAL: cases(range(30), ADVERSARIAL),
        PRESERVING: cases(range(30), PRESERVING),
        REMOVED: cases(range(5, 20), REMOVED),
    }
    return draw_items(pool, {ADVERSARIAL: 10, PRESERVING: 8, REMOVED: 6}, seed=3)


def saved(file: Path, items: list[Item], rater: str, answers: dict[str, str]) -> Path:
    """A file as the page saves it."""
    given = {key: {"answer": answer, "seconds": 2.5} for key, answer in answers.items()}
    payload = json.dumps({"digest": digest_of(items), "rater": rater, "answers": given})
    file.write_text(json.dumps({"format": 1, "checksum": f"{zlib.crc32(payload.encode()):08x}", "payload": payload}))
    return file


def test_each_sample_is_asked_about_once() -> None:
    items = some_items()
    assert len({item.case.sample for item in items}) == len({item.id for item in items}) == len(items) == 24
    conditions = [item.case.condition for item in items]
    assert [conditions.count(name) for name in (ADVERSARIAL, PRESERVING, REMOVED)] == [10, 8, 6]
    assert conditions != sorted(conditions) and items == some_items()
    with pytest.raises(InputError, match=r"16 texts of the kind 'removed' are wanted, and 15 are there"):
        draw_items({REMOVED: cases(range(15), REMOVED)}, {REMOVED: 16})


def test_page_and_answers_do_not_tell_the_condition(tmp_path: Path) -> None:
    items = [Item(item.id, Case(**{**item.case.__dict__, "text": f"text {item.id}"})) for item in some_items()]
    write_page(items, NAMES, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert not any(word in page for word in ("adversarial", "preserving", "removed", "sample", "changed"))
    assert "<script>alert(1)" not in page and "\\u003c/script>\\u003cscript>alert(1)" in page
    assert "http" not in page.replace("http-equiv", "")


def test_items_are_kept_with_their_conditions(tmp_path: Path) -> None:
    items = some_items()
    keep_items(items, tmp_path)
    assert kept_items(tmp_path) == items
    file = tmp_path / "judges" / "person.json"
    file.write_text(file.read_text().replace("text 1", "text one"))
    with pytest.raises(DataError, match=r"digest or format does not fit .*judge make"):
        kept_items(tmp_path)
    file.unlink()
    with pytest.raises(DataError, match=r"has no judges/person\.json; run: textattack-xmtc judge make"):
        kept_items(tmp_path)


def test_answers_come_back(tmp_path: Path) -> None:
    items = some_items()
    answers = {item.id: YES for item in items}
    read = read_answers(saved(tmp_path / "a.json", items, "ann", answers), items)
    assert read.rater == "ann" and read.answers == answers and seconds_an_item([read]) == 2.5


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-20], "is not a whole file of answers"),
        (lambda text: text.replace("yes", "no", 1), "was changed after it was saved"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "was changed after it was saved"),
        (lambda text: "[" * 100_000, "is not a whole file of answers"),
        (lambda text: "{}", "is not a whole file of answers"),
        (lambda text: "", "is not a whole file of answers"),
    ],
)
def test_changed_and_cut_files_are_refused(damage: Callable[..., Any], message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # lambdas
    items = some_items()
    file = saved(tmp_path / "a.json", items, "ann", {items[0].id: YES})
    file.write_text(damage(file.read_text()))
    with pytest.raises(DataError, match=message):
        read_answers(file, items)


@pytest.mark.parametrize(
    ("answers", "message"),
    [({"zzzz": YES}, "has the item 'zzzz'"), ({"": "maybe"}, "has the "), ({}, "has no answer")],
)
def test_answers_to_other_questions_are_refused(answers: dict[str, str], message: str, tmp_path: Path) -> None:
    items = some_items()
    with pytest.raises(DataError, match=message):
        read_answers(saved(tmp_path / "a.json", items, "ann", answers), items)
    with pytest.raises(DataError, match=r"answers the page \w+, and this campaign's page is"):
        read_answers(saved(tmp_path / "a.json", items[1:], "ann", {items[1].id: YES}), items)


def test_two_files_of_one_rater_are_refused() -> None:
    one, two = Path("a.json"), Path("b.json")
    given = RaterAnswers("ann", {"x": YES}, {"x": 1.0})
    with pytest.raises(InputError, match=r"a\.json and b\.json both have the rater id 'ann'"):
        of_one_page([(one, given), (two, given)])


def test_validity_by_majority_with_cannot_tell_counted_both_ways() -> None:
    items = [Item(str(number), Case(number, ADVERSARIAL, "text", 0)) for number in range(4)]
    # By rule: three raters agree on the first, two of three on the second, a tie with "cannot tell" on the others.
    raters = [
        {"0": YES, "1": YES, "2": YES, "3": NO},
        {"0": YES, "1": YES, "2": CANNOT_TELL, "3": CANNOT_TELL},
        {"0": YES, "1": NO, "2": CANNOT_TELL},
    ]
    answers = [RaterAnswers(str(row), given, dict.fromkeys(given, 1.0)) for row, given in enumerate(raters)]
    (valid,) = validity(items, answers)
    assert valid.fits.value == 0.5 and valid.fits_generously.value == 0.75 and valid.fits.n == 4
    assert valid.cannot_tell.value == pytest.approx(3 / 11)


def test_agreement_is_krippendorffs_alpha() -> None:
    # The nominal example of Krippendorff (2011, "Computing Krippendorff's alpha-reliability", section B): 0.095.
    one = dict(zip("abcdefghij", "0101000000", strict=True))
    two = dict(zip("abcdefghij", "1110010000", strict=True))
    words = {"0": NO, "1": YES}
    answers = [
        RaterAnswers(name, {key: words[value] for key, value in given.items()}, {})
        for name, given in (("one", one), ("two", two))
    ]
    assert agreement(answers) == pytest.approx(0.095, abs=5e-4)
    assert agreement(answers[:1]) is None
    assert agreement([answers[0], answers[0]]) == pytest.approx(1.0)
    same = RaterAnswers("same", dict.fromkeys("abc", YES), {})
    assert agreement([same, same]) is None


def test_raters_who_guess_do_not_agree() -> None:
    rng = random.Random(0)
    guesses = [{str(number): rng.choice([YES, NO]) for number in range(400)} for _ in range(3)]
    agreed = agreement([RaterAnswers(str(row), given, {}) for row, given in enumerate(guesses)])
    assert agreed is not None and abs(agreed) < 0.1
