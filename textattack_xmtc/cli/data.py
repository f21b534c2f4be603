"""`textattack-xmtc data`: how a data file is understood, before anything is trained on it or attacked with it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.options import add_options, options_of

if TYPE_CHECKING:
    from textattack_xmtc.datasets.corpus import Corpus

_TEXTS, _CHARACTERS, _LABELS = 3, 100, 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("path", help="a folder or file in any known format, hf:NAME, or api-docs")
    add_options(parser, options_of(ReadOptions))


def run(arguments: argparse.Namespace) -> int:
    """Read and show; 1 where the data cannot be read without an answer."""
    from textattack_xmtc.datasets.checks import warnings_of
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.errors import DataError

    try:
        corpus = load_corpus(arguments.path, **ReadOptions.of(vars(arguments)).given())
    except DataError as error:
        if arguments.debug:
            raise
        print(f"textattack-xmtc: {error}", file=sys.stderr)
        return 1
    if corpus.recognised:
        print(f"recognised: {corpus.recognised}")
    print("\n".join([*first_texts(corpus), *statistics_of(corpus)]))
    for warning in warnings_of(corpus):
        print(f"warning: {warning}")
    return 0


def first_texts(corpus: Corpus) -> list[str]:
    """The first texts, of training where there are any, with their labels as they were understood."""
    split = "train" if "train" in corpus.splits else next(iter(corpus.splits))
    lines = []
    for row in corpus.splits[split].select(range(min(_TEXTS, len(corpus.splits[split])))):
        names = [repr(corpus.label_names[label]) for label in row["labels"]]
        more = f" and {len(names) - _LABELS} more" if len(names) > _LABELS else ""
        text = row["text"] if len(row["text"]) <= _CHARACTERS else f"{row['text'][:_CHARACTERS]}..."
        lines += [
            f"{split}, id {row['id']!r:.40}: {text!r}",
            f"  {len(names)} label{'s' * (len(names) != 1)}: {', '.join(names[:_LABELS]) or 'none'}{more}",
        ]
    return lines


def statistics_of(corpus: Corpus) -> list[str]:
    """The numbers of Table 2, a line each."""
    from textattack_xmtc.datasets.statistics import corpus_statistics

    statistics = corpus_statistics(corpus)
    lines = [
        ("training texts", f"{statistics.train:,}"),
        ("test texts", f"{statistics.test:,}"),
        ("labels", f"{statistics.labels:,}"),
    ]
    if statistics.train:
        lines += [
            ("training texts a label", f"{statistics.texts_per_label:.2f}"),
            ("labels a training text", f"{statistics.labels_per_text:.2f}"),
            (f"labels with at most {statistics.tail_at_most} training texts", f"{statistics.tail_share:.1%}"),
            ("labels without a training text", f"{statistics.unseen_labels:,}"),
        ]
    return [f"{name:<38}{value:>12}" for name, value in lines]
