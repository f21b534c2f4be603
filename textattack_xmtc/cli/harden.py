"""`textattack-xmtc harden`: a trained model, trained on, on attacked texts."""

from __future__ import annotations

import argparse
from pathlib import Path

from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import add_read_options, read_options
from textattack_xmtc.goal import NEGATIVE, POSITIVE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_model(parser, "a model folder (AttentionXML, flat or with a tree, or APLC-XLNet), xmtc:FOLDER, or xmtc-demo")
    parser.add_argument("--data", required=True, help="what it was trained on, as `train` took it")
    parser.add_argument(
        "--unlabelled", metavar="PATH", help="further texts, in any format of --data; their labels do not count"
    )
    parser.add_argument("--out", required=True, type=Path, help="the model folder to make")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted hardening")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda, ...; by default the GPU where there is one")
    parser.add_argument(
        "--masked-lm", default="auto", help="a folder or hub name; by default the one kept with the model"
    )

    long = parser.add_argument_group("how long")
    long.add_argument("--budget", type=float, help="time, as a share of what training the model took; default: 1")
    long.add_argument("--steps", type=int, help="steps, in place of a budget")
    long.add_argument("--round-steps", type=int, default=200, help="steps between fresh examples")

    texts = parser.add_argument_group("texts")
    texts.add_argument("--goal", choices=(POSITIVE, NEGATIVE, "both"), default=POSITIVE)
    texts.add_argument(
        "--augment",
        choices=("gradient", "masked-lm", "random-masking", "none"),
        default="gradient",
        help="what stands beside clean texts; the last two are controls",
    )
    texts.add_argument("--share", type=float, default=0.75, help="of the texts of a step that are attacked ones")
    texts.add_argument(
        "--exchanged", type=float, default=0.2, help="share of a text's words that gradient and random-masking change"
    )
    texts.add_argument("--changes", type=int, default=2, help="words that an attack with the masked LM changes at most")
    texts.add_argument("--candidates", type=int, default=16, help="words of the masked LM tried for each")
    texts.add_argument("--k", type=int, default=5, help="labels that count as predicted")

    loss = parser.add_argument_group("loss (Eq. 4.6); by default that of the model's training")
    loss.add_argument("--reweight", choices=("none", "pw", "cb", "pw-cb"))
    loss.add_argument("--weights", choices=("paper", "adv-xmtc"), default="paper", help="of --reweight, as for `train`")
    loss.add_argument("--family", choices=("wikipedia", "amazon", "other"), default="other", help="of --reweight")
    add_read_options(parser)
    loss.add_argument("--rate", type=float, default=0.3, help="learning rates, as a share of those of the training")


def run(arguments: argparse.Namespace) -> int:
    """Harden, measure, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.hardening.harden import harden_folder
    from textattack_xmtc.hardening.options import HardeningOptions
    from textattack_xmtc.models.losses import LossSettings
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import own_folder

    model = model_of(arguments)
    folder = own_folder(model, "harden")
    options = HardeningOptions(
        goal=arguments.goal,
        augment=arguments.augment,
        steps=arguments.steps,
        budget=1.0 if arguments.budget is None and arguments.steps is None else arguments.budget,
        round_steps=arguments.round_steps,
        share=arguments.share,
        exchanged=arguments.exchanged,
        changes=arguments.changes,
        candidates=arguments.candidates,
        k=arguments.k,
        rate=arguments.rate,
        seed=arguments.seed,
    )
    loss = None
    if arguments.reweight is not None:
        loss = LossSettings(arguments.reweight, constants=arguments.family, mode=arguments.weights)
    reading = read_options(arguments)
    corpus = load_corpus(arguments.data, **reading)
    say(corpus.recognised)
    made = harden_folder(
        folder,
        corpus,
        options,
        arguments.out,
        unlabelled=None if arguments.unlabelled is None else load_corpus(arguments.unlabelled, **reading),
        loss=loss,
        masked_lm=arguments.masked_lm,
        resume=arguments.resume,
        device=arguments.device,
    )
    hardened = made["hardened"]
    trained = made.get("seconds")
    share = f", {hardened['seconds'] / trained:.0%} of what training took" if trained else ""
    print(f"hardened in {hardened['seconds']:.0f} s{share}")
    last = hardened["log"][-1]
    for name, value in hardened["before"].items():
        print(f"held out: {name} {value:.3f} before, {last[name]:.3f} now")
    if made["test"] is not None:
        print("test: " + ", ".join(f"{name} {value:.3f}" for name, value in made["test"].items()))
    print(f"now: textattack-xmtc campaign --model {model} --model {arguments.out} --data {arguments.data}")
    return 0
