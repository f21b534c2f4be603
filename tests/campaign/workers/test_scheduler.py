"""Every sample has its record once, whichever workers die and whenever: on a pool that dies on purpose."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from textattack_xmtc.campaign.workers.protocol import Died, Loaded, Order, Reply
from textattack_xmtc.campaign.workers.scheduler import CRASHES, Scheduler, pieces_of
from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.results.records import Sample

TEXTS, TARGETS = 7, 3


def sample(number: int) -> Sample:
    return Sample(
        number, f"id {number // TARGETS}", "word " * (number // TARGETS * 5 % 7 + 1), (0,), number % TARGETS, 0
    )


def campaign(models: tuple[str, ...] = ("a", "b"), done: tuple[tuple[str, int], ...] = ()) -> Any:
    parts = [SimpleNamespace(name=name, records={number: 0 for of, number in done if of == name}) for name in models]
    return SimpleNamespace(models=parts, samples={number: sample(number) for number in range(TEXTS * TARGETS)})


class DyingPool:
    """Workers in this process that answer in random order; `dies` says whether one dies of an order."""

    def __init__(self, size: int, chance: random.Random, dies: Any = lambda worker, order: False) -> None:
        self.size, self.chance, self.dies = size, chance, dies
        self.pids: dict[int, int] = {}
        self.models: dict[int, str | None] = {}
        self.orders: dict[int, Order] = {}
        self.attacked: list[tuple[int, str, int]] = []
        self.deaths: Counter[tuple[str, int]] = Counter()

    def start(self, worker: int) -> None:
        assert worker not in self.models
        self.models[worker] = None

    def ask(self, worker: int, order: Order) -> None:
        assert worker not in self.orders, "one order at a time"
        assert isinstance(order, str) or self.models[worker] is not None
        self.orders[worker] = order

    def replies(self, seconds: float) -> list[tuple[int, Reply]]:
        assert self.orders, "somebody would wait for ever"
        chosen = self.chance.sample(sorted(self.orders), self.chance.randint(1, len(self.orders)))
        return [(worker, self.reply(worker, self.orders.pop(worker))) for worker in chosen]

    def reply(self, worker: int, order: Order) -> Reply:
        if self.dies(worker, order):
            model = self.models.pop(worker)
            if isinstance(order, Sample):
                self.deaths[model, order.number] += 1
            return Died("on purpose")
        if isinstance(order, str):
            self.models[worker] = order
            return Loaded(0)
        self.attacked.append((worker, self.models[worker], order.number))
        return {"sample": order.number, "outcome": "failed"}

    def close(self) -> None:
        pass


class Kept:
    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []

    def keep(self, model: str, record: Any) -> None:
        self.records.append((model, record))

    def names(self) -> list[tuple[str, int]]:
        return [(model, record["sample"]) for model, record in self.records]


def error(failed: Sample, reason: str) -> dict[str, Any]:
    return {"sample": failed.number, "outcome": "error", "reason": reason}


GOING_ON = SimpleNamespace(asked=False)
ALL = {(model, number) for model in "ab" for number in range(TEXTS * TARGETS)}


@pytest.mark.parametrize("seed", range(60))
def test_whoever_dies_every_sample_has_one_record(seed: int) -> None:
    chance = random.Random(seed)
    share = chance.choice([0.0, 0.1, 0.3])
    always = ("b", chance.randrange(TEXTS * TARGETS))

    def dies(worker: int, order: Order) -> bool:
        hopeless = isinstance(order, Sample) and (pool.models[worker], order.number) == always
        return hopeless or chance.random() < share * isinstance(order, Sample)

    pool, kept = DyingPool(chance.randint(1, 5), chance, dies), Kept()
    Scheduler(pieces_of(campaign()), pool, kept.keep, error, GOING_ON).run()
    assert len(kept.records) == len(ALL) and set(kept.names()) == ALL
    for model, record in kept.records:
        deaths = pool.deaths[model, record["sample"]]
        assert deaths <= CRASHES and (record["outcome"] == "error") == (deaths == CRASHES)
    assert pool.deaths[always] == CRASHES
    assert Counter((model, number) for _, model, number in pool.attacked).most_common(1)[0][1] == 1


def test_a_text_stays_with_one_worker_and_long_texts_come_first() -> None:
    pool, kept = DyingPool(3, random.Random(0)), Kept()
    Scheduler(pieces_of(campaign()), pool, kept.keep, error, GOING_ON).run()
    for model in "ab":
        of_text: dict[int, set[int]] = {}
        for worker, attacked, number in pool.attacked:
            if attacked == model:
                of_text.setdefault(number // TARGETS, set()).add(worker)
        assert len(of_text) == TEXTS and all(len(workers) == 1 for workers in of_text.values())
        assert len(set.union(*of_text.values())) == 3
    alone, kept = DyingPool(1, random.Random(0)), Kept()
    Scheduler(pieces_of(campaign()), alone, kept.keep, error, GOING_ON).run()
    assert [model for _, model, _ in alone.attacked] == ["a"] * 21 + ["b"] * 21, "each model is loaded once"
    lengths = [len(sample(number).text) for _, model, number in alone.attacked if model == "a"]
    assert lengths == sorted(lengths, reverse=True) and len(set(lengths)) == TEXTS


def test_what_has_a_record_is_not_attacked() -> None:
    done = (*(("a", number) for number in range(21)), ("b", 4))
    pieces = pieces_of(campaign(done=done))
    assert list(pieces) == ["b"] and sum(len(piece) for piece in pieces["b"]) == 20
    assert [one.number for piece in pieces["b"] for one in piece if one.number // TARGETS == 1] == [3, 5]
    assert pieces_of(campaign(done=tuple(ALL))) == {}


def test_a_crash_is_not_laid_on_the_neighbours() -> None:
    """The other targets of the text are attacked in peace, on another worker."""
    pool, kept = (
        DyingPool(1, random.Random(0), lambda _, order: isinstance(order, Sample) and order.number == 4),
        Kept(),
    )
    Scheduler(pieces_of(campaign(("a",))), pool, kept.keep, error, GOING_ON).run()
    errors = [record for _, record in kept.records if record["outcome"] == "error"]
    assert [(row["sample"], row["reason"]) for row in errors] == [(4, "3 workers died over it, the last on purpose")]
    assert pool.deaths == {("a", 4): 3}


def test_a_model_that_cannot_be_loaded_ends_it() -> None:
    class Broken(DyingPool):
        def reply(self, worker: int, order: Order) -> Reply:
            return InputError("the folder is another model") if order == "b" else super().reply(worker, order)

    kept = Kept()
    with pytest.raises(InputError, match="another model"):
        Scheduler(pieces_of(campaign()), Broken(2, random.Random(0)), kept.keep, error, GOING_ON).run()
    assert {"a"} == {model for model, _ in kept.names()}


@pytest.mark.parametrize(("what", "message"), [(str, "die when they load a model"), (Sample, "die when they attack")])
def test_workers_that_always_die_end_it(what: type, message: str) -> None:
    pool, kept = DyingPool(2, random.Random(0), lambda _, order: isinstance(order, what)), Kept()
    with pytest.raises(XMTCError, match=rf"{message}; the last was worker \d \(on purpose\); try fewer workers"):
        Scheduler(pieces_of(campaign()), pool, kept.keep, error, GOING_ON).run()
    assert all(record["outcome"] == "error" for _, record in kept.records) and len(kept.records) <= 4


def test_interrupted_it_ends_what_is_under_way_and_begins_nothing() -> None:
    asked, kept = SimpleNamespace(asked=False), Kept()
    pool = DyingPool(3, random.Random(0))

    def keep(model: str, record: Any) -> None:
        kept.keep(model, record)
        asked.asked = len(kept.records) >= 4

    Scheduler(pieces_of(campaign()), pool, keep, error, asked).run()
    assert 4 <= len(kept.records) == len(pool.attacked) <= 4 + 3
    assert not any(isinstance(order, Sample) for order in pool.orders.values())
