"""The recipes as a user has them: parameters, messages, odd texts, TextAttack's Attacker, loggers and checkpoints."""

from __future__ import annotations

import csv
import importlib.util
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textattack import AttackArgs, Attacker
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult
from textattack.augmentation import Augmenter
from textattack.constraints.pre_transformation import RepeatModification
from textattack.datasets import Dataset
from textattack.shared import AttackedText, logger
from textattack.shared.checkpoint import AttackCheckpoint

from tests.toolkit.victims import CountingVictim, bag, proposing
from textattack_xmtc import XMTCNegative, XMTCNegativeLabelAware, XMTCPositive, XMTCPositiveFrugal, XMTCUntargeted
from textattack_xmtc.attack_recipes.recipe import XMTCRecipe
from textattack_xmtc.constraints import FunctionWordModification, MaxChangeRate
from textattack_xmtc.constraints.similarity import measure
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.search_methods import FirstCandidate, MaskedBlocks, MaskedDelta, RandomOrder
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import FunctionWrapper

WEIGHTS = {"amber": [4, 0, 0, 0], "basalt": [2, 0, 1, 0], "ambers": [3, 0, 0, 9], "flint": [0, 3, 0, 0]}
BASE = [0, 3.5, 0, 1]
TEXT = "the amber on basalt and flint of some other kind with amber"
TRUTH = GroundTruth((0,), (0,)).encode()


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[..., Any]:
    """What TextAttack's logger, which does not pass its messages on, was told."""
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, logger=logger.name)
    yield lambda: [record.getMessage() for record in caplog.records if record.name == logger.name]
    logger.removeHandler(caplog.handler)


def victim(**options: Any) -> CountingVictim:
    return bag(WEIGHTS, BASE, label_names=["stones", "tools", "rocks", "rest"], **options)


def build(
    recipe: type[XMTCRecipe] = XMTCPositive, model: CountingVictim | FunctionWrapper | None = None, **options: Any
) -> Any:
    settings = {"k": 1, "max_change_rate": 0.5, "masked_lm": proposing("zinc", "ambers"), "encoder": "embedded"}
    return recipe.build(model or victim(), **{**settings, **options})


# Parameters -----------------------------------------------------------------------------------------------------------


def test_what_was_chosen_is_said(messages: Callable[[], list[str]], tmp_path: Path) -> None:
    build()
    build(model=FunctionWrapper(lambda texts: [[0.0]] * len(texts), "score", name="mine"), encoder=EmbeddedEncoder())
    assert [message for message in messages() if message.startswith("xmtc")] == [
        "xmtc: victim toy (4 labels), k=1, masked LM SameProposals, similarity measured by 'embedded'",
        "xmtc: victim mine, k=1, masked LM SameProposals, similarity measured by 'embedded'",
    ]


def saved_masked_lm(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "zinc", "gold", "silver", "copper", "iron"]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(seed)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_the_masked_lm_computes_in_bfloat16_where_it_is_asked_to(tmp_path: Path) -> None:
    attack = build(masked_lm=saved_masked_lm(tmp_path / "masked_lm"), masked_lm_dtype="bfloat16")
    weights = next(attack.transformation._language_model.base_model.parameters())
    assert "bfloat16" in str(weights.dtype)
    assert isinstance(attack.attack(TEXT, TRUTH), SuccessfulAttackResult)


def test_the_masked_lm_that_is_kept_with_the_victim_is_taken(messages: Callable[[], list[str]], tmp_path: Path) -> None:
    model = victim()
    model.masked_lm_folder = saved_masked_lm(tmp_path / "masked_lm")
    attack = build(model=model, masked_lm="auto", candidates=3)
    assert "masked LM kept with the victim" in messages()[-1]
    assert attack.transformation.max_candidates == 3
    assert isinstance(attack.attack(TEXT, TRUTH), SuccessfulAttackResult)
    assert attack.transformation.dtype == "float32"
    build(model=model, masked_lm=saved_masked_lm(tmp_path / "another"))
    assert "masked LM another, " in messages()[-1]


def test_the_parts_are_those_of_the_paper() -> None:
    attack = build()
    assert [type(part) for part in attack.pre_transformation_constraints] == [
        RepeatModification,
        FunctionWordModification,
    ]
    assert attack.constraints == []
    assert attack.search_method.max_change_rate == 0.5
    assert "(similarity measured by):  embedded" in repr(attack)


def test_only_the_frugal_and_the_label_aware_recipe_leave_algorithm_1() -> None:
    def parts(recipe: type[XMTCRecipe], **options: Any) -> tuple[type, str]:
        method = build(recipe, **options).search_method
        return type(method), method.candidate_order

    for recipe in (XMTCPositive, XMTCNegative, XMTCUntargeted):
        assert parts(recipe) == (MaskedDelta, "all")
    assert parts(XMTCNegativeLabelAware) == (FirstCandidate, "until-goal")
    assert parts(XMTCPositiveFrugal) == (MaskedBlocks, "while-better")
    assert parts(XMTCPositiveFrugal, ranking="masked-delta", candidate_order="all") == (MaskedDelta, "all")
    assert parts(XMTCUntargeted, ranking="random", candidate_order="until-goal") == (RandomOrder, "until-goal")
    assert build(ranking="random", seed=3).search_method.seed == 3


