"""`textattack-xmtc import`: an official checkpoint as a model folder of this package."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import importers, read_official
from textattack_xmtc.models.importers.options import ImportOptions
from textattack_xmtc.options import add_options, given, option, options_of, require
from textattack_xmtc.workdir.folders import check_writable

if TYPE_CHECKING:
    from textattack_xmtc.datasets.corpus import Corpus, Document


@dataclass(frozen=True)
class ImportCommandOptions:
    """What the command takes beside the checkpoint."""

    importing: ImportOptions
    out: Path | None = option(None, "the model folder to make", flags=("--out", "--output-dir"), metavar="FOLDER")
    data: str | None = option(None, "a corpus whose test texts are kept, for an attack to take by default")
    masked_lm: Path | None = option(None, "a masked language model of these texts, kept with the model")
    reading: ReadOptions = BY_CONTENT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("kind", choices=tuple(importers()), help="the program that wrote the checkpoint")
    parser.add_argument(
        "source",
        type=Path,
        help="attentionxml: the file, or what the names of a tree's files start with; else: the folder",
    )
    add_options(parser, options_of(ImportCommandOptions))


def run(arguments: argparse.Namespace) -> int:
    """Read, check, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.folder import save_model
    from textattack_xmtc.workdir.progress import say

    options = options_of(ImportCommandOptions)
    values = given(arguments, options)
    require(values, options, "out")
    out, masked_lm = Path(values["out"]), values.get("masked_lm")
    if out.exists():
        raise InputError(f"{str(out)!r} exists already", "choose another folder, or remove it first")
    check_writable(out)
    if masked_lm is not None and not (masked_lm / "config.json").is_file():
        raise InputError(f"{str(masked_lm)!r} is not the folder of a masked language model", "check --masked-lm")
    names = {one.name for one in options_of(ImportOptions)}
    chosen: dict[str, Any] = {name: value for name, value in values.items() if name in names}
    model = read_official(arguments.kind, arguments.source, ImportOptions(**chosen))
    test = None
    if "data" in values:
        corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
        say(corpus.recognised)
        test = kept_texts(corpus, model.label_names)
    save_model(model, out, {"imported": {"kind": arguments.kind, "source": arguments.source.name}}, test, masked_lm)
    kept = "" if test is None else f", {len(test):,} test texts kept"
    print(f"imported: {model.name} with {len(model.label_names):,} labels{kept}")
    data = "" if test else " --dataset-from-file TEXTS.jsonl"
    print(f"now: textattack attack --recipe xmtc-positive --model xmtc:{out}{data}")
    return 0


def kept_texts(corpus: Corpus, label_names: Sequence[str]) -> list[Document]:
    """The test texts to keep with a model: at most `TEST_TEXTS` drawn ones, in their order.

    Labels that the model does not know are left out, and so are texts without any other.

    Raises:
        InputError: none of the texts has a label that the model knows.
    """
    import numpy as np

    from textattack_xmtc.datasets.corpus import Document
    from textattack_xmtc.models.training.plan import TEST_TEXTS

    rows, known = corpus.split("test"), frozenset(label_names)
    kept = []
    for number in np.random.default_rng(0).permutation(len(rows)).tolist():
        row = rows[number]
        labels = [name for name in (corpus.label_names[label] for label in row["labels"]) if name in known]
        if labels:
            kept.append((number, Document(row["id"], row["text"], labels)))
        if len(kept) == TEST_TEXTS:
            break
    if not kept:
        raise InputError(
            f"no test text of {corpus.name!r} has a label that the model knows, such as {label_names[0]!r}",
            "give the data that the model was trained for, or the right label names",
        )
    return [document for _, document in sorted(kept, key=itemgetter(0))]
