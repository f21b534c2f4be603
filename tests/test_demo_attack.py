"""The demo shows something: of 100 seeded attacks on the demo victim some succeed and some do not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult

from textattack_xmtc import XMTCDataset, XMTCPositive, load_corpus
from textattack_xmtc.wrappers import ScorerWrapper

ATTACKS = 100


@pytest.mark.slow
def test_between_a_fifth_and_95_of_100_attacks_succeed(demo: Path) -> None:
    dataset = XMTCDataset(load_corpus(demo / "test.jsonl"))
    attack = XMTCPositive.build(ScorerWrapper.from_folder(demo), encoder="embedded")
    succeeded = attacked = 0
    for position in random.Random(7).sample(range(len(dataset)), len(dataset)):
        example, truth = dataset[position]
        result = attack.attack(example, truth)
        if not isinstance(result, SkippedAttackResult):
            attacked += 1
            succeeded += isinstance(result, SuccessfulAttackResult)
            budget = 0.1 * result.original_result.attacked_text.num_words
            assert len(result.perturbed_result.attacked_text.attack_attrs["modified_indices"]) <= budget
        if attacked == ATTACKS:
            break
    assert attacked == ATTACKS
    print(f"{succeeded} of {attacked} attacks succeeded")
    assert 20 <= succeeded <= 95
