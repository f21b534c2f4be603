"""`textattack-xmtc report`: from campaign folders to a page, and answers for a terminal and for a CI job."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from math import isnan
from pathlib import Path

from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS
from textattack_xmtc.results.comparison import Side, comparison_table, only_model, sides
from textattack_xmtc.results.reading import CAMPAIGN, read_campaign
from textattack_xmtc.results.summary import Campaign, models_of
from textattack_xmtc.results.tables import Table, as_text, clean
from textattack_xmtc.results.wording import finding, left_out, percent, progress, rate, similar_finding

FAILED = 1
"""The exit status where a success rate is above what `--fail-over` allows."""


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
        "--fail-over",
        type=float,
        metavar="RATE",
        help="exit with status 1 where the success rate of the attack is above RATE, a share between 0 and 1, on any "
        "model; a sample that a model other than the reference gets wrong before the attack counts as a success",
    )
    parser.add_argument(
        "--bin",
        default="all",
        metavar="BIN",
        help="the bin that --fail-over looks at: tail, head, all (the default), or its number, 0 for the rarest labels",
    )


def run(arguments: argparse.Namespace) -> int:
    """Report as asked.

    Returns:
        0, or 1 where a success rate is above what `--fail-over` allows.

    Raises:
        XMTCError: a folder that cannot be read or written, or arguments that do not fit it.
    """
    limit: float | None = arguments.fail_over
    if limit is not None and not 0 <= limit <= 1:
        raise InputError(f"--fail-over {limit:g} is not a share", "give a rate between 0 and 1, for instance 0.6")
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
        raise InputError(f"a report on {len(unique)} campaigns has no place of its own", "say where it goes by --out")
    campaigns = _named([_read(folder) for folder in unique])
    pair = _pair(arguments.compare, campaigns, two_folders) if arguments.compare else None

    tables: list[Table] = []
    if pair:
        tables = [comparison_table(*pair, "compared"), comparison_table(*pair, "compared-both-right", both_right=True)]
        print("\n".join(as_text(table) for table in tables))
        if pair[0].campaign is pair[1].campaign and pair[0].model.name == pair[0].campaign.reference:
            tables = []  # the report has them anyway
    for campaign in campaigns:
        _say(campaign)
    if out or not two_folders:
        # Drawing needs matplotlib, most of a second to import.
        from textattack_xmtc.results.writing import write_report
        from textattack_xmtc.workdir.names import inside

        print(f"report: {write_report(campaigns, out or inside(unique[0], 'report'), tables, arguments.family)}")
    return _gate(campaigns, limit, arguments.bin) if limit is not None else 0


def _read(folder: Path) -> Campaign:
    campaign = read_campaign(folder)
    if not any(model.records for model in campaign.models):
        raise InputError(
            f"{folder} has no records yet: no sample has been attacked", "let the campaign run (on), with --resume"
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


def _say(campaign: Campaign) -> None:
    print(clean(f"{finding(campaign)}\n{similar_finding(campaign)}"))
    for note in (progress(campaign), *campaign.notes, *(left_out(campaign, model) for model in campaign.models)):
        if note:
            print(clean(f"xmtc: {campaign.name}: {note}"), file=sys.stderr)


def _gate(campaigns: list[Campaign], limit: float, bin_name: str) -> int:
    """Print the success rate of each model on the bin; `FAILED` where one is above the limit.

    A rate without a sample holds no gate.
    """
    status = 0
    for campaign, model in models_of(campaigns):
        number = _bin(campaign, bin_name)
        found = campaign.verdicts[model.name].rate(number)
        where = "all labels" if number is None else f"label frequency {campaign.bin_name(number)}"
        if isnan(found.value):
            raise InputError(
                f"model {model.name} has no attacked sample on {where}, so --fail-over has nothing to judge",
                "let the campaign finish, or choose another --bin",
            )
        above = found.value > limit
        status = FAILED if above else status
        verdict = "above" if above else "not above"
        print(
            clean(
                f"{'FAIL' if above else 'pass'}: {campaign.name}, {model.name}, {where}: success rate {rate(found)}, "
            )
            + f"n = {found.n:,}; {verdict} {percent(limit)}"
        )
    return status


def _bin(campaign: Campaign, name: str) -> int | None:
    """The number of the bin that is meant, None for all."""
    if name in ("all", "tail", "head"):
        return {"all": None, "tail": campaign.bins[0].number, "head": campaign.bins[-1].number}[name]
    numbers = [part.number for part in campaign.bins]
    if name.isdecimal() and int(name) in numbers:
        return int(name)
    raise InputError(
        f"--bin {name} is no bin of {campaign.folder / CAMPAIGN}",
        f"choose tail, head, all, or a number from {numbers[0]} to {numbers[-1]}",
    )
