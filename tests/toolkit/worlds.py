"""Small seeded worlds, each a text, a toy victim, a toy masked LM and an attack's settings, rich in rare events.

Scores are integers or multiples of 1/64, so float32 holds them exactly and equal scores are truly equal. Texts are
runs of ASCII letters between single spaces, so `" ".join(words)` splits into the same words everywhere.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tests.toolkit.plain_attack import NOTHING_TO_ATTACK, TOO_SHORT, Goal, PlainOutcome, plain_attack, top_k

MASK = "[MASK]"
STOP_WORDS = ("the", "of", "and", "in", "to", "on", "by", "with")
NOUNS = """
acorn amber badger bamboo barley basalt beaver birch bison cactus cedar clover cobalt copper coral cotton crane daisy
dolphin eagle falcon fennel ferret garnet ginger granite hazel heron iguana indigo jasmine juniper kestrel lark lemon
lichen lily lizard llama magpie mango maple marble marten nettle nickel nutmeg oak olive onyx orchid otter panda parrot
pebble pepper pine plum poppy quartz rabbit raven salmon thistle tulip turtle walnut willow wolf zebra
"""
CONTENT_WORDS = tuple(NOUNS.split())
RATES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7)

RANKING_TIE = "ranking tie"
CANDIDATE_TIE = "candidate tie"
USELESS_STEP = "step that changes nothing"
CUT = "another end if all candidates were kept"
BUDGET_END = "budget end"
WORDS_END = "no word left"
SKIP_GOAL = "skipped: nothing to attack"
SKIP_SHORT = "skipped: too short"
LONG_SUCCESS = "success after more than one change"
TARGET_SET = "more than one target in Gamma"
REENTERED = "success though a target entered"
DROPPED = "success though a target left"

COMMON_EVENTS = (
    *(RANKING_TIE, CANDIDATE_TIE, USELESS_STEP, CUT, BUDGET_END, WORDS_END),
    *(SKIP_GOAL, SKIP_SHORT, LONG_SUCCESS),
)
EVENTS: dict[Goal, tuple[str, ...]] = {
    "positive": (*COMMON_EVENTS, TARGET_SET, REENTERED),
    "negative": (*COMMON_EVENTS, TARGET_SET, DROPPED),
    "untargeted": COMMON_EVENTS,
}


@dataclass(frozen=True, eq=False)
class ToyWorld:
    """One text and all that an attack on it needs.

    `weights`: integers or multiples of 1/64, shape (2 words + 1, labels): the vocabulary, its capitalised forms, the
    mask. `pairs`: integers, shape (3, 3, labels), added for neighbours by their rows modulo 3. A word at a position
    that `period` divides counts twice (0: nowhere). `squash`: what is done to the sums. `n_proposed`: how many words,
    from and to, the masked LM proposes. `seed`: the masked LM's.
    """

    words: list[str]
    true_labels: set[int]
    targets: set[int]
    k: int
    max_change_rate: float
    goal: Goal
    vocabulary: tuple[str, ...]
    weights: np.ndarray
    pairs: np.ndarray
    period: int
    squash: Literal["no", "clip", "round"]
    n_proposed: tuple[int, int]
    seed: int

    @property
    def n_labels(self) -> int:
        """How many labels the victim knows."""
        return int(self.weights.shape[1])

    def score_row(self, words: list[str]) -> np.ndarray:
        """Score all labels, float32, shape (labels,); a word that is not of this world raises KeyError."""
        ids = np.array([self._ids[word] for word in words])  # type: ignore[attr-defined]
        rows = self.weights[ids]
        sums = rows.sum(axis=0) + self.pairs[ids[:-1] % 3, ids[1:] % 3].sum(axis=0)
        if self.period:
            sums = sums + rows[:: self.period].sum(axis=0)
        if self.squash == "clip":
            sums = np.clip(sums, -4, 4)
        elif self.squash == "round":  # from 0 to 1 in steps of 1/64, flat at both ends
            sums = np.round(32 * (1 + sums / (1 + np.abs(sums)))) / 64
        return np.asarray(sums.astype(np.float32))

    def candidates(self, words: list[str], i: int) -> list[str]:
        """Propose words for position i, best first: a function of the other words, blind to the one that stands there.

        Stop words, the word itself and capitalised forms of all these may be among them; nothing comes twice.
        """
        rng = random.Random(f"{self.seed} {i} {' '.join(words[:i])} {MASK} {' '.join(words[i + 1 :])}")
        forms = [*self.vocabulary, *(w.capitalize() for w in self.vocabulary if w in STOP_WORDS or rng.random() < 0.2)]
        return rng.sample(forms, min(len(forms), rng.randint(*self.n_proposed)))

    @staticmethod
    def is_stop_word(word: str) -> bool:
        """Say whether a word, in any case of letters, is one of `STOP_WORDS`."""
        return word.lower() in STOP_WORDS

    def __post_init__(self) -> None:
        forms = (*self.vocabulary, *(word.capitalize() for word in self.vocabulary), MASK)
        object.__setattr__(self, "_ids", {word: j for j, word in enumerate(forms)})


def attack(world: ToyWorld, n_candidates: int = 48) -> PlainOutcome:
    """Run the plain attack on a world."""
    return plain_attack(
        world.words,
        world.score_row,
        world.candidates,
        world.goal,
        world.true_labels,
        world.targets,
        world.k,
        world.max_change_rate,
        world.is_stop_word,
        MASK,
        n_candidates,
    )


def events(world: ToyWorld, outcome: PlainOutcome) -> set[str]:
    """Name what happened in the plain attack on a world."""
    succeeded = outcome.status == "succeeded"
    dropped: set[int] = set()
    if world.goal == "negative":
        dropped = world.targets - set(outcome.gamma) - set(top_k(world.score_row(outcome.words), world.k))
    happened = {
        RANKING_TIE: outcome.ranking_ties > 0,
        CANDIDATE_TIE: outcome.candidate_ties > 0,
        USELESS_STEP: outcome.useless_steps > 0,
        CUT: outcome.cut_steps > 0 and attack(world, 10**6).words != outcome.words,
        BUDGET_END: outcome.budget_ended,
        WORDS_END: outcome.status == "failed" and not outcome.budget_ended,
        SKIP_GOAL: outcome.reason == NOTHING_TO_ATTACK[world.goal],
        SKIP_SHORT: outcome.reason == TOO_SHORT,
        LONG_SUCCESS: succeeded and len(outcome.changed) > 1,
        TARGET_SET: outcome.status != "skipped" and world.goal != "untargeted" and len(outcome.gamma) > 1,
        REENTERED: succeeded and bool(outcome.reentered),
        DROPPED: succeeded and bool(dropped),
    }
    return {event for event, it_did in happened.items() if it_did}


def worlds(goal: Goal, n: int, seed: int) -> Iterator[ToyWorld]:
    """Yield n worlds; they show the goal's `EVENTS` in turn, each world being drawn until it shows its event."""
    rng = random.Random(f"{goal} {seed}")
    for j in range(n):
        wanted = EVENTS[goal][j % len(EVENTS[goal])]
        for _ in range(1000):
            world = draw(rng, goal, wanted)
            if wanted in events(world, attack(world)):
                break
        else:
            raise RuntimeError(f"no world with the event {wanted!r} in 1000 draws")
        yield world


