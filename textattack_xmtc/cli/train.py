"""`textattack-xmtc train`: a model folder from a corpus, in one go or in several."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import (
    ARCHITECTURES,
    TrainingPlan,
    architecture,
    architectures,
)
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.options import Option, add_config, add_options, given, option, options_of, require

PATIENCE = 5
"""Epochs without a better validation after which the command stops training, unless said otherwise."""


@dataclass(frozen=True)
class TrainOptions:
    """What the command takes beside the sizes and settings of the architectures."""

    architecture: str | None = option(None, f"the same as ARCHITECTURE: one of {', '.join(ARCHITECTURES)}")
    data: str = option("", "a folder or file in any known format, hf:NAME, or api-docs", metavar="PATH")
    out: Path | None = option(None, "the model folder to make", flags=("--out", "--output-dir"), metavar="FOLDER")
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    masked_lm: Path | None = option(
        None, "a masked language model of these texts, kept with the model", metavar="FOLDER"
    )
    size: Literal["small", "paper"] = option(
        "small", "sizes and settings: small learns on a CPU in minutes, paper has the authors'"
    )
    tree: bool = option(False, "the architecture with a label tree, for many labels", group="network")
    reading: ReadOptions = BY_CONTENT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("architecture", nargs="?", default=argparse.SUPPRESS, help=f"one of {', '.join(ARCHITECTURES)}")
    parser.add_argument("--resume", action="store_true", help="resume an interrupted training")
    parser.add_argument("--bfloat16", dest="dtype", action="store_const", const="bfloat16", default=argparse.SUPPRESS,
                        help="the same as --dtype bfloat16")  # fmt: skip
    add_config(parser)
    add_options(parser, _all_options())


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.training.plan import train_folder
    from textattack_xmtc.workdir.progress import say

    values = given(arguments, _all_options())
    require(values, _all_options(), "data", "out")
    plan = plan_of(values)
    corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
    say(corpus.recognised)
    made = train_folder(
        corpus,
        plan,
        values["out"],
        resume=arguments.resume,
        device=values.get("device"),
        masked_lm=values.get("masked_lm"),
    )
    print(f"trained in {made['seconds']:.0f} s on {made['device']}, peak memory {made['peak_memory_mb']:,} MB")
    if made["test"] is not None:
        print("test: " + ", ".join(f"{name} {value:.3f}" for name, value in made["test"].items()))
    print(f"now: textattack attack --recipe xmtc-positive --model xmtc:{values['out']}")
    return 0


def plan_of(values: Mapping[str, Any]) -> TrainingPlan:
    """The plan that the options describe.

    Raises:
        InputError: no architecture, or an option that it does not have.
    """
    name = values.get("architecture")
    if not name:
        raise InputError("no architecture is given", f"choose one of {', '.join(ARCHITECTURES)}")
    chosen = architecture(name)
    if values.get("tree") and not chosen.name.endswith("-tree"):
        if f"{chosen.name}-tree" not in ARCHITECTURES:
            raise InputError(f"--tree does not apply to {chosen.title}", "leave it out")
        chosen = architecture(f"{chosen.name}-tree")
    if values.get("encoder") and f"{chosen.name}-encoder" in ARCHITECTURES:
        chosen = architecture(f"{chosen.name}-encoder")
    of_architecture = {one.flags[0]: one for one in options_of(chosen.plan)}
    changes: dict[str, Any] = {"patience": PATIENCE}
    for one in _all_options():
        flag = one.flags[0]
        if one.name not in values or one.name in _COMMAND:
            continue
        if flag not in of_architecture:
            flags = {other.title: {known.flags[0] for known in options_of(other.plan)} for other in architectures()}
            others = ", ".join(title for title, names in flags.items() if flag in names)
            raise InputError(f"{flag} does not apply to {chosen.title}", f"leave it out; it is an option of {others}")
        changes[of_architecture[flag].name] = values[one.name]
    _refuse_unused(values, chosen.plan)
    loss = LossSettings(**{one.name: changes.pop(one.name) for one in options_of(LossSettings) if one.name in changes})
    plan = chosen.paper_plan(loss) if values.get("size") == "paper" else chosen.small_plan(loss)
    return plan.changed(changes)


def _refuse_unused(values: Mapping[str, Any], plan: type[TrainingPlan]) -> None:
    """Refuse options that change nothing beside the others."""
    loss = {one.name for one in options_of(LossSettings)}
    steps = {one.name for one in options_of(plan) if one.group.startswith("training")} - {"seed"}
    without_weights = "reweight" not in values or values["reweight"] == "none"
    for unused, names, because in (
        (values.get("neighbours") is not None, {*loss, *steps, "learning_rate"}, "--neighbours trains nothing"),
        (without_weights, loss - {"reweight", "kind"}, "they are of --reweight, which is not given"),
        (not values.get("fine_tune"), {"encoder_rate"}, "the encoder is frozen without --fine-tune"),
        (bool(values.get("fine_tune")), {"states"}, "states are of a frozen encoder, and --fine-tune is given"),
    ):
        if unused and (given_names := [one for one in _all_options() if one.name in names and one.name in values]):
            raise InputError(f"{given_names[0].flags[0]} would change nothing: {because}", "leave it out")


_COMMAND = {one.name for one in options_of(TrainOptions)}


def _all_options() -> list[Option]:
    """The command's options and those of all architectures; those of several architectures once."""
    options = {one.flags[0]: one for one in options_of(TrainOptions)}
    for one in architectures():
        for further in options_of(one.plan):
            options.setdefault(further.flags[0], further)
    return list(options.values())
