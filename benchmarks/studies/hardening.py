"""Hardened models beside plain ones, PW-cb and cheap controls: clean P@1, attacks on the rarest labels, time.

    python -m benchmarks.studies.hardening --data FOLDER --keep FOLDER --masked-lm FOLDER --out FOLDER \
        [--other-masked-lm FOLDER] [--documents FOLDER] [--only WORDS...] [--samples 60] [--minutes 10] [--budget 1]

FOLDER of `--data` holds the corpora as `benchmarks.studies.findings` writes them, `--keep` the trained models of
`benchmarks.studies.models`. Each cell is trained with the command line in a process of its own, into `--out`, and what
is there is not trained again. Attacks are on samples of the rarest bin that the plain model has right, drawn as a
campaign draws them, every cell on the same ones; records are kept one by one. `--minutes` is for the attacks of each
corpus and model. `--only` takes what holds all these words, `--cells` makes those only, `--attacks` tries these.
`--other-masked-lm` is for the attack "other masked LM". With `--documents` (compressed JSON Lines), models of `tib-ci`
are attacked on 102 pairs of its training texts and on 250 of documents of that folder as well, and one is hardened on
further ones (see `benchmarks.studies.hardening_texts`). Results: `benchmarks/studies/hardening.json` and
`hardening.md`, of all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.rows import machine
from benchmarks.studies.findings import COMMAND
from benchmarks.studies.hardening_tables import records_of, summary, table
from benchmarks.studies.hardening_texts import corpus_of
from textattack_xmtc.campaign.plan import Plan

RESULTS = Path(__file__).parent / "hardening.json"
MODELS = {
    "cooking": ("attention-xml", "aplc-xlnet"),
    "tib-ci": ("attention-xml", "aplc-xlnet"),
    "tib-bench": ("attention-xml-tree",),
    "api-docs": ("attention-xml-tree",),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "cooking": {"labels_per_bin": 100, "max_change_rate": 0.25},  # 8 words a text
    "tib-ci": {"labels_per_bin": 60},
    "tib-ci-training": {"labels_per_bin": 150, "samples_per_bin": 34},
    "tib-ci-other": {"labels_per_bin": 140, "samples_per_bin": 250},
    "tib-bench": {"labels_per_bin": 200},
    "api-docs": {"labels_per_bin": 200},
}
RAREST = {"tib-ci-training": 3}
"""From how many bins samples come, where not from the first alone. Here these three hold the labels of 1 to 4 texts."""

FURTHER = "FURTHER"
"""Stands for the folder of further texts in `MADE`."""

BEFORE = ("--protect", "0", "--hold", "0")
"""The hardening that is measured here: any word may be exchanged, and labels alone are trained on."""

KEPT = {"plain": "none", "PW-cb": "pw-cb-normalised"}
MADE: dict[str, Sequence[str]] = {
    "hardened": BEFORE,
    "hardened, full rate": (*BEFORE, "--rate", "1"),
    "hardened, further texts": (*BEFORE, "--unlabelled", FURTHER),
    "more training": ("--share", "0", *BEFORE),
    "hardened, PW-cb": (*BEFORE, "--reweight", "pw-cb", "--weights", "adv-xmtc"),
}
OTHER = "other masked LM"
ATTACKS: dict[str, dict[str, Any]] = {
    "paper": {},
    "random order": {"ranking": "random"},
    OTHER: {},
    "label-aware": {"candidate_source": "label-texts", "candidate_order": "until-goal"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--keep", "--masked-lm", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--other-masked-lm", type=Path)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--cells", nargs="*", default=list(MADE), choices=list(MADE), help="those that are made")
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=list(ATTACKS))
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--budget", type=float, default=1.0)
    parser.add_argument("--tables-only", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for corpus, models in MODELS.items():
        for model in models:
            name = f"{corpus}-{model}"
            there = (options.keep / f"{name}-none").is_dir() and all(word in name for word in options.only)
            if there and not options.tables_only:
                train(corpus, name, options)
                attack(options.data / corpus, corpus, model, options)
                if corpus == "tib-ci" and options.documents is not None:
                    for kind in ("training", "other"):
                        texts = corpus_of(kind, options.data / corpus, options.documents, options.out / "corpora")
                        attack(texts, corpus, model, options)
    rows = [row for file in sorted(options.out.glob("*.jsonl")) for row in summary(file)]
    lines = ",\n".join(json.dumps(row) for row in rows)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


def folders(name: str, options: argparse.Namespace) -> dict[str, Path]:
    """The model folder of each cell that is there."""
    found = {cell: options.keep / f"{name}-{loss}" for cell, loss in KEPT.items()}
    found |= {cell: options.out / f"{name}-{cell.replace(', ', '-').replace(' ', '-')}" for cell in MADE}
    return {cell: folder for cell, folder in found.items() if folder.is_dir() or cell in MADE}


def train(corpus: str, name: str, options: argparse.Namespace) -> None:
    """Make the cells that are not there yet, one after the other."""
    for cell, own in MADE.items():
        folder = folders(name, options)[cell]
        if folder.is_dir() or cell not in options.cells:
            continue
        if FURTHER in own:
            if corpus != "tib-ci" or options.documents is None:
                continue
            texts = corpus_of("further", options.data / corpus, options.documents, options.out / "corpora")
            own = [str(texts) if part == FURTHER else part for part in own]
        command = ["harden", str(options.keep / f"{name}-none"), "--data", str(options.data / corpus), *own]
        command += ["--budget", str(options.budget), "--out", str(folder)]
        print("textattack-xmtc", *command, flush=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", COMMAND, *command, "--resume"],
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        (folder / "computed.json").write_text(json.dumps({"seconds": round(computed, 1)}) + "\n", encoding="utf-8")


def attack(folder: Path, trained: str, architecture: str, options: argparse.Namespace) -> None:
    """Measure the cells without an attack, then attack them, sample by sample, until the minutes are used up.

    Args:
        folder: the corpus whose test split is attacked.
        trained: the corpus that the models were trained on.
        architecture: of the models.
        options: of the command line.
    """
    from textattack_xmtc.campaign.attack import SampleAttack, load_tools
    from textattack_xmtc.campaign.samples import draw_samples
    from textattack_xmtc.campaign.victims import load_victim
    from textattack_xmtc.datasets.load import load_corpus

    name, corpus = folder.name, load_corpus(folder)
    models = folders(f"{trained}-{architecture}", options)
    cells = {cell: str(model) for cell, model in models.items() if model.is_dir()}
    plan = Plan.of(
        {
            "models": list(cells.values()),
            "data": str(folder),
            "samples_per_bin": options.samples,
            "encoder": "embedded",
            "masked_lm": str(options.masked_lm),
            **OPTIONS[name],
        }
    )
    victims = {cell: load_victim(cell, model, corpus.label_names) for cell, model in cells.items()}
    plain = victims["plain"]
    drawn = draw_samples(corpus, plain.top_k(corpus.split("test"), plan.k), plan, np.asarray(plain.from_corpus >= 0))
    rarest = [own for own in drawn.bins if own.number < RAREST.get(name, 1)]
    samples = [sample for sample in drawn.samples if sample.bin <= rarest[-1].number]
    file = options.out / f"{name}-{architecture}.jsonl"
    records = list(records_of(file))
    done = {(record["cell"], record["attack"], record.get("sample")) for record in records}
    tools = load_tools(replace(plan, candidate_source="label-texts"), None)
    others = replace_masked_lm(plan, options)
    end = time.monotonic() + 60 * options.minutes
    with file.open("a", encoding="utf-8") as opened:

        def write(record: dict[str, Any]) -> None:
            opened.write(json.dumps({"corpus": name, "model": architecture, **record}) + "\n")
            opened.flush()

        for cell, victim in victims.items():
            if (cell, "none", None) not in done:
                write({"cell": cell, "attack": "none", **clean(victim, corpus, rarest, cells[cell])})
        attacks = {}
        for kind, changes in ATTACKS.items():
            if kind not in options.attacks or (kind == OTHER and others is None):
                continue
            for cell, victim in victims.items():
                used = others if kind == OTHER else tools
                attacks[kind, cell] = SampleAttack(replace(plan, **changes), victim, corpus.label_names, used)
        for sample in samples:
            for (kind, cell), own in attacks.items():
                if (cell, kind, sample.number) in done:
                    continue
                if time.monotonic() > end:
                    return
                found = own.record(sample)
                kept = {key: found[key] for key in ("outcome", "reason", "queries", "words", "change_rate")}
                write({"cell": cell, "attack": kind, "sample": sample.number, **kept})


def replace_masked_lm(plan: Plan, options: argparse.Namespace) -> Any:
    from textattack_xmtc.campaign.attack import load_tools

    if options.other_masked_lm is None:
        return None
    return load_tools(replace(plan, masked_lm=str(options.other_masked_lm)), None)


def clean(victim: Any, corpus: Any, rarest: list[Any], folder: str) -> dict[str, Any]:
    """What a model is worth without an attack, overall and on the labels of the rarest bins, and what it took."""
    from textattack_xmtc.metrics import only_labels
    from textattack_xmtc.models.evaluation import measures

    best, truth = victim.top_k(corpus.split("test"), 5), corpus.label_matrix("test")
    inside = (corpus.label_counts >= rarest[0].lowest) & (corpus.label_counts <= rarest[-1].highest)
    own = only_labels(truth, inside)
    having = np.flatnonzero(np.diff(own.indptr))
    rare = measures(best[having], own[having])
    kept = json.loads((Path(folder) / "training.json").read_text(encoding="utf-8"))
    hardened, computed = kept.get("hardened"), Path(folder) / "computed.json"
    return {
        "P@1": measures(best, truth)["P@1"],
        "rarest": [rarest[0].lowest, rarest[-1].highest, len(having)],
        "rarest P@1": rare["P@1"],
        "rarest recall@5": rare["recall@5"],
        "trained": kept["seconds"],
        "extra": hardened["seconds"] if hardened else None,
        "computed": json.loads(computed.read_text())["seconds"] if computed.is_file() else None,
        "schedule": hardened["schedule"] if hardened else None,
        "held out": [hardened["before"], hardened["log"][-1]] if hardened else None,
        "machine": machine(),
    }


if __name__ == "__main__":
    main()
