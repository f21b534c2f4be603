"""People as judges: a page that asks "does this label fit this text?", and what comes back from it.

The page opens from disk and asks nothing of any network. Neither it nor the answers hold the condition of a text
(adversarial, or a control of some kind): that stays in the campaign's folder, in `judges/person.json`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.results.judgements import ADVERSARIAL, JUDGES
from textattack_xmtc.results.statistics import Estimate, wilson
from textattack_xmtc.workdir.files import whole_file, write_json
from textattack_xmtc.workdir.names import inside

FORMAT = 1
ITEMS = Path(JUDGES) / "person.json"
"""Where a campaign's folder keeps what the page asks about."""

YES, NO, CANNOT_TELL = ANSWERS = ("yes", "no", "cannot tell")


@dataclass(frozen=True)
class Item:
    """A text and label on the page.

    Attributes:
        id: what the page and the answers call it; says nothing about the condition.
    """

    id: str
    case: Case


@dataclass(frozen=True)
class RaterAnswers:
    """One person's answers.

    Attributes:
        rater: the id that the person chose.
        answers: yes, no or "cannot tell", by the item's id.
    """

    rater: str
    answers: Mapping[str, str]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Validity:
    """What people say of the texts of one condition.

    Attributes:
        condition: one of `results.judgements.CONDITIONS`.
        fits: share of texts whose label fits by majority of the raters; "cannot tell" counts as no.
        fits_generously: the same with "cannot tell" as yes.
        cannot_tell: share of answers that are "cannot tell".
    """

    condition: str
    fits: Estimate
    fits_generously: Estimate
    cannot_tell: Estimate


def draw_items(cases: Mapping[str, Sequence[Case]], counts: Mapping[str, int], seed: int = 0) -> list[Item]:
    """Draw so many cases of each condition, at most one of a sample, in an order that mixes the conditions.

    Args:
        cases: what there is of each condition.
        counts: how many of each are wanted; conditions with the fewest cases draw first.

    Raises:
        InputError: there are too few samples.
    """
    rng = np.random.default_rng(seed)
    taken: set[int] = set()
    drawn: list[Case] = []
    for condition in sorted(counts, key=lambda name: len(cases[name])):
        # One case a sample, whichever model it was found on.
        free = {case.sample: case for case in rng.permutation(np.array(cases[condition], dtype=object))}
        chosen = [case for sample, case in free.items() if sample not in taken][: counts[condition]]
        if len(chosen) < counts[condition]:
            raise InputError(
                f"{counts[condition]} texts of the kind {condition!r} are wanted, and {len(chosen)} are there whose "
                "sample is not used yet",
                f"{'choose a smaller --n, or' if condition == ADVERSARIAL else 'use'} a campaign with more samples",
            )
        taken.update(case.sample for case in chosen)
        drawn += chosen
    ids = [f"t{number:04x}" for number in rng.choice(16**4, len(drawn), replace=False)]
    return [Item(ids[place], drawn[place]) for place in rng.permutation(len(drawn))]


def digest_of(items: Sequence[Item]) -> str:
    """What tells one set of items from another; 16 hexadecimal digits."""
    listed = [[item.id, item.case.text, item.case.label] for item in items]
    return sha256(json.dumps(listed).encode()).hexdigest()[:16]


def write_page(items: Sequence[Item], label_names: Sequence[str], page: Path) -> None:
    """Write the page: one file, which a browser opens from disk.

    Raises:
        OSError: it cannot be written.
    """
    shown = [{"id": item.id, "text": item.case.text, "label": label_names[item.case.label]} for item in items]
    data = json.dumps({"digest": digest_of(items), "items": shown}).replace("<", "\\u003c")
    template = files("textattack_xmtc.resources").joinpath("judge.html").read_text(encoding="utf-8")
    html = Environment(autoescape=True).from_string(template).render(count=len(items), data=Markup(data))
    with whole_file(page) as opened:
        opened.write(html.encode("utf-8", "replace"))


def keep_items(items: Sequence[Item], folder: Path) -> None:
    """Keep in a campaign's folder what the page asks about, conditions included.

    Raises:
        InputError: the campaign has a page with other items: the answers to it would be lost.
        OSError: it cannot be written.
        DataError: a link leads out of the folder, or the items that are there are damaged.
    """
    file = inside(folder, *ITEMS.parts)
    if file.is_file() and (before := digest_of(kept_items(folder))) != digest_of(items):
        raise InputError(
            f"{str(folder)!r} has a page already ({before}), and its answers do not fit a page with other items",
            f"use that page, or remove {file} if nobody is answering it",
        )
    listed = [{"id": item.id, **item.case.__dict__} for item in items]
    inside(folder, JUDGES).mkdir(exist_ok=True)
    write_json(inside(folder, *ITEMS.parts), {"format": FORMAT, "digest": digest_of(items), "items": listed})


