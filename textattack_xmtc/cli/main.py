"""The command `textattack-xmtc`: finds the module of a subcommand, and says what went wrong without a stack trace."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Protocol, cast

from textattack_xmtc._version import __version__
from textattack_xmtc.errors import XMTCError, missing_module
from textattack_xmtc.workdir.interrupt import Interruption


class Command(Protocol):
    """What the module of a subcommand holds."""

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Say what the command takes; imports nothing heavy."""

    @staticmethod
    def run(arguments: argparse.Namespace) -> int:
        """Do it; returns the exit status."""


COMMANDS = {
    "data": "how a data file is understood: columns, labels, the first texts, label statistics, warnings",
    "train": "train AttentionXML, APLC-XLNet or a sentence encoder on a corpus",
    "harden": "train a trained model on, on attacked texts, so that attacks succeed less often",
    "import": "make a model folder from an official checkpoint",
    "evaluate": "P@k, nDCG@k and PSP@k of a trained model, overall and by label frequency",
    "campaign": "samples drawn by label frequency, attacked on one model or several",
    "judge": "does the label still fit the changed texts? asks other models, training texts and people",
    "certify": "how many words may be exchanged at will before a true label can be lost",
    "explain": "why a label comes for a text: the words that it hangs on, what takes it away, its nearest labels",
    "doctor": "what is installed here and what is missing, with the command that fixes it",
    "report": "a page, Markdown, CSV and figures from campaign folders; compares two models; a gate for CI jobs",
}
"""The subcommands and what each does; the module of one is `textattack_xmtc.cli.NAME` (`NAME_` where Python has that
word for itself), imported when it is called."""

INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `textattack-xmtc`.

    Returns:
        The exit status: 0, 2 where something must be fixed first, 130 after Ctrl-C, or the command's own.
    """
    try:
        with Interruption():
            return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        print("textattack-xmtc: stopped", file=sys.stderr)
        return INTERRUPTED


def _main(given: list[str]) -> int:
    chosen = next((word for word in given if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        "textattack-xmtc", description="Attacks on extreme multilabel text classifiers: models, experiments, reports."
    )
    parser.add_argument("--version", action="version", version=f"textattack-xmtc {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    module: Command | None = None
    for name, line in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        subparser.add_argument("--debug", action="store_true", help="show the stack trace of an error")
        if name == chosen:
            module = cast(Command, import_module(f"textattack_xmtc.cli.{name}{'_' * iskeyword(name)}"))
            module.add_arguments(subparser)
    parsed = parser.parse_args(given)
    assert module is not None  # argparse has ended the process where there was no such command
    try:
        return module.run(parsed)
    except (XMTCError, ImportError) as error:
        if parsed.debug:
            raise
        problem = error if isinstance(error, XMTCError) else missing_module(error)
        print(f"textattack-xmtc: {problem}", file=sys.stderr)
        return 2
