"""What random noise costs: sums against plain counting, curves of a toy model, the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.small_campaigns import make_data
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import precision_at_k, psp_at_k
from textattack_xmtc.models.evaluation import evaluate, truth_of
from textattack_xmtc.models.noise_loss import noise_curves, sums_of
from textattack_xmtc.results.noise import as_csv
from textattack_xmtc.results.statistics import bootstrap_over_texts, bootstrap_ratios
from textattack_xmtc.scores import NOTHING

NAMES = [f"label{number}" for number in range(8)]


class Reader:
    """Ranks the labels whose names a text holds first."""

    label_names = NAMES

    def top_k(self, texts: Any, k: int, kind: str, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        scores = np.array([[name in text.split() for name in NAMES] for text in texts], dtype=float)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return order, np.take_along_axis(scores, order, axis=1)


def corpus(splits: tuple[str, ...] = ("train", "test")) -> Corpus:
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 9) ** 1.5
    rows = [sorted(rng.choice(8, 2, replace=False, p=share / share.sum()).tolist()) for _ in range(60)]
    documents = [
        Document(str(n), " ".join(NAMES[i] for i in row), [NAMES[i] for i in row]) for n, row in enumerate(rows)
    ]
    return Corpus.from_documents("toy", dict.fromkeys(splits, documents), NAMES)


def test_sums_are_those_of_the_measures() -> None:
    rng = np.random.default_rng(1)
    best = np.array([rng.permutation(8)[:5] for _ in range(60)])
    best[3, 2:] = NOTHING
    truth = truth_of(NAMES, corpus(), "test")
    numerators, denominators = sums_of(best, truth)
    values = numerators.sum(axis=0) / denominators.sum(axis=0)
    assert truth.propensity is not None
    assert values[:3] == pytest.approx(
        [
            precision_at_k(best, truth.labels, 1),
            precision_at_k(best, truth.labels, 5),
            psp_at_k(best, truth.labels, truth.propensity, 5),
        ]
    )
    recalls = []
    for row, true in zip(best.tolist(), truth.labels.toarray(), strict=True):
        tail = [label for label in np.flatnonzero(true) if 1 <= truth.counts[label] <= 5]
        if tail:
            recalls.append(np.mean([label in row for label in tail]))
    assert recalls and values[3] == pytest.approx(np.mean(recalls))


def test_ratios_of_sums_are_means_where_the_sizes_are_even() -> None:
    values = np.random.default_rng(0).random(50)
    (mean,) = bootstrap_ratios(values[:, None], np.ones((50, 1)))
    assert (mean.low, mean.high) == bootstrap_over_texts(values, np.arange(50))
    assert mean.value == pytest.approx(values.mean()) and mean.low < mean.value < mean.high
    (none,) = bootstrap_ratios(np.zeros((3, 1)), np.zeros((3, 1)))
    assert np.isnan([none.value, none.low, none.high]).all()
    (rare,) = bootstrap_ratios(np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]]))
    assert (rare.value, rare.low, rare.high) == (1, 1, 1)


def test_a_curve_begins_with_what_evaluate_says_and_loses_with_the_rate() -> None:
    (curve,) = noise_curves(Reader(), "reader", corpus(), ["splits"], (0.8, 0.2), 4)
    plain = evaluate(Reader(), corpus()).overall
    assert curve.rates == (0, 0.2, 0.8) and curve.changed[0] == 0 and curve.able == 1
    assert curve.changed[1:] == pytest.approx((0.2, 0.8), abs=0.1)
    assert list(curve.values) == ["P@1", "P@5", "PSP@5", "tail recall@5"]
    for measure in ("P@1", "P@5", "PSP@5"):
        assert curve.values[measure][0].value == pytest.approx(plain[measure])
    for measure, values in curve.values.items():
        losses = curve.losses[measure]
        assert losses[0].value == losses[0].high == 0
        for value, loss in zip(values, losses, strict=True):
            assert loss.value == pytest.approx(values[0].value - value.value)
            assert loss.low <= loss.value <= loss.high and value.n == 60
        assert losses[2].value > losses[1].value >= 0
    assert curve.losses["P@5"][1].value > 0
    rows = list(csv.DictReader(as_csv([curve]).splitlines()))
    assert len(rows) == 3 * 4 and float(rows[-1]["loss"]) == pytest.approx(
        curve.losses["tail recall@5"][2].value, abs=1e-6
    )


def test_without_a_training_split_there_is_no_tail() -> None:
    (curve,) = noise_curves(Reader(), "reader", corpus(("test",)), ["splits"], (0.5,), 1)
    assert list(curve.values) == ["P@1", "P@5"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rates": ()}, "invalid noise rates"),
        ({"rates": (0.0,)}, "invalid noise rates"),
        ({"rates": (0.5,), "seeds": 0}, "0 seeds"),
        ({"kinds": ["splits", "accents"]}, "noise 'accents' changes no word of the 60 texts"),
    ],
)
def test_noise_that_measures_nothing_is_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"kinds": ["splits"], "rates": (0.5,), **options}
    with pytest.raises(InputError, match=message):
        next(noise_curves(Reader(), "reader", corpus(), **arguments))


def test_the_command_prints_and_writes_noise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_data(tmp_path / "data")
    victim = tmp_path / "victim.py"
    victim.write_text(
        "import numpy as np\n"
        "from textattack_xmtc.wrappers import FunctionWrapper\n"
        "def row(text):\n"
        "    return [float(f'topic{c}' in text.split()) + i * 1e-3 for i, c in enumerate('abcdefghijklmnopqr')]\n"
        "model = FunctionWrapper(lambda texts: np.array([row(text) for text in texts]),\n"
        "    'logit', label_names=[f'label {i}' for i in range(18)])\n"
    )
    out = tmp_path / "out" / "noise.json"
    out.parent.mkdir()
    command = ["evaluate", "--model", str(victim), "--data", str(data), "--out", str(out), "--noise-seeds", "2"]
    assert main([*command, "--noise", "splits", "case", "--noise-rate", "0.1", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "splits        50%" in shown and "tail recall@5" in shown
    curves = json.loads(out.read_text())["noise"]
    assert [curve["kind"] for curve in curves] == ["splits", "case"]
    assert curves[0]["losses"]["P@1"][2]["value"] > 0.1
    assert sorted(path.name for path in out.parent.iterdir()) == [
        *("noise-case.png", "noise-case.svg", "noise-splits.png", "noise-splits.svg", "noise.csv", "noise.json"),
    ]
    assert "Noise rate (% of the words)" in (out.parent / "noise-splits.svg").read_text()
    assert main([*command, "--noise", "accents"]) == 2
    assert "noise 'accents' changes no word of the 90 texts" in capsys.readouterr().err


def test_measures_of_a_model_with_fewer_labels_have_their_own_names() -> None:
    class Short(Reader):
        def top_k(self, texts: Any, k: int, kind: str, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
            return super().top_k(texts, min(k, 3), kind, batch_size)

    (curve,) = noise_curves(Short(), "short", corpus(), ["splits"], (0.5, 0.5), 1)
    assert list(curve.values) == ["P@1", "P@3", "PSP@3", "tail recall@3"] and curve.rates == (0, 0.5)
    assert curve.values["P@3"][0].value == pytest.approx(evaluate(Short(), corpus()).overall["P@3"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch-size", "0"], "invalid batch_size=0"),
        (["--noise-rate", "0.1"], "--noise-rate would change nothing; give --noise KIND as well"),
        (["--noise-seeds", "2"], "--noise-seeds would change nothing"),
        (["--noise", "typos", "--noise-rate", "1.5"], "invalid noise rates [1.5]"),
        (["--out", "none/figures.json"], "--out none/figures.json cannot be written"),
        (["--out", "/"], "--out / cannot be written"),
        (["--noise", "typos", "--out", "noise.csv"], "--out noise.csv is not a JSON file; give noise.json"),
    ],
)
def test_the_command_refuses_before_it_measures(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", "absent", "--data", "absent", *options]) == 2
    assert message in capsys.readouterr().err
