"""`textattack-xmtc import`: an official checkpoint as a model folder of this package."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from textattack_xmtc.datasets.read_options import add_read_options, read_options
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import importers, read_official
from textattack_xmtc.models.importers.options import ImportOptions
from textattack_xmtc.workdir.folders import check_writable

if TYPE_CHECKING:
    from textattack_xmtc.datasets.corpus import Corpus, Document
    from textattack_xmtc.models.torch_scorer import TorchScorer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("kind", choices=tuple(importers()), help="the program that wrote the checkpoint")
    parser.add_argument(
        "source",
        type=Path,
        help="attentionxml: the file, or what the names of a tree's files start with; else: the folder",
    )
    parser.add_argument("--out", required=True, type=Path, help="the model folder to make")
    parser.add_argument(
        "--labels", type=Path, help="label names, one a line by index; by default beside the checkpoint"
    )
    parser.add_argument("--vocabulary", type=Path, help="AttentionXML: vocab.npy; by default beside the checkpoint")
    parser.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        help="AttentionXML: the YAML file of the model or of its data, to be held against the weights; can be repeated",
    )
    parser.add_argument("--max-length", type=int, help="words or sub-words read of a text; by default 500 or 512")
    parser.add_argument(
        "--beam", type=int, help="AttentionXML with a tree: groups of a level whose children are scored"
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="read Python objects too, which can run any code that the maker of a file put there",
    )
    parser.add_argument("--data", help="a corpus whose test texts are kept, for an attack to take by default")
    parser.add_argument("--masked-lm", type=Path, help="a masked language model of these texts, kept with the model")
    add_read_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, check, save."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.folder import save_model
    from textattack_xmtc.workdir.progress import say

    out: Path = arguments.out
    if out.exists():
        raise InputError(f"{str(out)!r} exists already", "choose another folder, or remove it first")
    check_writable(out)
    if arguments.masked_lm is not None and not (arguments.masked_lm / "config.json").is_file():
        raise InputError(
            f"{str(arguments.masked_lm)!r} is not the folder of a masked language model", "check --masked-lm"
        )
    model = _read(arguments)
    test = None
    if arguments.data is not None:
        corpus = load_corpus(arguments.data, **read_options(arguments))
        say(corpus.recognised)
        test = kept_texts(corpus, model.label_names)
    save_model(
        model, out, {"imported": {"kind": arguments.kind, "source": arguments.source.name}}, test, arguments.masked_lm
    )
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


def _read(arguments: argparse.Namespace) -> TorchScorer:
    options = ImportOptions(
        labels=arguments.labels,
        vocabulary=arguments.vocabulary,
        configurations=tuple(arguments.config),
        max_length=arguments.max_length,
        beam=arguments.beam,
        trust=arguments.trust,
    )
    return read_official(arguments.kind, arguments.source, options)
