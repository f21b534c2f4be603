"""What is registered in TextAttack: names for its command line, and what it needs on a machine without network.

TextAttack has no entry points, so its tables are filled and four of its functions wrapped, by name, once. Nothing
changes for attacks that use none of the names below.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from textattack_xmtc.models import DEMO

FOLDER_PREFIX = "xmtc:"

RECIPES = {
    "xmtc-positive": "textattack_xmtc.attack_recipes.XMTCPositive",
    "xmtc-negative": "textattack_xmtc.attack_recipes.XMTCNegative",
    "xmtc-untargeted": "textattack_xmtc.attack_recipes.XMTCUntargeted",
    "xmtc-negative-label-aware": "textattack_xmtc.attack_recipes.XMTCNegativeLabelAware",
    "xmtc-positive-frugal": "textattack_xmtc.attack_recipes.XMTCPositiveFrugal",
}
GOAL_FUNCTIONS = {
    "xmtc-positive-targeted": "textattack_xmtc.goal_functions.PositiveTargeted",
    "xmtc-negative-targeted": "textattack_xmtc.goal_functions.NegativeTargeted",
    "xmtc-non-targeted": "textattack_xmtc.goal_functions.NonTargeted",
}
SEARCH_METHODS = {
    "first-candidate": "textattack_xmtc.search_methods.FirstCandidate",
    "masked-delta": "textattack_xmtc.search_methods.MaskedDelta",
    "masked-blocks": "textattack_xmtc.search_methods.MaskedBlocks",
    "random-order": "textattack_xmtc.search_methods.RandomOrder",
}
TRANSFORMATIONS = {"xmtc-word-swap-masked-lm": "textattack_xmtc.transformations.XMTCWordSwapMaskedLM"}
CONSTRAINTS = {
    "xmtc-function-words": "textattack_xmtc.constraints.FunctionWordModification",
    "xmtc-max-change-rate": "textattack_xmtc.constraints.MaxChangeRate",
    "xmtc-similarity": "textattack_xmtc.constraints.EncoderSimilarity",
}


def loaded(module: str) -> None:
    """Called by the start-up hook when TextAttack has loaded `module`."""
    if module == "textattack":
        register()
    else:
        provide_stop_words()


def provide_stop_words() -> None:
    """Let NLTK find this package's English function words where its own list is missing.

    `import textattack` fails without one. NLTK's own list, wherever it is, comes first on the path. NLTK reads only
    folders that nobody else can write to; where this package lies in another kind, a copy in the cache folder serves.
    """
    import nltk

    packaged = Path(__file__).parent / "resources" / "nltk_data"
    for provide in (lambda: None, lambda: packaged, lambda: _private_copy(packaged)):
        folder = provide()
        if folder is not None:
            nltk.data.path.append(str(folder))
        try:
            nltk.data.find("corpora/stopwords")
            return
        except LookupError:
            if folder is not None:
                nltk.data.path.remove(str(folder))


def _private_copy(packaged: Path) -> Path:
    """The packaged word list in a folder of this account's own, whatever its umask is."""
    from textattack_xmtc.cache import cache_folder

    copy = cache_folder() / "nltk_data"
    for source in (packaged, *sorted(packaged.rglob("*"))):
        target = copy / source.relative_to(packaged)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(0o755)
        else:
            target.write_bytes(source.read_bytes())
            target.chmod(0o644)
    return copy


def register() -> None:
    """Make this package known to TextAttack's command line; done once, however often it is called."""
    import textattack
    from textattack import attack_args, model_args
    from textattack.attack_results import attack_result

    import textattack_xmtc

    if getattr(attack_args, "textattack_xmtc", None) is textattack_xmtc:
        return
    attack_args.textattack_xmtc = textattack_xmtc  # the names below are evaluated in that module
    attack_args.ATTACK_RECIPE_NAMES.update(RECIPES)
    attack_args.ATTACK_RECIPE_NAMES = _RecipeNames(attack_args.ATTACK_RECIPE_NAMES)
    attack_args.GOAL_FUNCTION_CLASS_NAMES.update(GOAL_FUNCTIONS)
    attack_args.SEARCH_METHOD_CLASS_NAMES.update(SEARCH_METHODS)
    attack_args.BLACK_BOX_TRANSFORMATION_CLASS_NAMES.update(TRANSFORMATIONS)
    attack_args.CONSTRAINT_CLASS_NAMES.update(CONSTRAINTS)
    model_args.TEXTATTACK_MODELS[DEMO] = "trained on this machine at first use"

    _wrap(textattack.DatasetArgs, "_create_dataset_from_args", _create_dataset)
    _wrap(textattack.ModelArgs, "_create_model_from_args", _create_model)
    _wrap(textattack.CommandLineAttackArgs, "_create_attack_from_args", _create_attack)
    _wrap_run()
    attack_result.detect = _careful(attack_result.detect)


