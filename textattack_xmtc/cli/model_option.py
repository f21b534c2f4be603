"""How a command that works on one model is told which: `--model MODEL`, or the name alone."""

from __future__ import annotations

import argparse


def add_model(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Let a command take a model, by its place or by `--model`."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help=help_text)
    parser.add_argument("--model", dest="named_model", metavar="MODEL", help="the same")


def model_of(arguments: argparse.Namespace) -> str:
    """The name of the model that a command was given.

    Raises:
        InputError: there is none, or there are two.
    """
    from textattack_xmtc.errors import InputError

    given = [name for name in (arguments.model, arguments.named_model) if name is not None]
    if len(given) != 1:
        raise InputError(f"the command was given {len(given)} models, expected one", "give --model MODEL")
    return str(given[0])
