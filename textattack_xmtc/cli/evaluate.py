"""`textattack-xmtc evaluate`: how good a trained model is, overall and on rare and frequent labels."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.options import add_options, given, option, options_of, require


@dataclass(frozen=True)
class EvaluateOptions:
    """What the command takes beside the model."""

    data: str = option("", "a folder or file in any known format, hf:NAME, or api-docs", metavar="PATH")
    split: str = option(
        "test", "the split of the data; reserve-options or reserve-verdict: what training set aside", metavar="NAME"
    )
    family: Literal["wikipedia", "amazon", "other"] = option(
        "other", "the data set's family, for A and B of the propensities"
    )
    batch_size: int = option(64, "texts in one call of the model")
    device: str | None = option(None, "cpu, cuda, ...; by default the GPU where there is one")
    out: Path | None = option(None, "also write the figures to this JSON file", metavar="FILE")
    reading: ReadOptions = BY_CONTENT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_model(
        parser,
        "a model folder, a Hugging Face folder, hf:NAME of the hub, a Python file with a `model`, or xmtc-demo",
    )
    add_options(parser, options_of(EvaluateOptions))


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.datasets.reserve import RESERVE, reserve_of
    from textattack_xmtc.models.evaluation import evaluate
    from textattack_xmtc.models.folder import TRAINING, read_dict
    from textattack_xmtc.workdir.progress import say
    from textattack_xmtc.wrappers.naming import load_victim
    from textattack_xmtc.wrappers.scorer import VictimScorer

    options = options_of(EvaluateOptions)
    values = given(arguments, options)
    require(values, options, "data")
    values = {one.name: one.default for one in options} | values
    victim = load_victim(model_of(arguments), values["device"])
    corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
    say(corpus.recognised)
    if values["split"] in RESERVE:
        corpus = reserve_of(corpus, read_dict(Path(model_of(arguments)), TRAINING))
    model = VictimScorer(victim, corpus.label_names)
    figures = evaluate(model, corpus, values["split"], values["family"], values["batch_size"])
    names = sorted(figures.overall, key=lambda name: (name.split("@")[0] != "P", name.split("@")[0], name))
    print(
        f"{model.name} on {figures.texts:,} texts of {corpus.name}/{values['split']}, {len(model.label_names):,} labels"
    )
    print(_row("labels by training texts", "labels", "texts", names))
    print(_row("all", len(model.label_names), figures.texts, [f"{figures.overall[name]:.4f}" for name in names]))
    for part in figures.by_frequency:
        span = f"{part.lowest}" if part.highest == part.lowest else f"{part.lowest} to {part.highest or 'more'}"
        cells = [f"{part.measures[name]:.4f}" if name in part.measures else "" for name in names]
        print(_row(span, part.labels, part.texts, cells))
    for note in figures.notes:
        print(f"note: {note}")
    if values["out"] is not None:
        values["out"].write_text(json.dumps(figures.as_dict(), indent=1) + "\n", encoding="utf-8")
    return 0


def _row(first: str, labels: object, texts: object, values: list[str]) -> str:
    return f"{first:<24}  {labels!s:>8}  {texts!s:>8}  " + "  ".join(f"{value:>8}" for value in values)