class _RecipeNames(dict[str, str]):
    """Recipe names whose `keys()`, argparse's choices, also hold `name^parameters`."""

    def keys(self) -> Any:
        return _RecipeKeys(self)


class _RecipeKeys:
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.split("^")[0] in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


# The command line --------------------------------------------------------------------------------------------------


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    stock = getattr(owner, name)

    @functools.wraps(stock)
    def wrapped(cls: Any, *args: Any) -> Any:
        return wrapper(stock, *args)

    setattr(owner, name, classmethod(wrapped))


_waiting: list[Any] = []
"""The data set that the command line made before it knew the goal."""


def _create_dataset(stock: Callable[..., Any], args: Any) -> Any:
    file = args.dataset_from_file
    own_model = _folder_of(getattr(args, "model", None) or args.dataset_by_model)
    options: dict[str, Any] = {}
    path: str | Path
    if file and not file.split("^")[0].endswith(".py"):
        path, options = _path_and_options(file)
    elif own_model and not (file or args.dataset_from_huggingface):
        path = own_model() / "test.jsonl"
    else:
        return stock(args)

    from textattack_xmtc.attack_dataset import XMTCDataset
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.workdir.progress import say

    corpus = load_corpus(path, **options)
    say(corpus.recognised)
    dataset = XMTCDataset(corpus, "test" if "test" in corpus.splits else next(iter(corpus.splits)))
    _waiting[:] = [dataset]
    return dataset


def _path_and_options(file: str) -> tuple[str, dict[str, Any]]:
    """What `--dataset-from-file PATH^text_column=body` names: a file and how to read it.

    Raises:
        InputError: a parameter that is not one of `ReadOptions`.
    """
    from textattack_xmtc.datasets.read_options import ReadOptions, parsed_option

    path, *parameters = file.split("^")
    if Path(file).exists():
        return file, {}
    return path, ReadOptions.of(dict(map(parsed_option, parameters))).given()


def _create_model(stock: Callable[..., Any], args: Any) -> Any:
    folder = _folder_of(args.model)
    if folder is None or args.model_from_file or args.model_from_huggingface:
        return stock(args)
    from textattack_xmtc.wrappers import ScorerWrapper

    return ScorerWrapper.from_folder(folder())


def _create_attack(stock: Callable[..., Any], args: Any, model_wrapper: Any) -> Any:
    attack = stock(args, model_wrapper)
    examples = getattr(attack.goal_function, "examples", None)
    if _waiting and examples is not None:
        dataset = _waiting.pop()
        dataset.aim(one_per_label=examples == "one per true label")
        _check_labels(dataset.corpus, attack.goal_function.model.labels.names)
    return attack


def _check_labels(corpus: Any, names: Any) -> None:
    """Refuse data none of whose labels the victim knows: every example would be skipped.

    Raises:
        InputError: that is so.
    """
    from textattack_xmtc.errors import InputError
    from textattack_xmtc.targets import is_number, match_labels
    from textattack_xmtc.workdir.progress import say

    if names is not None:
        note = match_labels(corpus.label_names, names, repr(corpus.name))[1]
        if note:
            say(note)
    elif corpus.label_names and not any(map(is_number, corpus.label_names)):
        raise InputError(
            f"the labels of {corpus.name!r} are names, such as {corpus.label_names[0]!r}, and the victim has none",
            "give the victim label_names",
        )


def _folder_of(model: str | None) -> Callable[[], Path] | None:
    """How to get the folder of a model of this package, or None for other models."""
    if model == DEMO:
        from textattack_xmtc.models.demo import demo_folder

        return demo_folder
    if model and model.startswith(FOLDER_PREFIX):
        return lambda: Path(model.removeprefix(FOLDER_PREFIX))
    return None


def _wrap_run() -> None:
    from textattack.commands.attack_command import AttackCommand

    stock = AttackCommand.run

    @functools.wraps(stock)
    def run(self: Any, args: Any) -> None:
        from textattack_xmtc.errors import XMTCError

        try:
            stock(self, args)
        except XMTCError as error:
            if os.environ.get("TEXTATTACK_XMTC_DEBUG"):
                raise
            print(f"textattack-xmtc: {error}", file=sys.stderr)
            raise SystemExit(2) from None

    AttackCommand.run = run


def _careful(detect: Callable[[str], str]) -> Callable[[str], str]:
    """TextAttack asks for the language of every text it prints; for one without letters that raises."""

    @functools.wraps(detect)
    def careful(text: str) -> str:
        from langdetect.lang_detect_exception import LangDetectException

        try:
            return detect(text)
        except LangDetectException:
            return "unknown"

    return careful