def draw(rng: random.Random, goal: Goal, wanted: str) -> ToyWorld:
    """Draw a world whose shape makes the wanted event likely."""
    many = wanted == CUT
    nouns = rng.sample(CONTENT_WORDS, len(CONTENT_WORDS) if many else rng.randint(6, 14))
    stop_words = rng.sample(STOP_WORDS, len(STOP_WORDS) if many else 4)
    vocabulary = (*nouns, *stop_words)
    n_words = rng.randint(2, 5) if wanted == SKIP_SHORT else rng.randint(4, 8) if many else rng.randint(4, 20)
    words = [rng.choice(stop_words if rng.random() < 0.2 else vocabulary) for _ in range(n_words)]
    rate = rng.choice(RATES[4:] if wanted in (LONG_SUCCESS, REENTERED, DROPPED, CUT) else RATES)
    rate = {WORDS_END: 1.0, SKIP_SHORT: 0.1, SKIP_GOAL: 0.1}.get(wanted, rate)
    n_labels = rng.randint(5, 9)
    numbers = np.random.default_rng(rng.getrandbits(32))
    fine = 64 if many or rng.random() < 0.1 else 1  # finer scores tie less often
    weights = numbers.integers(-2 * fine, 2 * fine + 1, (2 * len(vocabulary) + 1, n_labels)) / fine
    weights[-1] *= rng.choice((0, 1))  # in half of the worlds the mask means nothing
    world = ToyWorld(
        words=words,
        true_labels=set(),
        targets=set(),
        k=rng.randint(1, 3),
        max_change_rate=rate,
        goal=goal,
        vocabulary=vocabulary,
        weights=weights,
        pairs=numbers.integers(-1, 2, (3, 3, n_labels)) * rng.choice((0, 1)),
        period=rng.choice((0, 0, 2, 3)),
        squash=rng.choice(("no", "clip", "round")),
        n_proposed=(60, 80) if many else rng.choice(((0, 4), (2, 8), (4, 12))),
        seed=rng.getrandbits(32),
    )
    choose_labels(rng, world, wanted)
    return world


def choose_labels(rng: random.Random, world: ToyWorld, wanted: str) -> None:
    """Fill in true labels and targets (at least one): some of the top k, some that just missed it, some others."""
    ranked = top_k(world.score_row(world.words), world.n_labels)
    inside, near, far = ranked[: world.k], ranked[world.k : -1][:3], ranked[world.k + 3 :]
    some_inside = set(rng.sample(inside, rng.randint(1, world.k)))
    some_near = set(rng.sample(near, rng.randint(0, min(world.k, len(near)))))
    some_far = set(rng.sample(far, rng.randint(0, len(far))))
    skip = wanted == SKIP_GOAL
    if world.goal == "negative":
        world.targets.update(some_inside if skip or rng.random() < 0.5 else ())
        world.targets.update(() if skip else some_near or near[:1])
        world.true_labels.update({ranked[-1], *inside, *some_far} - world.targets)
    else:
        chosen = (some_near or set(near[:1])) if skip else some_inside | some_near
        world.true_labels.update(chosen | some_far)
        world.targets.update(chosen if world.goal == "positive" else ())
