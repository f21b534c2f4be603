"""`textattack-xmtc explain`: why a label comes for a text."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.explanations.options import ExplainOptions
from textattack_xmtc.options import add_options, given, option, options_of, require
from textattack_xmtc.search_options import needs_masked_lm


@dataclass(frozen=True)
class _Options:
    """What the command takes beside the model and what is explained."""

    text: Path | None = option(None, "a file with one text, or - for standard input", metavar="FILE")
    data: str | None = option(None, "training texts, which say what speaks for the label", metavar="PATH")
    evidence_names: Path | None = option(
        None, "names of labels that the model calls by numbers, as JSON from label to name", metavar="FILE"
    )
    json: bool = option(False, "print JSON")
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    reading: ReadOptions = BY_CONTENT


_EXPLAIN = options_of(ExplainOptions)
_ALL = [*options_of(_Options), *_EXPLAIN]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_model(parser, "a model, as `campaign` takes it")
    add_options(parser, _ALL)


def run(arguments: argparse.Namespace) -> int:
    """Explain and print."""
    values = given(arguments, _ALL)
    require(values, _ALL, "text")
    names = {one.name for one in _EXPLAIN}
    options = ExplainOptions(**{name: value for name, value in values.items() if name in names})
    _refuse_unused(values, options)
    text = _read(values["text"])

    from textattack_xmtc.datasets.label_names import LabelNames
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.explanations.explain import explain
    from textattack_xmtc.explanations.text import as_text
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import load_victim

    corpus = None
    if values.get("data") is not None:
        corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
        say(corpus.recognised)
    file = values.get("evidence_names")
    called = None if file is None else LabelNames.read(file, values.get("label_language"))
    explanation = explain(load_victim(model_of(arguments), values.get("device")), text, options, corpus, called)
    print(json.dumps(asdict(explanation), ensure_ascii=False, indent=1) if values.get("json") else as_text(explanation))
    return 0


def _refuse_unused(values: Mapping[str, Any], options: ExplainOptions) -> None:
    """Refuse options that change nothing beside the others."""
    source, names = options.candidate_source, {one.name: one.flags[0] for one in _ALL}
    of_data = {one.name for one in options_of(ReadOptions)}
    of_data -= {"label_language"} if "evidence_names" in values else set()
    for unused, which, because in (
        ("data" not in values, of_data, "it says how --data are read"),
        (not needs_masked_lm(source), {"masked_lm"}, f"--candidate-source {source} needs none"),
        (source == "same-sense", {"candidates"}, "all words of a sense are tried"),
    ):
        if unused and (given_names := sorted(which & values.keys())):
            raise InputError(f"{names[given_names[0]]} would change nothing: {because}", "leave it out")


def _read(file: Path) -> str:
    """The text in a file.

    Raises:
        DataError: it cannot be read as UTF-8, or holds no text.
    """
    from textattack_xmtc.errors import DataError

    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = content.decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        raise DataError(f"the text in {file} cannot be read ({error})", "give a file with one text in UTF-8") from error
    if not text:
        raise DataError(f"{file} holds no text", "give a file with one text")
    return text
