"""`textattack attack` with this package's recipes, goals, data and models: what TextAttack's command lacks for them.

Six functions of TextAttack are wrapped, by `plugin.register`. Attacks that use nothing of this package go to the stock
function at once.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from textattack_xmtc import registered
from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.parameters import parameters_of, read_parameters, write_parameters

SPLIT = "^"
NOTHING_ATTACKED = 2
"""Exit status of a run in which no example was attacked."""

_LISTED = 3  # wrong examples in a message
_TERMINATED = 128 + signal.SIGTERM

_waiting: list[Any] = []
"""The data set that the command line made before it knew the goal."""

_finished: list[Any] = []
"""The last `Attacker` that was run: its results say whether anything was attacked."""


# What the command line names ---------------------------------------------------------------------------------------


def create_dataset(stock: Callable[..., Any], args: Any) -> Any:
    """In place of `DatasetArgs._create_dataset_from_args`: data files and model folders of this package as well."""
    file = args.dataset_from_file
    own_model = _folder_of(getattr(args, "model", None) or args.dataset_by_model)
    path: str | Path
    options: dict[str, Any] = {}
    if file and not file.split(SPLIT)[0].endswith(".py"):
        path, options = _path_and_options(file)
    elif own_model and not (file or args.dataset_from_huggingface):
        if getattr(args, "interactive", False):
            return None
        path = own_model() / "test.jsonl"
    elif _needs_no_data(args):
        return None
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

    path, *parameters = file.split(SPLIT)
    if Path(file).exists():
        return file, {}
    return path, ReadOptions.of(dict(map(parsed_option, parameters))).given()


def _needs_no_data(args: Any) -> bool:
    """Whether an interactive attack of this package names a model and no data: the texts are typed."""
    from textattack_xmtc.wrappers.naming import is_named_here

    model = getattr(args, "model_from_file", None) or getattr(args, "model_from_huggingface", None)
    model = model or is_named_here(getattr(args, "model", None))
    data = args.dataset_from_file or args.dataset_from_huggingface or args.dataset_by_model
    return bool(getattr(args, "interactive", False) and model and not data and _is_ours(args))


def _is_ours(args: Any) -> bool:
    return _names_ours(args) or bool(getattr(args, "attack_from_file", None))


def _names_ours(args: Any) -> bool:
    recipe = (getattr(args, "attack_recipe", None) or "").split(SPLIT)[0]
    goal = (getattr(args, "goal_function", None) or "").split(SPLIT)[0]
    return recipe in registered.RECIPES or (not recipe and goal in registered.GOAL_FUNCTIONS)


def create_model(stock: Callable[..., Any], args: Any) -> Any:
    """In place of `ModelArgs._create_model_from_args`: every name of `wrappers.naming` as well."""
    from textattack_xmtc.wrappers.naming import is_named_here, load_victim
    from textattack_xmtc.wrappers.victim_files import importable, load_victim_file

    if args.model_from_file and _names_ours(args):
        return load_victim_file(args.model_from_file)
    if args.model_from_file:
        with importable(args.model_from_file):
            return stock(args)
    if args.model_from_huggingface or not is_named_here(args.model):
        return stock(args)
    return load_victim(args.model)


def create_attack(stock: Callable[..., Any], args: Any, model_wrapper: Any) -> Any:
    """In place of `CommandLineAttackArgs._create_attack_from_args`: parameters are checked; data knows its goal."""
    _check_parameters(args)
    attack = stock(args, model_wrapper)
    _bind_label_evidence(attack)
    examples = getattr(attack.goal_function, "examples", None)
    if _waiting and examples is not None:
        _waiting.pop().aim(one_per_label=examples == "one per true label")
    return attack


def _bind_label_evidence(attack: Any) -> None:
    """Show the goal to constraints that were made by name, with the constraint that checks their paraphrases."""
    for constraint in attack.pre_transformation_constraints:
        if type(constraint).__name__ == "LabelEvidence":
            constraint.bind(attack.goal_function)
            if constraint.mode == "paraphrased":
                attack.constraints.append(constraint.paraphrases())


def _check_parameters(args: Any) -> None:
    """Read the parameters behind names of this package, and write them as TextAttack evaluates them."""
    if args.attack_recipe:
        args.attack_recipe = _normal(args.attack_recipe, registered.RECIPES)
        return
    args.goal_function = _normal(args.goal_function, registered.GOAL_FUNCTIONS)
    args.search_method = _normal(args.search_method, registered.SEARCH_METHODS)
    args.transformation = _normal(args.transformation, registered.TRANSFORMATIONS)
    args.constraints = [_normal(constraint, registered.CONSTRAINTS) for constraint in args.constraints or []]


def _normal(text: str, table: Mapping[str, str]) -> str:
    name, _, parameters = text.partition(SPLIT)
    path = table.get(registered.OLD_NAMES.get(name, name))
    if path is None or not parameters.strip():
        return text if path is None else name
    module, _, attribute = path.rpartition(".")
    target = getattr(import_module(module), attribute)
    build = getattr(target, "build", None)
    allowed = parameters_of(build or target, leave_out=["model_wrapper"])
    if hasattr(target, "goal") and build is None:  # what TextAttack's own goal function takes, beside ours
        allowed |= {"query_budget": float, "maximizable": bool}
    return f"{name}{SPLIT}{write_parameters(read_parameters(parameters, name, allowed))}"


def _folder_of(model: str | None) -> Callable[[], Path] | None:
    """How to get the folder of a model that this package saved, or None for other models."""
    from textattack_xmtc.wrappers.naming import is_named_here, may_be_own, own_folder

    if model is None or not is_named_here(model) or not may_be_own(model):
        return None
    return lambda: own_folder(model, "its own test split")


# The run -----------------------------------------------------------------------------------------------------------


def attack_dataset(stock: Callable[..., Any], attacker: Any) -> Any:
    """In place of `Attacker.attack_dataset`: targets are checked first, and finished results are always logged."""
    check = getattr(attacker.attack.goal_function, "check_example", None)
    if check is None:
        return stock(attacker)
    _match_labels(attacker)
    _check_examples(attacker, check)
    _finished[:] = [attacker]
    with _all_skipped_is_no_warning():
        try:
            return stock(attacker)
        except BaseException:
            _log_what_is_finished(attacker)
            raise


def _match_labels(attacker: Any) -> None:
    """Call the labels of a corpus as the victim does.

    Raises:
        InputError: the victim knows none of them: every example would be skipped.
    """
    from textattack_xmtc.attack_dataset import XMTCDataset
    from textattack_xmtc.workdir.progress import say

    asked = attacker.attack_args.num_successful_examples or attacker.attack_args.num_examples
    if asked and isinstance(attacker.dataset, XMTCDataset):
        note = attacker.dataset.match_labels(attacker.attack.goal_function.model.labels)
        if note:
            say(note)


def _check_examples(attacker: Any, check: Callable[[Any], None]) -> None:
    """Check the labels and targets of every example that may be attacked, before the first is.

    Raises:
        InputError: there is no example; for some example there is no such label, or its target does not suit the goal.
    """
    args, dataset = attacker.attack_args, attacker.dataset
    asked = args.num_successful_examples or args.num_examples
    any_of_all = args.shuffle or args.attack_n or args.num_successful_examples or asked < 0
    start = args.num_examples_offset
    if asked and start > len(dataset):  # an assertion would fail
        raise InputError(
            f"no example was attacked: the data has {len(dataset):,} examples, and the first {start:,} were left out",
            "lower --num-examples-offset",
        )
    end = len(dataset) if any_of_all else min(len(dataset), start + asked)
    problems = []
    for row in range(start, end):
        try:
            check(dataset[row][1])
        except InputError as error:
            problems.append((row, error))
    if problems:
        row, first = problems[0]
        more = "".join(f"\n  example {row + 1}: {error.problem}" for row, error in problems[1:_LISTED])
        rest = len(problems) - _LISTED
        more += f"\n  and {rest:,} more" if rest > 0 else ""
        raise InputError(f"example {row + 1} of the data: {first.problem}", first.fix + more)


def _log_what_is_finished(attacker: Any) -> None:
    manager = attacker.attack_log_manager
    if manager is None or not manager.results:
        return
    print()
    if attacker.attack_args.disable_stdout and not attacker.attack_args.silent:
        manager.enable_stdout()
    manager.log_summary()
    manager.flush()
    print(f"\ntextattack-xmtc: the run ended early; the {len(manager.results):,} finished results are in the logs")


@contextmanager
def _all_skipped_is_no_warning() -> Iterator[None]:
    """NumPy warns of the mean of no numbers, which TextAttack's summary takes where nothing succeeded."""
    with warnings.catch_warnings():
        for message in ("Mean of empty slice", "invalid value encountered in (scalar )?divide"):
            warnings.filterwarnings("ignore", message, RuntimeWarning)
        yield


