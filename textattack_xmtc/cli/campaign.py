"""`textattack-xmtc campaign`: samples drawn by label frequency, attacked on one model or several, record by record."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, get_args

from textattack_xmtc.goal import GOALS, POSITIVE
from textattack_xmtc.search_options import CandidateOrder, CandidateSource, Objective, Ranking

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes. No option has a default here: what is not said may stand in the TOML file."""
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        metavar="FOLDER",
        help="a model folder, or a Python file with a `model`; several are attacked on the same samples",
    )
    parser.add_argument(
        "--transfer-to",
        action="extend",
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="models that the adversarial texts are tried on afterwards (a finished campaign's with --resume)",
    )
    parser.add_argument("--data", metavar="PATH", help="a folder or file in any known format, hf:NAME, or api-docs")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where records go; new, empty, or with --resume")
    parser.add_argument("--resume", action="store_true", help="go on with the campaign in --out; nothing is run twice")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="options as TOML, by the names used here; those given here win"
    )
    parser.add_argument("--device", help="cpu, cuda, ...; by default the GPU where there is one")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="attack in so many processes, each with the models (GPUs in turn); the records are the same",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="attack on a Ray cluster (auto, host:port, ray://...; `local` starts one), with --workers actors or one "
        "for each GPU or core",
    )
    parser.add_argument(
        "--retry-errors", action="store_true", help="with --resume: samples whose record is an error run again"
    )

    attack = parser.add_argument_group("attack")
    attack.add_argument("--goal", metavar="GOAL", help=f"{', '.join(GOALS)}; default: {POSITIVE}")
    attack.add_argument("--k", type=int, help="how many of the best labels count (5)")
    attack.add_argument("--max-change-rate", type=float, metavar="SHARE", help="of the words may be changed (0.1)")
    attack.add_argument("--candidates", type=int, help="words of the masked LM that are tried for each word (48)")
    attack.add_argument("--masked-lm", metavar="NAME", help="a folder or hub name (the reference model's companion)")
    attack.add_argument("--encoder", metavar="NAME", help="use, sbert, embedded, ... measures similarity (auto)")
    attack.add_argument("--mode", choices=("paper", "adv-xmtc"), help="Algorithm 1 (paper), or the published script")
    attack.add_argument(
        "--ranking",
        choices=get_args(Ranking),
        help="the order of the words: each masked once (masked-delta, the default), blocks masked and split "
        "(masked-blocks), each exchanged for its first candidate (first-candidate), or random",
    )
    attack.add_argument(
        "--candidate-order",
        choices=get_args(CandidateOrder),
        help="which candidates of a word are asked about: all (default), until-goal, or while-better",
    )

    attack.add_argument(
        "--candidate-source",
        choices=get_args(CandidateSource),
        help="where candidates come from: masked-lm (default); or words that speak for the target, by its training "
        "texts (label-texts), its name (label-names), or the victim's answers alone (answers)",
    )

    attack.add_argument(
        "--objective",
        choices=get_args(Objective),
        help="how near a text is to the goal: the targets' scores (targets, the default), or how far they are above "
        "the label that they must overtake (margin, negative goal)",
    )

    samples = parser.add_argument_group("samples")
    samples.add_argument("--reference-model", metavar="FOLDER", help="decides what is right (the first model)")
    samples.add_argument("--labels-per-bin", type=int, help="labels after which a bin closes (as many as fit)")
    samples.add_argument("--samples-per-bin", type=int, help="drawn from each bin, or the most that all can give (200)")
    samples.add_argument("--total", type=int, help="about so many of all bins together, in place of --samples-per-bin")
    samples.add_argument("--pairs-per-text", type=int, help="targets that are drawn of one text, at most (1)")
    samples.add_argument(
        "--cluster",
        choices=("yes", "no"),
        help="negative goal: only targets in a label cluster of the text, as in Eq. 4.5 (yes)",
    )
    samples.add_argument("--samples", metavar="FILE", help="attack these, drawn before (samples.jsonl of a campaign)")
    samples.add_argument("--seed", type=int, help="of everything that is drawn (0)")


def run(arguments: argparse.Namespace) -> int:
    """Run the campaign, then show what came out.

    Raises:
        InputError: there is no --out, or options that cannot be.
    """
    from textattack_xmtc.campaign.plan import read_options
    from textattack_xmtc.errors import InputError

    options = {} if arguments.config is None else read_options(arguments.config)
    options |= given_options(arguments)
    out = arguments.out or options.get("out")
    options.pop("out", None)
    transfer_to = [*options.pop("transfer_to", ()), *arguments.transfer_to]
    if out is None:
        raise InputError("there is no folder for the records", "give --out FOLDER")

    from textattack_xmtc.campaign.runner import run_campaign
    from textattack_xmtc.campaign.workers.run import Workers
    from textattack_xmtc.results.folder import CAMPAIGN, read_campaign
    from textattack_xmtc.results.markup import printable
    from textattack_xmtc.results.tables.success import terminal_summary
    from textattack_xmtc.results.tables.transfer import terminal_transfers

    workers = None
    if arguments.workers is not None or arguments.ray is not None:
        workers = Workers(arguments.workers, arguments.ray)
    if arguments.retry_errors and not arguments.resume:
        raise InputError("there is nothing to try again in a new campaign", "give --resume with --retry-errors")
    try:
        finished = run_campaign(
            out,
            options,
            arguments.resume,
            arguments.device,
            workers,
            arguments.retry_errors,
            transfer_to,
        )
    except KeyboardInterrupt:
        finished = False
    if not finished:
        begun = (Path(out) / CAMPAIGN).exists()
        again = f"go on with: textattack-xmtc campaign --out {out} --resume"
        print(f"xmtc: stopped; {again if begun else 'nothing was attacked yet'}", file=sys.stderr)
        return _INTERRUPTED
    campaign = read_campaign(out)
    print(printable(terminal_summary(campaign)))
    if campaign.transfers:
        print(printable(terminal_transfers(campaign)))
    print(f"now: textattack-xmtc report {out}")
    return 0


def given_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of a plan that were given on the command line."""
    from textattack_xmtc.campaign.plan import OPTIONS

    given = {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name) is not None}
    if "cluster" in given:
        given["cluster"] = given["cluster"] == "yes"
    return given
