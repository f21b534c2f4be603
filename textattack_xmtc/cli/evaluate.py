"""`textattack-xmtc evaluate`: how good a trained model is, overall and on rare and frequent labels."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from textattack_xmtc.cli.model_option import add_model, model_of
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.options import add_options, given, option, options_of, require
from textattack_xmtc.search_options import NoiseKind, check_noise

if TYPE_CHECKING:
    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.results.noise import NoiseCurve
    from textattack_xmtc.results.statistics import Estimate
    from textattack_xmtc.wrappers.scorer import VictimScorer


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
    out: Path | None = option(
        None,
        "also write the figures to this JSON file; with --noise, a CSV file and a figure for each kind beside it",
        metavar="FILE",
    )
    noise: tuple[NoiseKind, ...] = option(
        factory=tuple, help="also measure with random noise of these kinds (docs/noise.md)", group="noise"
    )
    noise_rate: tuple[float, ...] = option(
        (0.02, 0.05, 0.1), "how likely each word is hit", metavar="SHARE", group="noise"
    )
    noise_seeds: int = option(3, "draws of the noise at each rate", metavar="N", group="noise")
    reading: ReadOptions = BY_CONTENT

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"invalid batch_size={self.batch_size}", "choose 1 or more")
        if self.noise:
            check_noise(self.noise, self.noise_rate, self.noise_seeds)
        if self.out is not None and self.out.suffix in (".csv", ".svg", ".png"):
            raise InputError(f"--out {self.out} is not a JSON file", f"give {self.out.with_suffix('.json')}")
        if self.out is not None:
            try:
                with tempfile.TemporaryFile(dir=self.out.parent):
                    pass
                if self.out.is_dir():
                    raise IsADirectoryError(f"{self.out} is a folder")
            except OSError as error:
                raise InputError(f"--out {self.out} cannot be written ({error})", "give another file") from error


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
    from textattack_xmtc.wrappers.naming import fingerprint_of, load_victim
    from textattack_xmtc.wrappers.scorer import VictimScorer

    options = options_of(EvaluateOptions)
    values = given(arguments, options)
    require(values, options, "data")
    for name in ("noise_rate", "noise_seeds") if not values.get("noise") else ():
        if name in values:
            raise InputError(f"--{name.replace('_', '-')} would change nothing", "give --noise KIND as well")
    names = {one.name for one in fields(EvaluateOptions)}
    chosen = EvaluateOptions(**{name: value for name, value in values.items() if name in names})
    values = {one.name: one.default for one in options} | values | {"noise": tuple(dict.fromkeys(chosen.noise))}
    victim = load_victim(model_of(arguments), values["device"])
    corpus = load_corpus(values["data"], **ReadOptions.of(values).given())
    say(corpus.recognised)
    if values["split"] in RESERVE:
        corpus = reserve_of(corpus, read_dict(Path(model_of(arguments)), TRAINING))
    model = VictimScorer(victim, corpus.label_names)
    figures = evaluate(model, corpus, values["split"], values["family"], values["batch_size"])
    columns = sorted(figures.overall, key=lambda name: (name.split("@")[0] != "P", name.split("@")[0], name))
    print(
        f"{model.name} on {figures.texts:,} texts of {corpus.name}/{values['split']}, {len(model.label_names):,} labels"
    )
    print(_row("labels by training texts", "labels", "texts", columns))
    print(_row("all", len(model.label_names), figures.texts, [f"{figures.overall[name]:.4f}" for name in columns]))
    for part in figures.by_frequency:
        span = f"{part.lowest}" if part.highest == part.lowest else f"{part.lowest} to {part.highest or 'more'}"
        cells = [f"{part.measures[name]:.4f}" if name in part.measures else "" for name in columns]
        print(_row(span, part.labels, part.texts, cells))
    for note in figures.notes:
        print(f"note: {note}")
    curves = _noise_curves(model, corpus, values)
    if values["out"] is not None:
        model_facts = {"model": model.name, "fingerprint": fingerprint_of(model_of(arguments))}
        _write(values["out"], model_facts | figures.as_dict(), curves)
    return 0


def _noise_curves(model: VictimScorer, corpus: Corpus, values: Mapping[str, Any]) -> list[NoiseCurve]:
    """Measure and print what random noise costs."""
    if not values["noise"]:
        return []
    from textattack_xmtc.models.noise_loss import noise_curves
    from textattack_xmtc.workdir.progress import say

    asked = (values[key] for key in ("noise", "noise_rate", "noise_seeds", "split", "family", "batch_size"))
    curves: list[NoiseCurve] = []
    for curve in noise_curves(model, model.name, corpus, *asked):
        if not curves:
            print("\nrandom noise: value, and what it loses in points with its 95% interval over texts")
            print(f"{'kind':<11} {'rate':>5} {'changed':>7}  " + "  ".join(f"{name:<27}" for name in curve.values))
        for place, (rate, changed) in enumerate(zip(curve.rates, curve.changed, strict=True)):
            cells = (_cell(curve.values[name][place], curve.losses[name][place]) for name in curve.values)
            print(f"{curve.kind:<11} {rate:>5.0%} {changed:>7.1%}  " + "  ".join(f"{cell:<27}" for cell in cells))
        say(f"noise: {curve.kind} done")
        curves.append(curve)
    return curves


def _cell(value: Estimate, loss: Estimate) -> str:
    low, high = 100 * loss.low, 100 * loss.high
    return f"{value.value:.4f}" + (
        f"  {100 * loss.value:+.1f} ({low:+.1f} to {high:+.1f})" if loss.value or high > low else ""
    )


def _write(file: Path, figures: dict[str, Any], curves: Sequence[NoiseCurve]) -> None:
    from textattack_xmtc.results.figures import over_noise_rates
    from textattack_xmtc.results.noise import as_csv
    from textattack_xmtc.workdir.files import whole_file, write_json, writing

    with writing(file):
        write_json(file, figures | ({"noise": [asdict(curve) for curve in curves]} if curves else {}))
        if curves:
            with whole_file(file.with_suffix(".csv")) as opened:
                opened.write(as_csv(curves).encode())
        for curve in curves:
            figure = over_noise_rates(curve, f"{file.stem}-{curve.kind}")
            for ending, content in ((".svg", figure.svg.encode()), (".png", figure.png)):
                with whole_file(file.with_name(figure.name + ending)) as opened:
                    opened.write(content)


def _row(first: str, labels: object, texts: object, values: list[str]) -> str:
    return f"{first:<24}  {labels!s:>8}  {texts!s:>8}  " + "  ".join(f"{value:>8}" for value in values)
