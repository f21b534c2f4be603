"""The tables of `benchmarks.studies.victims`: strength of each model, and paired differences of two."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.studies.findings_tables import Table
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.models.evaluation import truth_of
from textattack_xmtc.models.noise_loss import measures_of, sums_of
from textattack_xmtc.results.statistics import Estimate, bootstrap_ratios

TITLES = {
    "nearest": "nearest texts",
    "linear": "sentence encoder, rows",
    "memory": "sentence encoder, rows and memory",
    "attention-xml": "AttentionXML, from scratch",
    "napkinxc": "napkinXC PLT, TF-IDF",
    "omikuji": "Omikuji, TF-IDF",
    "linear-pw": "sentence encoder, rows, PW",
    "linear-pw-cb": "sentence encoder, rows, PW-cb",
    "linear-shifted": "sentence encoder, rows, log weights of PW-cb added",
    "attention-xml-shifted": "AttentionXML, log weights of PW-cb added",
}
REWEIGHTED = {
    "linear-pw": "linear",
    "linear-pw-cb": "linear",
    "linear-shifted": "linear",
    "attention-xml-shifted": "attention-xml",
}
"""What each reweighted model is compared with; all others are compared with the one that has a memory."""
Cells = Mapping[tuple[str, int], Mapping[str, np.ndarray]]


def tables(there: Mapping[str, tuple[Corpus, Cells]]) -> dict[str, Table]:
    """Means over seeds, with intervals over test texts; differences are paired over texts and the seeds that both have.

    Args:
        there: for each corpus, with its reserve apart: for model and seed the best labels (`best`, shape `(texts, 5)`)
            and the `seconds` of training and measuring.
    """
    strength: Table = ([], [])
    differences: Table = ([], [])
    for name, (corpus, cells) in there.items():
        truth = truth_of(corpus.label_names, corpus, "test")
        measures = measures_of(truth)
        strength[0][:] = ["corpus", "test texts", "model", "seeds", *measures, "P@1 by seed", "minutes"]
        differences[0][:] = ["corpus", "model", "less", "seeds", *measures]
        models: dict[str, dict[int, np.ndarray]] = {}  # by seed: what each text adds to each measure
        for model, title in TITLES.items():
            of_model = {seed: cell for (other, seed), cell in sorted(cells.items()) if other == model}
            if not of_model:
                continue
            sums = {seed: sums_of(cell["best"], truth) for seed, cell in of_model.items()}
            sizes = next(iter(sums.values()))[1]  # those of the texts, whatever the model
            models[model] = {seed: hits for seed, (hits, _) in sums.items()}
            minutes = np.mean([float(cell["seconds"]) for cell in of_model.values()]) / 60
            by_seed = ", ".join(f"{hits[:, 0].mean():.3f}" for hits in models[model].values())
            values = [shown(one) for one in bootstrap_ratios(np.mean(list(models[model].values()), axis=0), sizes)]
            last = [by_seed, f"{minutes:.0f}" if minutes >= 1 else "under 1"]
            strength[1].append([name, f"{len(sizes):,}", title, str(len(of_model)), *values, *last])
        pairs = [("memory", other) for other in TITLES if other != "memory" and other not in REWEIGHTED]
        pairs += list(REWEIGHTED.items())
        for model, base in pairs:
            if seeds := sorted(models.get(model, {}).keys() & models.get(base, {}).keys()):
                less = np.mean([models[model][seed] - models[base][seed] for seed in seeds], axis=0)
                values = [shown(one, "+") for one in bootstrap_ratios(less, sizes)]
                differences[1].append([name, TITLES[model], TITLES[base], str(len(seeds)), *values])
    return {"victims": strength, "victims-differences": differences}


def shown(estimate: Estimate, sign: str = "") -> str:
    return f"{estimate.value:{sign}.3f} ({estimate.low:{sign}.3f} to {estimate.high:{sign}.3f})"
