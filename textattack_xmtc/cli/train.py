"""`textattack-xmtc train`: a model folder from a corpus, in one go or in several."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.datasets.read_options import add_read_options, read_options

if TYPE_CHECKING:
    from textattack_xmtc.models.training.plan import TrainingPlan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("architecture", choices=("attentionxml", "aplc-xlnet"))
    parser.add_argument("--data", required=True, help="a folder or file in any known format, hf:NAME, or api-docs")
    parser.add_argument("--out", required=True, type=Path, help="the model folder to make")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda, ...; by default the GPU where there is one")
    parser.add_argument("--masked-lm", type=Path, help="a masked language model of these texts, kept with the model")

    loss = parser.add_argument_group("loss (Eq. 4.6)")
    loss.add_argument("--reweight", choices=("none", "pw", "cb", "pw-cb"), default="none")
    loss.add_argument("--loss", choices=("bce", "squared-hinge"), default="bce")
    loss.add_argument(
        "--weights",
        choices=("paper", "adv-xmtc"),
        default="paper",
        help="W as the paper prints it, or scaled to sum to the number of labels, as its code does",
    )
    loss.add_argument(
        "--family",
        choices=("wikipedia", "amazon", "other"),
        default="other",
        help="the data set's family, for A and B of the propensities",
    )

    network = parser.add_argument_group("network; what is not said here is chosen by --size")
    network.add_argument("--size", choices=("small", "paper"), default="small", help="small learns on a CPU in minutes")
    network.add_argument("--tree", action="store_true", help="AttentionXML with a label tree, for many labels")
    network.add_argument("--max-leaf", type=int, help="most labels of a group of the tree")
    network.add_argument("--beam", type=int, help="groups of a level whose children are scored")
    network.add_argument("--pretrained", metavar="NAME", help="APLC-XLNet: an XLNet, as a folder or by its hub name")
    network.add_argument("--layers", type=int)
    network.add_argument("--hidden-size", type=int, help="AttentionXML: in each direction")
    network.add_argument("--embedding-size", type=int, help="AttentionXML: width of a word vector")
    network.add_argument("--max-length", type=int, help="words (AttentionXML) or sub-words (APLC-XLNet) read of a text")
    network.add_argument("--vocabulary-size", type=int, help="most words, or sub-words, that the model knows")

    loop = parser.add_argument_group("training; what is not said here is chosen by --size")
    loop.add_argument("--epochs", type=int, help="passes over the texts, at most; for each level of a tree")
    loop.add_argument("--batch-size", type=int)
    loop.add_argument("--learning-rate", type=float, help="APLC-XLNet: of XLNet; the other parts' follow in proportion")
    loop.add_argument("--label-sample", type=int, help="AttentionXML: labels a step computes beside its batch's own")
    loop.add_argument("--word-dropout", type=float, help="share of the words that training hides")
    loop.add_argument("--average-from", type=int, help="first epoch whose weights are averaged; 0: no averaging")
    loop.add_argument("--patience", type=int, help="end after so many epochs that are no better; 0: train them all")
    loop.add_argument("--validation", type=int, help="training texts held out to choose the epoch; by default 1 in 20")
    loop.add_argument("--bfloat16", action="store_true", help="compute in mixed precision")
    add_read_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.training.plan import train_folder
    from textattack_xmtc.workdir.progress import say

    plan = plan_of(arguments)
    corpus = load_corpus(arguments.data, **read_options(arguments))
    say(corpus.recognised)
    made = train_folder(
        corpus,
        plan,
        arguments.out,
        resume=arguments.resume,
        device=arguments.device,
        masked_lm=arguments.masked_lm,
    )
    print(f"trained in {made['seconds']:.0f} s on {made['device']}, peak memory {made['peak_memory_mb']:,} MB")
    if made["test"] is not None:
        print("test: " + ", ".join(f"{name} {value:.3f}" for name, value in made["test"].items()))
    print(f"now: textattack attack --recipe xmtc-positive --model xmtc:{arguments.out}")
    return 0


def plan_of(arguments: argparse.Namespace) -> TrainingPlan:
    """The plan that the arguments describe.

    Raises:
        InputError: an option of the other architecture.
    """
    from textattack_xmtc.errors import InputError
    from textattack_xmtc.models.losses import LossSettings
    from textattack_xmtc.models.training.plan import paper_plan, small_plan

    aplc = arguments.architecture == "aplc-xlnet"
    foreign = ("tree", "max_leaf", "beam", "label_sample", "embedding_size") if aplc else ("pretrained",)
    for name in foreign:
        if getattr(arguments, name):
            other = "AttentionXML" if aplc else "APLC-XLNet"
            raise InputError(f"--{name.replace('_', '-')} is an option of {other}", "leave it out")
    tree = "-tree" if arguments.tree else ""
    loss = LossSettings(arguments.reweight, arguments.loss, arguments.family, mode=arguments.weights)
    choose = paper_plan if arguments.size == "paper" else small_plan
    plan: TrainingPlan = choose("aplc-xlnet" if aplc else f"attention-xml{tree}", loss)  # type: ignore[arg-type]

    given: dict[str, Any] = {name: value for name, value in vars(arguments).items() if value is not None}
    settings: dict[str, Any] = {field.name: given[field.name] for field in fields(plan.settings) if field.name in given}
    settings.setdefault("patience", 5)
    for name in ("average_from", "patience"):
        if name in settings:
            settings[name] = settings[name] or None
    if arguments.bfloat16:
        settings["dtype"] = "bfloat16"
    if arguments.learning_rate is not None and aplc:
        factor = arguments.learning_rate / plan.settings.encoder_rate  # type: ignore[union-attr]
        for name in ("encoder_rate", "summary_rate", "cluster_rate"):
            settings[name] = getattr(plan.settings, name) * factor
    changes: dict[str, Any] = {
        name: given[name]
        for name in ("pretrained", "max_length", "vocabulary_size", "validation", "hidden_size", "layers")
        if name in given
    }
    if not aplc:
        own: dict[str, Any] = {
            name: given[name] for name in ("hidden_size", "embedding_size", "layers") if name in given
        }
        if "hidden_size" in own:
            own["linear_sizes"] = (own["hidden_size"],)
        changes["network"] = replace(plan.network, **own)
        changes["tree"] = replace(plan.tree, **{name: given[name] for name in ("max_leaf", "beam") if name in given})
    return replace(plan, settings=replace(plan.settings, **settings), **changes)
