"""Are stronger models harder to fool? The same labels of the same texts, attacked on every victim.

    python -m benchmarks.studies.strength --data FOLDER --encoder FOLDER --masked-lm FOLDER --victims DIR --out DIR

`--victims` is the `--out` of `benchmarks.studies.victims` for `tib-ci` and seed 0; what that study does not train
(APLC-XLNet, label attention over the encoder) is trained here on the same texts, and peers get a victim file. Samples
are drawn without asking any model: a true label of each of `SAMPLES` test texts, equally from `BINS` of label
frequency. A victim is attacked on those that it gets right, under each of `CONDITIONS`, in a campaign of its own;
campaigns resume. `--only` takes the victims of these names, `--tables-only` runs nothing. Tables and figure go to
`docs/results.md` and `docs/strength.svg`, numbers to `strength.json`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.findings import COMMAND
from benchmarks.studies.findings_tables import put_tables
from benchmarks.studies.strength_tables import CONDITIONS, DRAWN, TITLES, figure, tables
from benchmarks.studies.victims import RESERVE, corpus_of, tfidf, training_texts, write_omikuji_data
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign

CORPUS, SEED = "tib-ci", 0
RESULTS = Path(__file__).with_suffix(".json")
FIGURE = Path(__file__).parents[2] / "docs" / "strength.svg"
SAMPLES = 450
BINS = ((1, 4), (5, 9), (10, None))
TRAINED: dict[str, tuple[str, dict[str, Any]]] = {
    "aplc-xlnet": ("aplc-xlnet", {"epochs": 12}),
    "attention-encoder": ("attention-xml-encoder", {"epochs": 12, "dtype": "bfloat16", "head_dropout": 0.5}),
}
FILE = """\
from pathlib import Path
import joblib
from textattack_xmtc.wrappers import {wrapper}
here = Path(__file__).parent
names = (here / "labels.txt").read_text(encoding="utf-8").splitlines()
model = {wrapper}(here / "model", joblib.load(here / "vectorizer.joblib"), names, shown=20, name="{name}")
"""


ENCODERS = ("attention-encoder", "linear", "linear-pw-cb", "nearest", "memory")
IN_BFLOAT16 = """\
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.wrappers import ScorerWrapper
model = ScorerWrapper(load_model({folder!r}, dtype="bfloat16"))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--encoder", "--masked-lm", "--victims", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--tables-only", action="store_true", help="run nothing")
    options = parser.parse_args()
    chosen = [victim for victim in TITLES if not options.only or victim in options.only]
    if not options.tables_only:
        draw_samples(options)
        victims = {victim: made(victim, options) for victim in chosen}
        for condition in CONDITIONS:
            for victim, model in victims.items():
                attack(victim, model, condition, options)
    there = {
        victim: {name: campaign for name in CONDITIONS if (campaign := complete(options.out / f"{victim}-{name}"))}
        for victim in TITLES
    }
    there = {victim: campaigns for victim, campaigns in there.items() if set(DRAWN) <= set(campaigns)}
    put_tables(tables(there), RESULTS)
    FIGURE.write_text(figure(there), encoding="utf-8")


def draw_samples(options: argparse.Namespace) -> None:
    """Draw the samples, and write them as campaigns do."""
    file = options.out / "samples.jsonl"
    if file.exists():
        return
    corpus_of(CORPUS, options_of(options))
    lines = drawn(load_corpus(options.victims / "corpora" / CORPUS), SAMPLES)
    options.out.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def drawn(corpus: Corpus, wanted: int) -> list[dict[str, Any]]:
    """So many pairs of a test text and a true label, in turn from each bin until one is used up; no text twice."""
    rng, rows, counts = np.random.default_rng(SEED), list(corpus.split("test")), corpus.label_counts
    orders = []
    for low, high in BINS:
        inside = (counts >= low) & (counts <= (high or np.inf))
        pairs = [(place, label) for place, row in enumerate(rows) for label in row["labels"] if inside[label]]
        orders.append([pairs[position] for position in rng.permutation(len(pairs))])
    samples: list[dict[str, Any]] = []
    taken: set[str] = set()
    while len(samples) < wanted and all(orders):
        for number, order in enumerate(orders):
            while order:
                place, label = order.pop()
                row = rows[place]
                if row["text"] not in taken:
                    taken.add(row["text"])
                    facts = {"sample": len(samples), "text_id": str(row["id"]), "text": row["text"]}
                    samples.append({**facts, "labels": list(row["labels"]), "target": label, "bin": number})
                    break
    return samples