def run(stock: Callable[..., Any], command: Any, args: Any) -> None:
    """In place of `AttackCommand.run`: errors of this package in one line; exit status 2 where nothing was attacked.

    Raises:
        SystemExit: with status 2 for an error of this package, or where no example was attacked.
    """
    _finished.clear()
    _waiting.clear()
    try:
        with _terminated_as_exit():
            stock(command, args)
    except XMTCError as error:
        if os.environ.get("TEXTATTACK_XMTC_DEBUG"):
            raise
        print(f"textattack-xmtc: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except EOFError:
        if not getattr(args, "interactive", False):
            raise
        return  # the end of the typed texts
    if _finished and (reasons := nothing_attacked(_finished.pop())) is not None:
        print(f"textattack-xmtc: no example was attacked: {reasons}", file=sys.stderr)
        raise SystemExit(NOTHING_ATTACKED)


def nothing_attacked(attacker: Any) -> str | None:
    """Why no example was attacked, with the counts by reason; None where one was, or none was asked for."""
    from textattack.attack_results import SkippedAttackResult

    if not (attacker.attack_args.num_successful_examples or attacker.attack_args.num_examples):
        return None
    results = attacker.attack_log_manager.results
    if not results:
        offset = attacker.attack_args.num_examples_offset
        return f"the data has {len(attacker.dataset):,} examples, and the first {offset:,} were left out"
    if not all(isinstance(result, SkippedAttackResult) for result in results):
        return None
    reasons = Counter(_kind_of(result.perturbed_result.reason) for result in results)
    counts = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common())
    return f"all {len(results):,} were skipped: {counts}"


def _kind_of(reason: str) -> str:
    """A reason without what is only of its text: its number of words, or its labels."""
    plain = reason.removeprefix("skipped: ")
    kind = re.match(r"too short|the victim knows none of the (labels|targets)", plain)
    return kind[0] if kind else plain


@contextmanager
def _terminated_as_exit() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does: with its finished results in the logs."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGTERM"):
        yield
        return

    def leave(*_: object) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
