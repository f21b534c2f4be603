"""`textattack-xmtc campaign`: samples drawn by label frequency, attacked on one model or several, record by record."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.campaign.plan import Plan, check_values
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import goal_named
from textattack_xmtc.options import Option, add_config, add_options, given, option, options_of

if TYPE_CHECKING:
    from textattack_xmtc.results.campaign import Campaign

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended
_NOTHING_ATTACKED = 2


@dataclass(frozen=True)
class _Beside:
    """Options that shape no record."""

    out: Path | None = option(
        None, "where records go; new, empty, or with --resume", flags=("--out", "--output-dir"), metavar="FOLDER"
    )
    transfer_to: tuple[str, ...] = option(
        factory=tuple,
        help="models that the adversarial texts are tried on afterwards (a finished campaign's with --resume)",
        metavar="MODEL",
    )
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    workers: int | None = option(
        None,
        "attack in so many processes, each with the models (GPUs in turn); the records are the same",
        metavar="N",
    )
    ray: str | None = option(
        None,
        "attack on a Ray cluster (auto, host:port, ray://...; `local` starts one), with --workers actors or one for "
        "each GPU or core",
        metavar="ADDRESS",
    )
    gate: Path | None = option(
        None,
        "refuse the campaign where it could not answer the conditions of this gate (docs/gate.md), which the report "
        "judges",
        metavar="FILE",
    )


def _options() -> list[Option]:
    # Goals have further spellings.
    return [*options_of(Plan, goal={"choices": (), "metavar": "GOAL"}), *options_of(_Beside)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes. What is not given may stand in the TOML file."""
    add_options(parser, [one for one in _options() if one.name != "cluster"])
    # `--cluster yes` and `--cluster no` are the spellings of 0.1.0.
    cluster = parser.add_mutually_exclusive_group()
    cluster.add_argument(
        "--cluster",
        nargs="?",
        const="yes",
        choices=("yes", "no"),
        default=argparse.SUPPRESS,
        help=next(one.help for one in _options() if one.name == "cluster"),
    )
    cluster.add_argument(
        "--no-cluster", action="store_const", const="no", dest="cluster", default=argparse.SUPPRESS, help="any target"
    )
    parser.add_argument(
        "--dataset-from-huggingface", metavar="NAME", help="the same as --data hf:NAME", default=argparse.SUPPRESS
    )
    parser.add_argument("--resume", action="store_true", help="resume the campaign in --out; nothing is run twice")
    parser.add_argument(
        "--retry-errors", action="store_true", help="with --resume: samples whose record is an error run again"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the campaign, then show what came out.

    Raises:
        InputError: there is no --out, or an invalid option.
    """
    options = _given(arguments)
    out, transfer_to = options.pop("out", None), options.pop("transfer_to", ())
    device, number, ray, gate = (options.pop(name, None) for name in ("device", "workers", "ray", "gate"))
    if out is None:
        raise InputError("the option --out is missing", "give --out FOLDER: where records go")
    if arguments.retry_errors and not arguments.resume:
        raise InputError("there is nothing to try again in a new campaign", "give --resume with --retry-errors")
    new = not (out / "campaign.json").exists()
    if new:
        Plan.of(options).check_used()
    else:
        check_values(options)

    from textattack_xmtc.campaign.runner import run_campaign
    from textattack_xmtc.campaign.workers.run import Workers
    from textattack_xmtc.results.folder import read_campaign
    from textattack_xmtc.results.gate_file import Gate
    from textattack_xmtc.results.markup import printable
    from textattack_xmtc.results.tables.success import terminal_summary
    from textattack_xmtc.results.tables.transfer import terminal_transfers
    from textattack_xmtc.workdir.interrupt import check

    judged_by = Gate.read(gate) if gate is not None else None
    workers = Workers(number, ray) if number is not None or ray is not None else None
    check()  # an import may have swallowed Ctrl-C
    before = _written(out)
    try:
        finished = run_campaign(
            out, options, arguments.resume, device, workers, arguments.retry_errors, transfer_to, judged_by
        )
    except KeyboardInterrupt:
        finished = False
    if not finished:
        again = f"resume it: {shlex.join(['textattack-xmtc', 'campaign', '--out', str(out), '--resume'])}"
        started = (out / "campaign.json").exists()
        print(f"xmtc: stopped; {again if started else 'nothing was attacked yet'}", file=sys.stderr)
        return _INTERRUPTED
    campaign = read_campaign(out)
    print(printable(terminal_summary(campaign)))
    if campaign.transfers:
        print(printable(terminal_transfers(campaign)))
    if _written(out) != before and not any(len(results.of_bin().rows) for results in campaign.results.values()):
        print(f"textattack-xmtc: {_why_nothing(campaign)}", file=sys.stderr)
        return _NOTHING_ATTACKED
    print(
        f"now: {shlex.join(['textattack-xmtc', 'report', str(out), *(() if gate is None else ('--gate', str(gate)))])}"
    )
    return 0


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, on the command line or in the TOML file; `transfer_to` of both."""
    from_file = given(argparse.Namespace(config=arguments.config), _options())
    options = given(arguments, _options())
    options["transfer_to"] = tuple(
        dict.fromkeys([*from_file.get("transfer_to", ()), *getattr(arguments, "transfer_to", ())])
    )
    if "goal" in options:
        options["goal"] = goal_named(options["goal"]).name
    if "cluster" in options:
        options["cluster"] = options["cluster"] in ("yes", True)
    if hasattr(arguments, "dataset_from_huggingface"):
        if hasattr(arguments, "data"):
            raise InputError("--data and --dataset-from-huggingface both name the data", "give one of them")
        options["data"] = f"hf:{arguments.dataset_from_huggingface}"
    return options


def _written(out: Path) -> int:
    """Bytes of records."""
    return sum(file.stat().st_size for file in (out / "records").glob("*.jsonl"))


def _why_nothing(campaign: Campaign) -> str:
    """How many samples were not attacked for which reason, where none was."""
    reasons: Counter[str] = Counter()
    for model in campaign.models:
        reasons.update({f"{kind}: {why}": number for (kind, why), number in campaign.not_attacked(model).items()})
    counts = "; ".join(f"{number:,} {reason}" for reason, number in reasons.most_common(5))
    return (
        f"none of {reasons.total():,} samples was attacked ({counts}); check that the model was trained on these data, "
        "and that texts are long enough for one change (--max-change-rate)"
    )
