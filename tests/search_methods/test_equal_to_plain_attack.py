"""The real recipes and the plain implementation of Algorithm 1 give the same texts, changed words and outcomes.

Everything but the victim and the masked language model is real here, and those are real modules: a tokenizer of
`tokenizers`, and a network whose logits put the toy world's proposals in their order.
"""

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.toolkit.plain_attack import Goal
from tests.toolkit.plain_frugal_attack import FrugalAttack
from tests.toolkit.worlds import EVENTS, MASK, ToyWorld, attack, events, worlds
from textattack_xmtc.attack_recipes import XMTCNegative, XMTCPositive, XMTCUntargeted
from textattack_xmtc.search_methods.masked_delta import CHUNK, PATIENCE
from textattack_xmtc.search_methods.rankings import BLOCK
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import FunctionWrapper

RECIPES = {"positive": XMTCPositive, "negative": XMTCNegative, "untargeted": XMTCUntargeted}
WORLDS = 300


class ToyMaskedLM(torch.nn.Module):
    """Logits over the vocabulary that rank the world's proposals; anything else is far behind."""

    def __init__(self, world: ToyWorld, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__()
        self.world, self.tokenizer = world, tokenizer
        self.device = torch.device("cpu")
        self.config = SimpleNamespace(model_type="bert", max_position_embeddings=512)

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        logits = torch.full((*input_ids.shape, len(self.tokenizer)), -1e4)
        for row, ids in enumerate(input_ids.tolist()):
            words = [word for word in self.tokenizer.convert_ids_to_tokens(ids) if word != "[PAD]"]
            at = words.index(MASK)
            logits[row, at, 0] = 1.0  # the padding token, which is no word: all else stays at probability 0
            for rank, word in enumerate(self.world.candidates(words, at)):
                logits[row, at, self.tokenizer.convert_tokens_to_ids(word)] = float(-rank)
        return SimpleNamespace(logits=logits)


def masked_lm(world: ToyWorld) -> XMTCWordSwapMaskedLM:
    forms = dict.fromkeys([*world.vocabulary, *(word.capitalize() for word in world.vocabulary)])
    vocabulary = {token: position for position, token in enumerate(["[PAD]", "[UNK]", MASK, *forms])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", mask_token=MASK, model_max_length=512
    )
    # Proposals stop where the toy model's do: what it did not propose has next to no probability.
    return XMTCWordSwapMaskedLM(ToyMaskedLM(world, fast), fast, min_confidence=1e-40)


def build(world: ToyWorld, **options):
    victim = FunctionWrapper(
        lambda texts: [world.score_row(text.split(" ")) for text in texts], scores="score", mask=MASK, batch_size=7
    )
    return RECIPES[world.goal].build(
        victim,
        k=world.k,
        max_change_rate=world.max_change_rate,
        masked_lm=masked_lm(world),
        encoder="embedded",
        **options,
    )


def run(world: ToyWorld, **options):
    targets = None if world.goal == "untargeted" else tuple(sorted(world.targets))
    return build(world, **options).attack(
        " ".join(world.words), GroundTruth(tuple(sorted(world.true_labels)), targets).encode()
    )


@pytest.mark.parametrize("goal", ["positive", "negative", "untargeted"])
def test_same_text_same_changes_same_outcome(goal: Goal):
    seen: Counter[str] = Counter()
    for world in worlds(goal, WORLDS, seed=1):
        expected = attack(world)
        result = run(world)
        status = {SkippedAttackResult: "skipped", SuccessfulAttackResult: "succeeded"}.get(type(result), "failed")
        assert status == expected.status, (world, expected)
        final = result.perturbed_result.attacked_text
        assert final.text == " ".join(expected.words)
        assert final.attack_attrs["modified_indices"] == set(expected.changed)
        if status != "skipped":
            wrong = set() if goal != "untargeted" else set(expected.gamma) - world.true_labels
            assert list(result.perturbed_result.targets) == [one for one in expected.gamma if one not in wrong]
        seen.update(events(world, expected))
    # The worlds are steered; if they no longer are, agreement above would say little.
    for event in EVENTS[goal]:
        assert seen[event] >= 20, (event, seen)


FRUGAL = [  # beside masked-delta and all, which is the test above
    ("masked-delta", "until-goal"),
    ("masked-delta", "while-better"),
    ("masked-blocks", "all"),
    ("masked-blocks", "until-goal"),
    ("masked-blocks", "while-better"),
]


@pytest.mark.parametrize(("ranking", "order"), FRUGAL)
@pytest.mark.parametrize("goal", ["positive", "negative", "untargeted"])
def test_fewer_queries_the_same_as_plainly(goal: Goal, ranking: str, order: str):
    seen: Counter[str] = Counter()
    for world in worlds(goal, 100, seed=2):
        result = run(world, ranking=ranking, candidate_order=order)
        if isinstance(result, SkippedAttackResult):
            continue
        expected = FrugalAttack(world, ranking, order, BLOCK, CHUNK, PATIENCE).run()
        final = result.perturbed_result.attacked_text
        assert isinstance(result, SuccessfulAttackResult) is expected.succeeded, (world, expected)
        assert final.text == " ".join(expected.words)
        assert final.attack_attrs["modified_indices"] == set(expected.changed)
        assert result.num_queries == len(expected.asked)
        if order == "until-goal" and isinstance(run(world, ranking=ranking), SuccessfulAttackResult):
            assert expected.succeeded
        seen["hidden"] += expected.hidden
        seen["cut"] += expected.cut_chunks
        seen["succeeded"] += expected.succeeded
    assert seen["succeeded"] >= 10, seen
    assert seen["hidden"] >= 5 or ranking == "masked-delta", seen
    assert seen["cut"] >= 5 or order == "all", seen