def test_a_frugal_attack_reaches_the_same_goal() -> None:
    result = build(XMTCPositiveFrugal).attack(TEXT, TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    assert result.perturbed_text() == build().attack(TEXT, TRUTH).perturbed_text()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ranking": "best"}, "unknown ranking='best'; choose masked-delta or masked-blocks or first-candidate"),
        ({"candidate_source": "best"}, "unknown candidate_source='best'; choose masked-lm or label-texts or label"),
        ({"candidate_order": "best"}, "unknown candidate_order='best'; choose all or until-goal or while-better"),
        ({"k": 0}, "invalid k=0: must be a whole number, at least 1"),
        ({"k": 5}, "k=5 is more than the 4 labels of this victim; choose k between 1 and 4"),
        ({"max_change_rate": 0}, "max_change_rate=0 is not a share of the words"),
        ({"max_change_rate": 10}, "max_change_rate=10 is not a share of the words"),
        ({"encoder": "bert"}, "'bert' is no sentence encoder; choose 'use'"),
        ({"min_similarity": 80}, "invalid min_similarity=80; a cosine must be between -1 and 1"),
        ({"score_space": "logit"}, "toy cannot give scores='logit'; it gives score"),
        ({"masked_lm": "./no/such/folder"}, "the masked language model './no/such/folder' is neither a folder with"),
    ],
)
def test_a_parameter_that_cannot_be(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        build(**parameters)
    assert message in str(raised.value)


def test_a_parameter_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="max_change"):
        build(max_change=0.1)


@pytest.mark.parametrize("encoder", ["use", "sbert"])
def test_an_encoder_that_is_not_installed_is_named_with_its_command(
    encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    missing = {"tensorflow_hub", "sentence_transformers"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in missing else real(name, *rest))
    with pytest.raises(MissingExtraError, match=rf"run: pip install 'textattack-xmtc\[{encoder}\]'"):
        build(encoder=encoder)


# Similarity -----------------------------------------------------------------------------------------------------------


def test_a_minimum_similarity_restricts_the_candidates() -> None:
    """ "zinc" helps more than "ambers", which looks more like the word it replaces."""
    encoder = EmbeddedEncoder()
    text = "amber amber basalt and five other words that weigh nothing"
    for minimum, expected in ((None, "zinc"), (-1.0, "zinc"), (0.9, "ambers")):
        result = build(min_similarity=minimum, max_change_rate=0.1).attack(text, TRUTH)
        changed = set(result.perturbed_result.attacked_text.words) - set(result.original_result.attacked_text.words)
        assert changed == {expected}
        cosine = measure(encoder, result.original_text(), result.perturbed_text()).cosine
        assert (cosine > 0.9) is (expected == "ambers")
        assert result.perturbed_result.similarity.cosine == pytest.approx(cosine)


@pytest.mark.parametrize("minimum", [0.5, 0.8, 0.95, 0.999])
def test_every_final_text_is_above_the_minimum(minimum: float) -> None:
    rng = np.random.default_rng(0)
    words = ["amber", "basalt", "flint", "cedar", "clover", "copper", "coral"]
    attack = build(XMTCUntargeted, min_similarity=minimum, masked_lm=proposing("zinc", "ambers", "basalts", "flints"))
    finals = []
    for _ in range(15):
        result = attack.attack(" ".join(rng.choice(words, 12)), GroundTruth((0, 1)).encode())
        if not isinstance(result, SkippedAttackResult):
            finals.append(result.perturbed_result.similarity.cosine)
    assert len(finals) > 5 and min(finals) > minimum
    assert min(finals) < 1 or minimum > 0.99


# Texts that leave nothing to do ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", SkippedAttackResult, "skipped: too short, 0 words allow no change at 10%"),
        ("   \n", SkippedAttackResult, "skipped: too short, 0 words allow no change at 10%"),
        ("amber", SkippedAttackResult, "skipped: too short, 1 words allow no change at 10%"),
        ("🥚🍳", SkippedAttackResult, "skipped: too short, 0 words allow no change at 10%"),
        ("amber " * 9, SkippedAttackResult, "skipped: too short, 9 words allow no change at 10%"),
        ("the of and " * 4, FailedAttackResult, "failed: no word left to change"),
        ("The OF And " * 4, FailedAttackResult, "failed: no word left to change"),
    ],
)
def test_reasons(text: str, kind: type[Any], reason: str) -> None:
    result = build(model=bag(WEIGHTS, [5, 0, 0, 0]), max_change_rate=0.1).attack(text, TRUTH)
    assert type(result) is kind
    assert result.perturbed_result.reason == reason
    assert reason in str(result)


def test_one_word_may_be_all_that_is_changed() -> None:
    assert isinstance(build(max_change_rate=1.0).attack("amber", TRUTH), SuccessfulAttackResult)


