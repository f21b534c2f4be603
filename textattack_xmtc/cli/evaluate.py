"""`textattack-xmtc evaluate`: how good a trained model is, overall and on rare and frequent labels."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import add_read_options, read_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_model(
        parser,
        "a model folder, a Hugging Face folder, hf:NAME of the hub, a Python file with a `model`, or xmtc-demo",
    )
    parser.add_argument("--data", required=True, help="a folder or file in any known format, hf:NAME, or api-docs")
    parser.add_argument("--split", default="test")
    parser.add_argument(
        "--family",
        choices=("wikipedia", "amazon", "other"),
        default="other",
        help="the data set's family, for A and B of the propensities",
    )
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--device", help="cpu, cuda, ...; by default the GPU where there is one")
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    add_read_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.evaluation import evaluate
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import load_victim
    from textattack_xmtc.wrappers.scorer import VictimScorer

    victim = load_victim(model_of(arguments), arguments.device)
    corpus = load_corpus(arguments.data, **read_options(arguments))
    say(corpus.recognised)
    model = VictimScorer(victim, corpus.label_names)
    found = evaluate(model, corpus, arguments.split, arguments.family, arguments.batch_size)
    names = sorted(found.overall, key=lambda name: (name.split("@")[0] != "P", name.split("@")[0], name))
    print(
        f"{model.name} on {found.texts:,} texts of {corpus.name}/{arguments.split}, {len(model.label_names):,} labels"
    )
    print(_row("labels by training texts", "labels", "texts", names))
    print(_row("all", len(model.label_names), found.texts, [f"{found.overall[name]:.4f}" for name in names]))
    for part in found.by_frequency:
        span = f"{part.lowest}" if part.highest == part.lowest else f"{part.lowest} to {part.highest or 'more'}"
        values = [f"{part.measures[name]:.4f}" if name in part.measures else "" for name in names]
        print(_row(span, part.labels, part.texts, values))
    for note in found.notes:
        print(f"note: {note}")
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(found.as_dict(), indent=1) + "\n", encoding="utf-8")
    return 0


def _row(first: str, labels: object, texts: object, values: list[str]) -> str:
    return f"{first:<24}  {labels!s:>8}  {texts!s:>8}  " + "  ".join(f"{value:>8}" for value in values)
