"""What is registered in TextAttack: names for its command line, and stop words where NLTK has none.

TextAttack has no entry points, so its tables are filled and some of its functions wrapped, by name, once
(`attack_command` holds what they do). Nothing changes for attacks that use none of the names in `registered`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textattack_xmtc import attack_command
from textattack_xmtc.models import DEMO
from textattack_xmtc.registered import (
    CONSTRAINTS,
    GOAL_FUNCTIONS,
    OLD_NAMES,
    RECIPES,
    SEARCH_METHODS,
    TRANSFORMATIONS,
)


def loaded(module: str) -> None:
    """Called by the start-up hook when TextAttack has loaded `module`."""
    if module == "textattack":
        register()
    else:
        provide_stop_words()


def provide_stop_words() -> None:
    """Let NLTK find this package's English function words where it finds no stop words of its own.

    `import textattack` fails without stop words. NLTK itself is asked, as TextAttack asks it: so its zip archives, its
    permission checks and every folder of its path count. This package's folder is put at the end of that path. NLTK
    reads only folders that nobody else can write to; where this package lies in another kind, a copy in the cache
    folder serves.
    """
    import nltk

    packaged = Path(__file__).parent / "resources" / "nltk_data"
    if _nltk_has_stop_words():
        return
    nltk.data.path.append(str(packaged))
    if not _nltk_has_stop_words():
        nltk.data.path[-1] = str(_private_copy(packaged))
        if not _nltk_has_stop_words():
            del nltk.data.path[-1]


def _nltk_has_stop_words() -> bool:
    """Whether NLTK can read its English stop words; a new reader is asked, so that the shared one stays as it is."""
    from nltk.corpus.reader import WordListCorpusReader
    from nltk.corpus.util import LazyCorpusLoader

    try:
        LazyCorpusLoader("stopwords", WordListCorpusReader, r"(?!README|\.).*", encoding="utf8").words("english")
    except Exception:  # there are none, or the folder or archive cannot be read
        return False
    return True


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
    from textattack.commands.attack_command import AttackCommand

    import textattack_xmtc

    if getattr(attack_args, "textattack_xmtc", None) is textattack_xmtc:
        return
    attack_args.textattack_xmtc = textattack_xmtc  # the names below are evaluated in that module
    attack_args.ATTACK_RECIPE_NAMES.update(RECIPES)
    attack_args.ATTACK_RECIPE_NAMES = _RecipeNames(attack_args.ATTACK_RECIPE_NAMES)
    attack_args.GOAL_FUNCTION_CLASS_NAMES.update(GOAL_FUNCTIONS)
    attack_args.GOAL_FUNCTION_CLASS_NAMES = _Names(attack_args.GOAL_FUNCTION_CLASS_NAMES)
    attack_args.SEARCH_METHOD_CLASS_NAMES.update(SEARCH_METHODS)
    attack_args.SEARCH_METHOD_CLASS_NAMES = _Names(attack_args.SEARCH_METHOD_CLASS_NAMES)
    attack_args.BLACK_BOX_TRANSFORMATION_CLASS_NAMES.update(TRANSFORMATIONS)
    attack_args.CONSTRAINT_CLASS_NAMES.update(CONSTRAINTS)
    model_args.TEXTATTACK_MODELS[DEMO] = "trained on this machine at first use"

    _wrap(textattack.DatasetArgs, "_create_dataset_from_args", attack_command.create_dataset)
    _wrap(textattack.ModelArgs, "_create_model_from_args", attack_command.create_model)
    _wrap(textattack.CommandLineAttackArgs, "_create_attack_from_args", attack_command.create_attack)
    _wrap_method(textattack.Attacker, "attack_dataset", attack_command.attack_dataset)
    _wrap_method(textattack.Attack, "attack", _attack_with_labels)
    _wrap_method(AttackCommand, "run", attack_command.run)
    attack_result.detect = _careful(attack_result.detect)


class _Names(dict[str, str]):
    """Names of classes that also know the old names of this package's."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(OLD_NAMES.get(str(name)))

    def __missing__(self, name: str) -> str:
        return self[OLD_NAMES[name]] if name in OLD_NAMES else dict(self)[name]


class _RecipeNames(dict[str, str]):
    """Recipe names whose `keys()`, argparse's choices, also hold `name^parameters`."""

    def keys(self) -> Any:
        return _RecipeKeys(self)


class _RecipeKeys:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.split("^")[0] in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Put `wrapper(stock, *args)` in place of a class method."""
    stock = getattr(owner, name)

    @functools.wraps(stock)
    def wrapped(cls: Any, *args: Any) -> Any:
        return wrapper(stock, *args)

    setattr(owner, name, classmethod(wrapped))


def _wrap_method(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Put `wrapper(stock, self, *args)` in place of a method."""
    stock = getattr(owner, name)

    @functools.wraps(stock)
    def wrapped(self: Any, *args: Any, **keywords: Any) -> Any:
        return wrapper(stock, self, *args, **keywords)

    setattr(owner, name, wrapped)


def _attack_with_labels(stock: Callable[..., Any], attack: Any, example: Any, ground_truth_output: Any) -> Any:
    """`Attack.attack` for label sets as people write them, where the goal is one of this package's."""
    if hasattr(attack.goal_function, "check_example"):
        from textattack_xmtc.targets import GroundTruth

        ground_truth_output = GroundTruth.carried(ground_truth_output)
    return stock(attack, example, ground_truth_output)


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
