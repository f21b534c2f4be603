"""Run as a script: TextAttack's own recipes and command on a small model, and what its tables hold, as JSON.

The arguments are the modules to import first, in this order. Nothing of this package is imported but by them, and by
the hook that its installation puts into every interpreter.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = [
    "the market rose sharply after a quiet morning of trading",
    "a storm is moving towards the northern coast tonight",
    "our team lost the final although it played well",
    "new telescope pictures show a distant and very old galaxy",
    "critics praised the film but audiences stayed away",
]
RECIPES = ("DeepWordBugGao2018", "Pruthi2019", "InputReductionFeng2018")


def small_model() -> Any:
    """A random classifier of three classes behind TextAttack's own wrapper, the same in every process."""
    from textattack.models.wrappers import HuggingFaceModelWrapper

    from tests.toolkit.bert import SPECIAL, tiny_bert, word_tokenizer

    words = sorted({word for text in TEXTS for word in text.split()})
    model = tiny_bert(3, len(SPECIAL) + len(words), None, positions=512)
    return HuggingFaceModelWrapper(model, word_tokenizer(words, max_length=32))


def attacked(recipe: str, wrapper: Any) -> list[Any]:
    """What the recipe makes of each text: outcome, text, queries, scores."""
    import textattack
    import torch

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    attack = getattr(textattack.attack_recipes, recipe).build(wrapper)
    found: list[Any] = [str(attack)]
    for text in TEXTS:
        truth = int(torch.as_tensor(wrapper([text])).argmax())
        result = attack.attack(text, truth)
        final = result.perturbed_result
        facts = [type(result).__name__, result.perturbed_text(), result.num_queries, str(final.output), final.score]
        found.append([*facts, result.__str__(color_method="ansi")])
    return found


def tables() -> dict[str, dict[str, str]]:
    """The names that TextAttack's command knows, and what they lead to."""
    from textattack import attack_args, model_args

    kinds = ("ATTACK_RECIPE", "GOAL_FUNCTION_CLASS", "SEARCH_METHOD_CLASS", "CONSTRAINT_CLASS")
    found = {kind: dict(getattr(attack_args, f"{kind}_NAMES").items()) for kind in kinds}
    found["TRANSFORMATION"] = {
        **attack_args.BLACK_BOX_TRANSFORMATION_CLASS_NAMES,
        **attack_args.WHITE_BOX_TRANSFORMATION_CLASS_NAMES,
    }
    found["MODEL"] = {name: str(path) for name, path in model_args.TEXTATTACK_MODELS.items()}
    return found


def wrapped() -> dict[str, int]:
    """How many functions lie around each of those that the plugin wraps."""
    import textattack
    from textattack.commands.attack_command import AttackCommand

    depths = {}
    for owner, name in (
        (textattack.DatasetArgs, "_create_dataset_from_args"),
        (textattack.ModelArgs, "_create_model_from_args"),
        (textattack.CommandLineAttackArgs, "_create_attack_from_args"),
        (AttackCommand, "run"),
    ):
        function, depth = getattr(owner, name), 0
        while hasattr(function, "__wrapped__"):
            function, depth = function.__wrapped__, depth + 1
        depths[name] = depth
    return depths


def printed(folder: Path) -> str:
    """What the stock command prints that attacks the small model, which is in a file of that folder."""
    from textattack.commands.textattack_cli import main

    here = "from tests.toolkit.stock_recipes import"
    (folder / "model.py").write_text(f"{here} small_model\nmodel = small_model()\n")
    dataset = "textattack.datasets.Dataset([(text, 1) for text in TEXTS], shuffle=False)"
    (folder / "data.py").write_text(f"import textattack\n{here} TEXTS\ndataset = {dataset}\n")
    files = ["--model-from-file", str(folder / "model.py"), "--dataset-from-file", str(folder / "data.py")]
    sys.argv = ["textattack", "attack", "--recipe", "deepwordbug", *files, "-n", "5"]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        main()
    return shown.getvalue()


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    wrapper = small_model()
    results = {recipe: attacked(recipe, wrapper) for recipe in RECIPES}
    found = {"results": results, "tables": tables(), "wrapped": wrapped()}
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps({**found, "printed": printed(Path(place))}))
