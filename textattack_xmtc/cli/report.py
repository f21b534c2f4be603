"""`textattack-xmtc report`: from campaign folders to a page, exports, and answers for a terminal and for a CI job."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS
from textattack_xmtc.results import headline as sentences
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.comparison import Side, comparison_table, only_model, sides
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.gate import FAILED, UNDECIDED, Check, checks
from textattack_xmtc.results.gate_file import Gate
from textattack_xmtc.results.markup import printable
from textattack_xmtc.results.tables.formats import as_text
from textattack_xmtc.results.tables.table import Table

GATE_FAILED = 1
"""The exit status where a success rate is above what `--max-success-rate` allows."""

_FORMATS = ("textattack-csv", "junit", "parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `textattack-xmtc report`."""
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="what `textattack-xmtc campaign --out` wrote"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where the report goes; by default report/ in the campaign's folder, needed for several campaigns",
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="print a paired comparison of two models of the campaign; without FOLDER, of two campaign folders of a "
        "model each, on the same samples (and then a report is only written where --out is given)",
    )
    parser.add_argument(
        "--family",
        choices=tuple(PROPENSITY_CONSTANTS),
        default="other",
        help="the data set's family, for A and B of the propensities (PSP@k), as `evaluate` has it",
    )
    parser.add_argument(
        "--max-success-rate",
        "--fail-over",
        type=float,
        dest="max_success_rate",
        metavar="RATE",
        action=_Gate,
        help="exit with status 1 where the success rate of the attack is above RATE, a share between 0 and 1, on any "
        "model, over the samples that it was attacked on (30 or more); --fail-over is the old name",
    )
    parser.add_argument(
        "--bin",
        default="all",
        metavar="BIN",
        help="the bin that --max-success-rate looks at: tail, head, all (the default), or its number, 0 for the rarest "
        "labels",
    )
    parser.add_argument(
        "--gate",
        type=Path,
        metavar="FILE",
        help="the same for the conditions of a TOML file (docs/gate.md): status 1 where one is shown to be missed, "
        "status 2 where the samples cannot tell",
    )
    parser.add_argument(
        "--export",
        action="append",
        default=[],
        choices=_FORMATS,
        help="write into exports/ of the report as well: TextAttack's CSV, a CI's test report (JUnit XML), every "
        "record as a Parquet table; may be given several times",
    )


class _Gate(argparse.Action):
    """Takes the limit, and says where it is given by its old name."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        if option_string == "--fail-over":
            print("xmtc: --fail-over is deprecated; use --max-success-rate", file=sys.stderr)
        setattr(namespace, self.dest, values)


def run(arguments: argparse.Namespace) -> int:
    """Report as asked.

    Returns:
        0, or 1 where a success rate is above what `--max-success-rate` allows, or a condition of `--gate` is missed.

    Raises:
        XMTCError: a folder that cannot be read or written, or arguments that do not fit it; a gate that cannot be
            decided.
    """
    limit: float | None = arguments.max_success_rate
    if limit is not None and not 0 <= limit <= 1:
        raise InputError(
            f"invalid --max-success-rate {limit:g}: must be a share between 0 and 1", "give 0.6, for instance"
        )
    if limit is None and arguments.bin != "all":
        raise InputError(f"--bin {arguments.bin} would change nothing", "give --max-success-rate as well")
    file_gate = Gate.read(arguments.gate) if arguments.gate is not None else None
    folders = list(arguments.folders)
    two_folders = not folders and arguments.compare is not None
    if two_folders:
        folders = [Path(folder) for folder in arguments.compare]
        for folder in folders:
            if not folder.exists():
                raise InputError(
                    f"{folder} does not exist", "give two campaign folders, or one FOLDER and two names of its models"
                )
    if not folders:
        raise InputError("no campaign is given", "name the folder that `textattack-xmtc campaign --out` wrote")
    out: Path | None = arguments.out
    unique = list({folder.resolve(): folder for folder in folders}.values())
    if out is None and len(unique) > 1 and not two_folders:
        raise InputError(f"a report on {len(unique)} campaigns needs a folder", "give --out FOLDER")
    campaigns = _named([_read(folder) for folder in unique])
    pair = _pair(arguments.compare, campaigns, two_folders) if arguments.compare else None
    gate = checks(campaigns, limit, arguments.bin) if limit is not None else []
    if file_gate is not None:
        gate += file_gate.checks(campaigns)

    tables: list[Table] = []
    if pair:
        tables = [comparison_table(*pair, "compared"), comparison_table(*pair, "compared-both-right", both_right=True)]
        print("\n".join(as_text(table) for table in tables))
        if pair[0].campaign is pair[1].campaign and pair[0].model.name == pair[0].campaign.reference:
            tables = []  # the report has them anyway
    for campaign in campaigns:
        _print_headlines(campaign)
    if out or not two_folders:
        # Drawing needs matplotlib, most of a second to import.
        from textattack_xmtc.results.export.report import write_report
        from textattack_xmtc.workdir.names import inside

        page = write_report(
            campaigns, out or inside(unique[0], "report"), tables, arguments.family, arguments.export, gate
        )
        print(f"report: {page}")
    elif arguments.export:
        raise InputError("--export has no folder to write to", "give --out FOLDER")
    return _print_gate(gate)


def _read(folder: Path) -> Campaign:
    campaign = read_campaign(folder)
    if not any(model.records for model in campaign.models):
        raise InputError(
            f"{folder} has no records yet: no sample has been attacked",
            "attack with `textattack-xmtc campaign --out FOLDER --resume`",
        )
    return campaign


def _named(campaigns: list[Campaign]) -> list[Campaign]:
    """The campaigns under names that tell them apart: that of the folder, or its path."""
    names = Counter(campaign.name for campaign in campaigns)
    return [replace(one, name=str(one.folder)) if names[one.name] > 1 else one for one in campaigns]


def _pair(names: list[str], campaigns: list[Campaign], two_folders: bool) -> tuple[Side, Side]:
    if not two_folders:
        return sides(campaigns, *names)
    if len(campaigns) < 2:
        raise InputError(
            f"{names[0]} and {names[1]} are the same folder", f"name two models: report {names[0]} --compare A B"
        )
    first, second = (only_model(campaign) for campaign in campaigns)
    if first.name == second.name:
        return replace(first, name=first.campaign.name), replace(second, name=second.campaign.name)
    return first, second


def _print_headlines(campaign: Campaign) -> None:
    print(printable("\n".join([sentences.headline(campaign), *sentences.further_headlines(campaign)])))
    for model in campaign.models:
        if model.name != campaign.reference:
            print(printable(f"{model.name}, same samples: {sentences.model_headline(campaign, model)}"))
    for note in (*sentences.warnings_of(campaign), *(sentences.left_out(campaign, model) for model in campaign.models)):
        if note:
            print(printable(f"xmtc: {campaign.name}: {note}"), file=sys.stderr)


def _print_gate(gate: Sequence[Check]) -> int:
    """Print every check; the exit status.

    Raises:
        InputError: none fails, and one cannot be decided.
    """
    for check in gate:
        print(printable(check.line))
    verdicts = {check.verdict for check in gate}
    if FAILED in verdicts:
        return GATE_FAILED
    if UNDECIDED in verdicts:
        undecided = next(check for check in gate if check.verdict == UNDECIDED)
        raise InputError(
            f"the gate cannot be decided on {undecided.model}, {undecided.where}: {undecided.reason}",
            "let the campaign finish, or draw more samples (campaign --samples-per-bin, --per-label)",
        )
    return 0