def made(victim: str, options: argparse.Namespace) -> Path:
    """The victim's folder or file, trained where it is not there; an encoder reads texts in bfloat16."""
    if victim in ("napkinxc", "omikuji"):
        return peer(victim, options)
    folder: Path = options.victims / "models" / f"{CORPUS}-{victim}-{SEED}"
    if victim in TRAINED:
        folder = trained(victim, options)
    elif not folder.is_dir():
        raise SystemExit(f"{folder} is not there: run benchmarks.studies.victims --only {CORPUS} {SEED} first")
    if victim not in ENCODERS:
        return folder
    file: Path = options.out / "models" / f"{victim}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(IN_BFLOAT16.format(folder=str(folder.resolve())), encoding="utf-8")
    return file


def trained(victim: str, options: argparse.Namespace) -> Path:
    from textattack_xmtc.models.training.plan import small_plan, train_folder

    folder: Path = options.out / "models" / victim
    if not folder.exists():
        architecture, own = TRAINED[victim]
        if victim == "attention-encoder":
            own = {**own, "encoder": str(options.encoder), "states": str(options.out / "states")}
        plan = small_plan(architecture).changed({"seed": SEED, "reserve": RESERVE, "patience": 5, **own})
        whole = load_corpus(options.victims / "corpora" / CORPUS)
        untested = Corpus(whole.name, whole.label_names, {"train": whole.split("train")})
        train_folder(untested, plan, folder, resume=True, device="cpu")
    return folder


def peer(victim: str, options: argparse.Namespace) -> Path:
    """A model of another library over TF-IDF, with the library's settings, and its victim file."""
    import joblib  # type: ignore[import-untyped]

    folder: Path = options.out / "models" / victim
    file = folder / "victim.py"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        corpus = training_texts(CORPUS, SEED, options_of(options))
        vectorizer, features, labels = tfidf(corpus)
        joblib.dump(vectorizer, folder / "vectorizer.joblib")
        (folder / "labels.txt").write_text("\n".join(corpus.label_names) + "\n", encoding="utf-8")
        if victim == "napkinxc":
            from napkinxc.models import PLT

            PLT(str(folder / "model"), seed=0, threads=1, tree_type="huffman").fit(features, labels)
            wrapper = "NapkinXCWrapper"
        else:
            from omikuji import Model

            write_omikuji_data(folder / "train.txt", features, labels, len(corpus.label_names))
            model = Model.train_on_data(str(folder / "train.txt"), Model.default_hyper_param(), n_threads=1)
            model.save(str(folder / "model"))
            wrapper = "OmikujiWrapper"
        file.write_text(FILE.format(wrapper=wrapper, name=victim), encoding="utf-8")
    return file


def options_of(options: argparse.Namespace) -> argparse.Namespace:
    """As `benchmarks.studies.victims` has them."""
    return argparse.Namespace(data=options.data, encoder=options.encoder, out=options.victims)


def attack(victim: str, model: Path, condition: str, options: argparse.Namespace) -> None:
    chosen = ["--model", str(model), "--data", str(options.victims / "corpora" / CORPUS)]
    chosen += ["--samples", str(options.out / "samples.jsonl"), "--masked-lm", str(options.masked_lm)]
    chosen += ["--encoder", "embedded", "--evidence-names", str(options.data / "tib-bench" / "label_names.json")]
    chosen += ["--out", str(options.out / f"{victim}-{condition}"), *CONDITIONS[condition]]
    print("textattack-xmtc campaign", *chosen, flush=True)
    subprocess.run([sys.executable, "-c", COMMAND, "campaign", *chosen, "--resume"], check=True)


def complete(folder: Path) -> Campaign | None:
    """The campaign of a folder, if it ran to its end."""
    if not (folder / "campaign.json").exists():
        return None
    campaign = read_campaign(folder)
    return campaign if all(len(model.records) == len(campaign.samples) for model in campaign.models) else None


if __name__ == "__main__":
    main()