# Long and odd texts ---------------------------------------------------------------------------------------------------


def test_50_000_words_come_to_an_end() -> None:
    words = np.random.default_rng(0).choice(["amber", "basalt", "flint", "cedar", "the"], 50_000)
    model = bag(WEIGHTS, [0, 0, 0, 0], reads=2_000)
    start = time.perf_counter()
    result = build(model=model, masked_lm=proposing("zinc", "ambers")).attack(" ".join(words), TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    assert time.perf_counter() - start < 60
    assert max(result.perturbed_result.attacked_text.attack_attrs["modified_indices"]) < 500


ODD_TEXTS = [
    "",
    " ",
    "amber",
    "12 34 56 78 90 12 34 56 78 90 11",
    "🥚 🍳 👩‍🍳 amber 🥚 🍳 👩‍🍳 basalt 🥚 🍳 👩‍🍳 flint one two three",
    "amber\x00 basalt\x07 and\x1b[31m flint\u200b to\u202e \ufeffkeep amber \x85 here for now",
    "[MASK] amber [UNK] basalt ## <mask> [[amber]] [SEP] flint {} %s \\n 'quoted' \"twice\"",
    'amber, basalt; flint\nand a second line\r\nand\ta third, with commas, "quotes" and amber',
    "琥珀 玄武岩 amber 琥珀 玄武岩 basalt 琥珀 燧石 flint",
    "the of and to in on by with at from the of and",
    "... !!! ??? --- ;;; ::: ((( )))",
    TEXT,
]


@pytest.mark.parametrize("recipe", [XMTCPositive, XMTCNegative, XMTCUntargeted])
def test_odd_texts_pass_through_attacker_and_every_log(
    recipe: type[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = {XMTCNegative: GroundTruth((0,), (3,))}.get(recipe, GroundTruth((0, 1)))
    rows = [(text, truth.encode()) for text in ODD_TEXTS]
    attack_args = AttackArgs(
        num_examples=len(rows),
        log_to_csv=str(tmp_path / "log.csv"),
        log_to_txt=str(tmp_path / "log.txt"),
        log_summary_to_json=str(tmp_path / "summary.json"),
        csv_coloring_style="plain",
    )
    results = Attacker(build(recipe), Dataset(rows), attack_args).attack_dataset()
    assert [result.original_result.attacked_text.text for result in results] == ODD_TEXTS
    assert isinstance(results[-1], SuccessfulAttackResult)
    shown = capsys.readouterr().out
    assert shown.count("Result ") == len(rows) and "Attack success rate:" in shown
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "Result 1" in log and "too short" in log
    assert (tmp_path / "summary.json").stat().st_size > 0


# Checkpoints ----------------------------------------------------------------------------------------------------------


class BreaksOff(CountingVictim):
    """A victim whose process is ended while it answers."""

    def __init__(self, after: Any) -> None:
        super().__init__(victim().row, label_names=["stones", "tools", "rocks", "rest"])
        self.after = after

    def _dense(self, texts: Sequence[str]) -> Any:
        if any("third" in text for text in texts) and self.after:
            raise KeyboardInterrupt
        return super()._dense(texts)


def test_an_attack_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    texts = [TEXT, "amber basalt the second", "amber basalt the third", "amber basalt the fourth"]
    rows = [(text, TRUTH) for text in texts]
    settings = {"num_examples": 4, "silent": True, "disable_stdout": True}
    whole = Attacker(build(), Dataset(rows), AttackArgs(**settings)).attack_dataset()

    arguments = AttackArgs(**settings, checkpoint_interval=1, checkpoint_dir=str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        Attacker(build(model=BreaksOff(True)), Dataset(rows), arguments).attack_dataset()
    newest = max(tmp_path.iterdir())
    assert AttackCheckpoint.load(str(newest)).results_count == 2

    resumed = Attacker.from_checkpoint(build(model=BreaksOff(False)), Dataset(rows), str(newest)).attack_dataset()
    assert [str(result) for result in resumed] == [str(result) for result in whole]


# Parts of their own ---------------------------------------------------------------------------------------------------


def test_the_word_swap_serves_an_augmenter() -> None:
    augmenter = Augmenter(
        proposing("zinc", "gold", "silver"),
        constraints=[RepeatModification(), FunctionWordModification(), MaxChangeRate(0.4)],
        pct_words_to_swap=0.4,
        transformations_per_example=3,
    )
    text = "the amber and the basalt of flint or cedar"
    augmented = augmenter.augment(text)
    assert len(augmented) == 3
    for other in augmented:
        changed = [(old, new) for old, new in zip(text.split(), other.split(), strict=True) if old != new]
        assert 1 <= len(changed) <= 3
        assert {new for _, new in changed} <= {"zinc", "gold", "silver"}
        assert {old for old, _ in changed} <= {"amber", "basalt", "flint", "cedar"}


def test_a_text_in_one_named_column_is_a_text() -> None:
    assert isinstance(build().attack(AttackedText(OrderedDict(text=TEXT)), TRUTH), SuccessfulAttackResult)