def kept_items(folder: Path) -> list[Item]:
    """The items of a campaign's page.

    Raises:
        DataError: there are none, or their file is damaged.
    """
    file = inside(folder, *ITEMS.parts)
    if not file.is_file():
        raise DataError(f"{str(folder)!r} has no {ITEMS}", f"run: textattack-xmtc judge make {folder}")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        items = [Item(row.pop("id"), Case(**row)) for row in content["items"]]
        if content["format"] == FORMAT and content["digest"] == digest_of(items):
            return items
        problem = "its digest or format does not fit its items"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise DataError(f"{file} cannot be read ({problem})", f"make a new page: textattack-xmtc judge make {folder}")


def read_answers(file: Path, items: Sequence[Item]) -> RaterAnswers:
    """Read a file of answers that the page saved.

    Raises:
        DataError: it is no such file, was changed or cut off, or belongs to another page.
    """
    try:
        outer = json.loads(file.read_text(encoding="utf-8"))
        payload = outer["payload"]
        intact = outer["format"] == FORMAT and f"{zlib.crc32(payload.encode()):08x}" == outer["checksum"]
        content: dict[str, Any] = json.loads(payload)
        rater, digest, given = content["rater"], content["digest"], content["answers"]
        answers = {key: str(value["answer"]) for key, value in given.items()}
        seconds = {key: float(value["seconds"]) for key, value in given.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{file} is not a whole file of answers ({type(error).__name__}: {error})",
            "save the answers again from the page",
        ) from error
    if not intact:
        raise DataError(f"{file} was changed after it was saved", "save the answers again from the page")
    if digest != digest_of(items):
        raise DataError(
            f"{file} answers the page {digest}, and this campaign's page is {digest_of(items)}",
            "give the answers of this campaign's page",
        )
    unknown = sorted(answers.keys() - {item.id for item in items})
    wrong = sorted(set(answers.values()) - set(ANSWERS))
    if unknown or wrong or not answers:
        problem = f"the item {unknown[0]!r}" if unknown else f"the answer {wrong[0]!r}" if wrong else "no answer"
        raise DataError(f"{file} has {problem}", "save the answers again from the page")
    return RaterAnswers(str(rater), answers, seconds)


def of_one_page(answers: Sequence[tuple[Path, RaterAnswers]]) -> list[RaterAnswers]:
    """The answers of different raters.

    Raises:
        InputError: two files have the same rater's id.
    """
    first: dict[str, Path] = {}
    for file, given in answers:
        rater = " ".join(given.rater.casefold().split())  # one person may write it in two ways
        if rater in first:
            raise InputError(
                f"{first[rater]} and {file} both have the rater id {given.rater!r}", "give one file a rater"
            )
        first[rater] = file
    return [given for _, given in answers]


def agreement(answers: Sequence[RaterAnswers]) -> float | None:
    """Krippendorff's alpha of yes and no; "cannot tell" counts as missing. None with fewer than two raters.

    Also None where fewer than two raters answered a same item, or all answers are the same: it is not defined there.
    """
    ids = sorted({key for given in answers for key in given.answers})
    table = np.full((len(answers), len(ids)), np.nan)
    for row, given in enumerate(answers):
        for column, key in enumerate(ids):
            if given.answers.get(key) in (YES, NO):
                table[row, column] = given.answers[key] == YES
    paired = (~np.isnan(table)).sum(axis=0) > 1
    if len(answers) < 2 or len(np.unique(table[:, paired][~np.isnan(table[:, paired])])) < 2:
        return None
    return float(krippendorff.alpha(table, level_of_measurement="nominal"))


def validity(items: Sequence[Item], answers: Sequence[RaterAnswers]) -> list[Validity]:
    """What the raters say of each condition; an item counts once, by the majority of those who answered it.

    A tie counts as "does not fit".
    """
    rows = []
    for condition in dict.fromkeys(item.case.condition for item in items):
        ids = [item.id for item in items if item.case.condition == condition]
        votes = [[given.answers[key] for given in answers if key in given.answers] for key in ids]
        votes = [of_item for of_item in votes if of_item]
        every = [vote for of_item in votes for vote in of_item]

        def share(positive: tuple[str, ...], votes: list[list[str]] = votes) -> Estimate:
            kept = [2 * sum(vote in positive for vote in of_item) > len(of_item) for of_item in votes]
            return wilson(sum(kept), len(kept))

        unsure = wilson(every.count(CANNOT_TELL), len(every))
        rows.append(Validity(condition, share((YES,)), share((YES, CANNOT_TELL)), unsure))
    return rows


def seconds_an_item(answers: Sequence[RaterAnswers]) -> float:
    """The median time of an answer, in seconds."""
    return float(np.median([second for given in answers for second in given.seconds.values()]))
