"""`textattack-xmtc harden`: a trained model, trained further on attacked texts."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.options import DROPPED, HardeningOptions, dropped
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.options import Option, add_config, add_options, given, option, options_of, require

_LOSS = ("reweight", "mode", "constants")


@dataclass(frozen=True)
class HardenOptions:
    """What the command takes beside the options of a hardening."""

    model: str = option("", "the model: a folder that `train` made, xmtc:FOLDER, or xmtc-demo", metavar="FOLDER")
    data: str = option("", "what the model was trained on, as `train` took it", metavar="PATH")
    unlabelled: str | None = option(
        None, "further texts, in any format of --data; their labels do not count", metavar="PATH"
    )
    out: Path | None = option(None, "the model folder to make", flags=("--out", "--output-dir"), metavar="FOLDER")
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    reading: ReadOptions = BY_CONTENT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("placed_model", nargs="?", metavar="MODEL", help="the same as --model")
    parser.add_argument("--resume", action="store_true", help="resume an interrupted hardening")
    add_config(parser)
    add_options(parser, _options())
    for flag in DROPPED:
        parser.add_argument(flag, action=_Dropped, help=argparse.SUPPRESS)


class _Dropped(argparse.Action):
    """Refuses an option that has been removed, and says what there is in its place."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, flag: str | None = None
    ) -> None:
        parser.error(str(dropped(str(flag))))


def run(arguments: argparse.Namespace) -> int:
    """Harden, measure, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.hardening.harden import harden_folder
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import own_folder

    values = given(arguments, _options())
    if arguments.placed_model is not None:
        if hasattr(arguments, "model"):
            raise InputError("the command was given 2 models, expected one", "give --model MODEL")
        values["model"] = arguments.placed_model
    require(values, _options(), "model", "data", "out")
    names = {one.name for one in options_of(HardeningOptions)}
    chosen = {name: value for name, value in values.items() if name in names}
    if not {"budget", "steps"} & set(chosen):
        chosen["budget"] = 1.0
    options, victim, out = HardeningOptions(**chosen), own_folder(values["model"], "harden"), Path(values["out"])
    if arguments.resume and _is_finished(out, victim, options):
        print(f"{out} is finished: nothing is left to do")
        return 0
    reading = ReadOptions.of(values).given()
    corpus = load_corpus(values["data"], **reading)
    say(corpus.recognised)
    made = harden_folder(
        victim,
        corpus,
        options,
        out,
        unlabelled=None if values.get("unlabelled") is None else load_corpus(values["unlabelled"], **reading),
        loss=_loss(values),
        resume=arguments.resume,
        device=values.get("device"),
    )
    hardened = made["hardened"]
    trained = made.get("seconds")
    share = f", {hardened['seconds'] / trained:.0%} of what training took" if trained else ""
    print(f"hardened in {hardened['seconds']:.0f} s{share}")
    last = hardened["log"][-1]
    for name, value in hardened["before"].items():
        if name in last:  # an earlier version measured other attacks
            print(f"held out: {name} {value:.3f} before, {last[name]:.3f} now")
    if made["test"] is not None:
        print("test: " + ", ".join(f"{name} {value:.3f}" for name, value in made["test"].items()))
    print(f"now: {shlex.join(comparison(values['model'], out, values['data'], options.k))}")
    return 0


def _is_finished(out: Path, victim: Path, options: HardeningOptions) -> bool:
    """Whether a folder is what this model becomes by these options."""
    from textattack_xmtc.models.folder import TRAINING, read_dict
    from textattack_xmtc.workdir.provenance import fingerprint

    if not (out / TRAINING).is_file():
        return False
    made = read_dict(out, TRAINING).get("hardened")
    if not isinstance(made, dict):
        return False
    wanted = [json.loads(json.dumps(asdict(options))), fingerprint(victim)]
    return [made.get("options"), (made.get("from") or {}).get("fingerprint")] == wanted


def comparison(victim: str, out: Path, data: str, k: int) -> list[str]:
    """The command that attacks both models on the same samples."""
    command = ["textattack-xmtc", "campaign", "--model", victim, "--model", str(out), "--data", data]
    return [*command, "--k", str(k), "--out", f"{out}-campaign"]


def _options() -> list[Option]:
    group = {"group": "loss (Eq. 4.6); by default that of the training"}
    changes: dict[str, dict[str, Any]] = {**dict.fromkeys(_LOSS, group), "reweight": {**group, "default": None}}
    loss = options_of(LossSettings, **changes)
    return [*options_of(HardenOptions), *options_of(HardeningOptions), *(one for one in loss if one.name in _LOSS)]


def _loss(values: Mapping[str, Any]) -> LossSettings | None:
    chosen = {name: values[name] for name in _LOSS if name in values}
    if not chosen:
        return None
    if "reweight" not in chosen:
        raise InputError("--weights and --family apply to --reweight, which is missing", "give --reweight")
    return LossSettings(**chosen)
