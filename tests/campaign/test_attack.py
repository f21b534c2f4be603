"""Records, field by field, on victims that can be seen through, in both modes and with every ending."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.campaign.published.test_adv_xmtc import toy_bert
from tests.toolkit.victims import CountingVictim, bag, proposing
from textattack_xmtc.campaign.attack import SampleAttack, Tools
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.victims import Victim
from textattack_xmtc.constraints.similarity import measure
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.records import Sample

LABELS = ("rest", "stones", "tools", "rocks", "unknown to the model")  # as the corpus counts them
OWN = ["stones", "tools", "rocks", "rest"]  # as the model does
WEIGHTS = {"amber": [4, 0, 0, 0], "basalt": [2, 0, 1, 0], "ambers": [3, 0, 0, 9], "flint": [0, 3, 0, 0]}
BASE = [0, 3.5, 0, 1]
TEXT = "the amber on basalt and flint of some other kind with amber"
SAMPLE = Sample(7, "text 7", TEXT, (1, 4), 1, 2)
PLAN = Plan(("toy",), "corpus", k=1, max_change_rate=0.5, candidates=8)

KEYS = (
    *("sample", "text_id", "target", "bin", "goal", "outcome", "reason", "before", "after", "words", "changes"),
    *("change_rate", "adversarial", "similarity", "encoder", "queries", "seconds"),
)


def victim_of(model: CountingVictim) -> Victim:
    from_corpus = np.array([OWN.index(name) if name in OWN else -1 for name in LABELS])
    return Victim("toy", model, np.array([LABELS.index(name) for name in OWN]), from_corpus)


def toy(base: Any = BASE, weights: Any = WEIGHTS) -> CountingVictim:
    return bag(weights, base, label_names=OWN)


def attack(plan: Any = PLAN, model: Any = None, *words: str) -> SampleAttack:
    tools = Tools(EmbeddedEncoder(), proposing(*(words or ("zinc", "ambers"))), "toy words")
    return SampleAttack(plan, victim_of(model or toy()), LABELS, tools)


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "seconds"}


def test_a_success() -> None:
    model = toy([2, 3.5, 0, 1])
    record = attack(model=model).record(SAMPLE)
    final = TEXT.replace("amber", "zinc")
    assert tuple(record) == KEYS
    assert json.loads(json.dumps(record)) == record
    similar = measure(EmbeddedEncoder(), TEXT, final)
    assert timeless(record) == {
        "sample": 7,
        "text_id": "text 7",
        "target": 1,
        "bin": 2,
        "goal": "positive",
        "outcome": "succeeded",
        "reason": None,
        "before": {"rank": 1, "beyond": None, "score": 12.0, "top_k": [1], "top_k_scores": [12.0]},
        "after": {"rank": 2, "beyond": None, "score": 4.0, "top_k": [2], "top_k_scores": [6.5]},
        "words": 12,
        "changes": [
            {"position": 1, "from": "amber", "to": "zinc"},
            {"position": 11, "from": "amber", "to": "zinc"},
        ],
        "change_rate": 2 / 12,
        "adversarial": final,
        "similarity": {"cosine": similar.cosine, "angular": similar.angular, "published": similar.published},
        "encoder": "embedded",
        "queries": len(set(model.asked)),
    }
    assert record["seconds"] > 0


@pytest.mark.parametrize(
    ("rate", "base", "reason", "changed"),
    [
        (0.1, [50, 0, 0, 0], "change limit", 1),
        (1.0, [50, 0, 0, 0], "words", 3),
        (0.3, [50, 0, 0, 0], "change limit", 3),
    ],
)
def test_failures_say_what_ended_them(rate: float, base: list[float], reason: str, changed: int) -> None:
    record = attack(replace(PLAN, max_change_rate=rate), toy(base)).record(SAMPLE)
    assert (record["outcome"], record["reason"]) == ("failed", reason)
    assert len(record["changes"]) == changed and record["after"]["score"] < record["before"]["score"]
    assert record["adversarial"] is not None


def test_nothing_was_changed() -> None:
    record = attack(PLAN, toy([50, 0, 0, 0]), "amber", "basalt", "flint").record(replace(SAMPLE, text="flint " * 12))
    assert (record["outcome"], record["reason"], record["adversarial"]) == ("failed", "words", None)
    assert record["after"] == record["before"] and record["changes"] == [] and record["change_rate"] == 0
    assert record["similarity"] == {"cosine": 1.0, "angular": 1.0, "published": 1.0}


@pytest.mark.parametrize(
    ("plan", "sample", "reason", "before"),
    [
        (PLAN, replace(SAMPLE, labels=(2, 1), target=2), "wrong before", True),
        (PLAN, replace(SAMPLE, target=4), "wrong before", False),
        (replace(PLAN, goal="untargeted"), replace(SAMPLE, labels=(1, 2), target=2), "wrong before", True),
        (replace(PLAN, goal="negative"), replace(SAMPLE, labels=(2,), target=1), "wrong before", True),
        (replace(PLAN, goal="negative"), replace(SAMPLE, labels=(2,), target=4), "unknown label", False),
        (replace(PLAN, max_change_rate=0.05), SAMPLE, "too short, 12 words allow no change at 5%", True),
    ],
)
def test_what_is_skipped(plan: Plan, sample: Sample, reason: str, before: bool) -> None:
    record = attack(plan).record(sample)
    assert (record["outcome"], record["reason"], record["words"]) == ("skipped", reason, 12)
    assert (record["before"] is not None) == before and record["queries"] == int(before)
    assert record["after"] is None and record["similarity"] is None and record["adversarial"] is None
    assert tuple(record) == KEYS


def test_a_threshold_beside_k() -> None:
    plan = replace(PLAN, k=4, threshold="12")
    model = toy([2, 3.5, 0, 1])
    model.threshold = 12.0  # what loading a victim of such a plan does
    record = attack(plan, model).record(SAMPLE)
    # One exchange is enough: the score falls below 12, and the rank stays.
    assert (record["outcome"], record["adversarial"]) == ("succeeded", TEXT.replace("amber", "zinc", 1))
    assert record["before"] == {"rank": 1, "beyond": None, "score": 12.0, "top_k": [1], "top_k_scores": [12.0]}
    assert record["after"] == {"rank": 1, "beyond": None, "score": 8.0, "top_k": [], "top_k_scores": []}
    model.threshold = 12.5
    record = attack(plan, model).record(SAMPLE)
    assert (record["outcome"], record["reason"], record["queries"]) == ("skipped", "wrong before", 1)
    with pytest.raises(InputError, match="toy has a threshold, and mode adv-xmtc counts the k best alone"):
        attack(replace(PLAN, mode="adv-xmtc"), model)


def test_a_negative_target_comes_in() -> None:
    plan = replace(PLAN, goal="negative")
    record = attack(plan, toy()).record(replace(SAMPLE, target=0, labels=(1,)))
    assert record["outcome"] == "succeeded"
    assert record["before"]["rank"] > 1 and record["after"]["rank"] == 1 and record["after"]["top_k"] == [0]


def test_an_untargeted_record_is_about_the_drawn_label() -> None:
    """Two true labels are among the best two; the attack may push out either, and says where the drawn one is."""
    sample = replace(SAMPLE, labels=(1, 2), target=2)
    record = attack(replace(PLAN, goal="untargeted", k=2), toy([0, 3.5, 0, 3])).record(sample)
    assert record["outcome"] == "succeeded" and record["before"]["rank"] == 2
    assert record["after"]["rank"] == 1 and 1 not in record["after"]["top_k"]


def test_an_error_is_a_record_and_the_rest_goes_on() -> None:
    class Moody(CountingVictim):
        def _dense(self, texts: Sequence[str]) -> Any:
            if any("kind zinc" in text or "[MASK] basalt" in text for text in texts):
                raise RuntimeError("out of memory, or\nof temper")
            return super()._dense(texts)

    attacks = attack(model=Moody(toy().row, label_names=OWN))
    record = attacks.record(replace(SAMPLE, text=TEXT.replace("on ", "")))
    assert (record["outcome"], record["reason"]) == ("error", "RuntimeError: out of memory, or\nof temper")
    assert tuple(record) == KEYS and record["after"] is None
    assert attacks.record(SAMPLE)["outcome"] == "succeeded"
    again = attack(model=Moody(toy().row, label_names=OWN)).record(SAMPLE)
    assert timeless(again) == timeless(attacks.record(SAMPLE))


def test_a_rank_that_the_model_does_not_show() -> None:
    class Short(CountingVictim):
        def _rank(self, texts: Sequence[str], labels: Any) -> Any:
            return np.zeros((len(texts), len(labels)), dtype=np.int64)

    record = attack(model=Short(toy().row, label_names=OWN)).record(SAMPLE)
    assert record["before"]["rank"] == 1 and record["before"]["beyond"] is None
    assert record["after"]["rank"] is None and record["after"]["beyond"] == PLAN.k


def test_words_in_random_order() -> None:
    weights = {word: [1, 0, 0, 0] for word in TEXT.split()}
    plan = replace(PLAN, max_change_rate=0.1, ranking="random")

    def changed(plan: Plan) -> tuple[int, ...]:
        record = attack(plan, toy([50, 0, 0, 0], weights)).record(SAMPLE)
        assert record["reason"] == "change limit" and record["similarity"]["cosine"] < 1
        return tuple(change["position"] for change in record["changes"])

    changes = [changed(replace(plan, seed=seed)) for seed in range(8)]
    assert len(set(changes)) > 2 and changes == [changed(replace(plan, seed=seed)) for seed in range(8)]
    assert {changed(replace(plan, ranking="masked-delta", seed=seed)) for seed in range(3)} == {(1,)}


def test_fewer_queries() -> None:
    def masked_at_once(plan: Plan) -> int:
        model = toy()
        assert attack(plan, model).record(SAMPLE)["outcome"] == "succeeded"
        return max(text.count("[MASK]") for text in model.asked)

    assert masked_at_once(PLAN) == 1
    assert masked_at_once(replace(PLAN, ranking="masked-blocks")) == 4  # "amber", "basalt", "flint" and "kind"

    def asked(order: str) -> int:
        tools = Tools(EmbeddedEncoder(), proposing("zinc", *(f"other{chr(97 + n)}" for n in range(20))), "toy")
        plan = replace(PLAN, candidate_order=order)
        return SampleAttack(plan, victim_of(toy()), LABELS, tools).record(SAMPLE)["queries"]

    assert asked("while-better") <= asked("until-goal") < asked("all")


def test_the_published_script() -> None:
    words = toy_bert({"amber": ["gold", "zinc"], "basalt": ["zinc"]})
    text = "amber basalt filler filler filler end"
    plan = replace(PLAN, mode="adv-xmtc", max_change_rate=0.2)
    tools = Tools(EmbeddedEncoder(), proposing("zinc"), words)  # a loaded model stands for its name here
    model = toy([0, 3.5, 0, 1], {**WEIGHTS, "zinc": [-1, 0, 0, 0], "gold": [3, 0, 0, 0]})
    record = SampleAttack(plan, victim_of(model), LABELS, tools).record(replace(SAMPLE, text=text))
    assert (record["outcome"], record["reason"], record["code"]) == ("succeeded", None, 4)
    assert record["changes"] == [{"position": 0, "from": "amber", "to": "zinc"}] and record["leftovers"] == []
    assert record["adversarial"] == text.replace("amber", "zinc") and record["words"] == 6
    assert record["similarity"]["published"] < record["similarity"]["cosine"] < 1
    assert set(KEYS) < set(record)
