"""How strong are the victims? Sentence encoders with several heads beside their peers, trained on the same texts.

    python -m benchmarks.studies.victims --data FOLDER --encoder FOLDER --out FOLDER [--only WORDS...] [--tables-only]

FOLDER of `--data` holds `tib-ci` and `tib-bench`, that of `--encoder` a sentence encoder. Of `tib-bench`, the first 100
words of each text are read, and test texts whose title is in a training text are left out. A tenth of the training
texts is a reserve that no training sees; of the rest, 1 in 20 is held out by the seed, to choose epochs and a memory's
share on. The other options were chosen on training texts; the test texts are measured on once a cell.

Each cell (corpus, model, seed) runs in a process of its own, on one thread; what is in `--out` is not computed again,
and an interrupted training resumes. How long the missing cells take is said first. `--only` takes the cells whose names
are all these words. Tables go between their marks in `docs/results.md`, numbers to `victims.json`; `--tables-only`
makes them of what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.findings import first_words, title
from benchmarks.studies.findings_tables import put_tables
from benchmarks.studies.victims_tables import tables
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.reserve import set_aside

RESULTS = Path(__file__).parent / "victims.json"
WORDS = {"tib-ci": None, "tib-bench": 100}
RESERVE = 0.1
SEEDS = (0, 1, 2)
SHOWN = 5
SENTENCE: dict[str, dict[str, Any]] = {
    "nearest": {"neighbours": 20},
    "linear": {},
    "memory": {"memory": 20},
    "linear-pw": {"reweight": "pw", "mode": "adv-xmtc"},
    "linear-pw-cb": {"reweight": "pw-cb", "mode": "adv-xmtc"},
}
SHIFTED = "-shifted"  # behind a model's name: the logarithms of the weights of PW-cb are added to its logits
ATTENTION = {"tib-ci": "attention-xml", "tib-bench": "attention-xml-tree"}
SETTINGS: dict[str, dict[str, Any]] = {  # of the sentence encoders
    "tib-ci": {"epochs": 15, "batch_size": 16, "learning_rate": 0.02},
    "tib-bench": {"epochs": 12, "batch_size": 64, "learning_rate": 0.02},
}
MINUTES = {  # on one thread of a busy machine with two cores: a cell, by corpus; the first one encodes the texts, too
    "tib-ci": {"napkinxc": 1, "omikuji": 1, "nearest": 2, "linear": 1, "memory": 1, "attention-xml": 25},
    "tib-bench": {"napkinxc": 10, "omikuji": 15, "nearest": 25, "linear": 10, "memory": 10, "attention-xml": 60},
}
for _minutes in MINUTES.values():
    _minutes.update({"linear-pw": _minutes["linear"], "linear-pw-cb": _minutes["linear"], "linear" + SHIFTED: 1})
MINUTES["tib-ci"]["attention-xml" + SHIFTED] = 1  # a label tree has no logits of all labels


def cells(corpus: str) -> list[tuple[str, str, int]]:
    """Corpus, model and seed of every cell; a model that takes over 30 minutes is trained once."""
    return [
        (corpus, model, seed)
        for model, minutes in MINUTES[corpus].items()
        for seed in (SEEDS if minutes <= 30 else SEEDS[:1])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--encoder", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--tables-only", action="store_true", help="train nothing")
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        run_cell(options.cell[0], options.cell[1], int(options.cell[2]), options)
        return
    chosen = [cell for name in WORDS for cell in cells(name) if set(options.only) <= {*map(str, cell)}]
    missing = [] if options.tables_only else [cell for cell in chosen if not result_file(options.out, *cell).exists()]
    print(f"{len(missing)} cells, about {sum(MINUTES[cell[0]][cell[1]] for cell in missing)} minutes", flush=True)
    failed = []
    for cell in missing:
        print(*cell, flush=True)
        command = [sys.executable, "-m", "benchmarks.studies.victims", "--cell", *map(str, cell)]
        command += [f"--{name}={getattr(options, name)}" for name in ("data", "encoder", "out")]
        done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            failed.append(f"{' '.join(map(str, cell))} (status {done.returncode})")
    results = {
        name: {
            cell[1:]: dict(np.load(file)) for cell in cells(name) if (file := result_file(options.out, *cell)).exists()
        }
        for name in WORDS
    }
    there = {name: (corpus_of(name, options), found) for name, found in results.items() if found}
    put_tables(tables(there), RESULTS)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def result_file(out: Path, corpus: str, model: str, seed: int) -> Path:
    """Where the best labels of the test texts of a cell are."""
    return out / "results" / f"{corpus}-{model}-{seed}.npz"


def corpus_of(name: str, options: argparse.Namespace) -> Corpus:
    """A corpus as all models see it, with the reserve apart."""
    folder = options.out / "corpora" / name
    if not folder.is_dir():
        corpus = load_corpus(options.data / name)
        seen = {title(text) for text in corpus.split("train")["text"]} if name == "tib-bench" else set()
        beside = folder.with_name(name + ".new")
        beside.mkdir(parents=True, exist_ok=True)
        for split in ("train", "test"):
            with (beside / f"{split}.jsonl").open("w", encoding="utf-8") as file:
                for row in corpus.split(split):
                    if split == "train" or title(row["text"]) not in seen:
                        labels = [corpus.label_names[label] for label in row["labels"]]
                        text = first_words(row["text"], WORDS[name])
                        file.write(json.dumps({"id": row["id"], "text": text, "labels": labels}) + "\n")
        beside.rename(folder)
    return set_aside(load_corpus(folder), RESERVE)


def training_texts(name: str, seed: int, options: argparse.Namespace) -> Corpus:
    """A corpus with the texts that every model of this seed is trained on."""
    from textattack_xmtc.models.training.plan import held_out_of

    corpus = corpus_of(name, options)
    return corpus.holding_out(held_out_of(len(corpus.split("train"))), seed)


def run_cell(name: str, model: str, seed: int, options: argparse.Namespace) -> None:
    corpus, start = training_texts(name, seed, options), time.monotonic()
    peers: dict[str, Callable[[Corpus], np.ndarray]] = {"napkinxc": napkinxc, "omikuji": omikuji}
    if model in peers:
        best = peers[model](corpus)
        seconds = time.monotonic() - start
    else:
        best, seconds = network(name, model, seed, options)
    file = result_file(options.out, name, model, seed)
    file.parent.mkdir(exist_ok=True)
    np.savez(file.with_suffix(".new.npz"), best=best, seconds=seconds)
    file.with_suffix(".new.npz").rename(file)


def network(name: str, model: str, seed: int, options: argparse.Namespace) -> tuple[np.ndarray, float]:
    """The best labels of the test texts by a model of this package, trained where it is not there; and the seconds."""
    from textattack_xmtc.models.evaluation import best_labels
    from textattack_xmtc.models.folder import load_model
    from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
    from textattack_xmtc.models.training.plan import small_plan, train_folder

    trained = model.removesuffix(SHIFTED)
    folder = options.out / "models" / f"{name}-{trained}-{seed}"
    whole = load_corpus(options.out / "corpora" / name)
    test = whole.split("test")
    if not folder.exists():
        common = {"seed": seed, "reserve": RESERVE, "patience": 5}
        if trained in SENTENCE:
            vectors = str(options.out / "vectors")
            own = {"encoder": str(options.encoder), "vectors": vectors, "dtype": "bfloat16", **SENTENCE[trained]}
            plan = small_plan("sentence-encoder").changed({**common, **own, **SETTINGS[name]})
        else:
            own = {"epochs": 20, "average_from": 10} if name == "tib-ci" else {"max_length": 100}
            plan = small_plan(ATTENTION[name]).changed({**common, **own})
        untested = Corpus(whole.name, whole.label_names, {"train": whole.split("train")})
        train_folder(untested, plan, folder, resume=True, device="cpu")
    loaded = load_model(folder, "cpu")
    seconds = float(json.loads((folder / "training.json").read_text(encoding="utf-8"))["seconds"])
    shift = log_weights(name, seed, options) if model != trained else np.zeros(len(whole.label_names), dtype=np.float32)
    texts = list(test["text"])
    if isinstance(loaded, SentenceEncoder):
        return best_by_vectors(loaded, texts, shift, options), seconds
    if model == trained:
        return best_labels(loaded, texts), seconds
    labels, logits = (np.asarray(part) for part in loaded.top_k(texts, len(shift), "logit"))
    order = np.argsort(-(logits + shift[labels]), axis=1, kind="stable")[:, :SHOWN]
    return np.take_along_axis(labels, order, axis=1), seconds


def log_weights(name: str, seed: int, options: argparse.Namespace) -> np.ndarray:
    """Logarithms of the weights of PW-cb, W scaled, for the texts that the models are trained on."""
    from textattack_xmtc.models.label_weights import label_weights

    corpus = training_texts(name, seed, options)
    weights = label_weights("pw-cb", corpus.label_counts, len(corpus.split("train")), mode="adv-xmtc")
    shift: np.ndarray = np.log(weights).astype(np.float32)
    return shift


def best_by_vectors(model: Any, texts: list[str], shift: np.ndarray, options: argparse.Namespace) -> np.ndarray:
    """As the model's own `top_k` on bfloat16 vectors, which all cells share, with `shift` added to the logits."""
    import torch

    from textattack_xmtc.encoders.store import kept_vectors
    from textattack_xmtc.models.sentence_encoder.training import TextVectors

    vectors = torch.from_numpy(kept_vectors(TextVectors(model, "bfloat16"), texts, options.out / "vectors"))
    with torch.inference_mode():
        scores = [
            model.network.head(part, None, "logit") + torch.from_numpy(shift) for part in torch.split(vectors, 256)
        ]
        return np.concatenate([part.argsort(dim=1, descending=True, stable=True)[:, :SHOWN].numpy() for part in scores])


def tfidf(corpus: Corpus) -> tuple[Any, Any, list[list[int]]]:
    """A vectoriser, the features of the training texts that have labels, and these labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    train = corpus.split("train")
    kept = [position for position, labels in enumerate(train["labels"]) if labels]
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
    features = vectorizer.fit_transform(train.select(kept)["text"])
    return vectorizer, features, [train["labels"][row] for row in kept]


def rows_of(shown: list[list[int]]) -> np.ndarray:
    """Lists of labels as a table; -1 where there are fewer."""
    best = np.full((len(shown), SHOWN), -1, dtype=np.int64)
    for row, labels in zip(best, shown, strict=True):
        row[: len(labels)] = labels[:SHOWN]
    return best


def napkinxc(corpus: Corpus) -> np.ndarray:
    """napkinXC's probabilistic label tree, a Huffman tree; its other settings are its own."""
    from napkinxc.models import PLT

    vectorizer, features, labels = tfidf(corpus)
    test = vectorizer.transform(corpus.split("test")["text"])
    with tempfile.TemporaryDirectory() as folder:
        model = PLT(folder, seed=0, threads=1, tree_type="huffman")
        model.fit(features, labels)
        return rows_of(model.predict(test, top_k=SHOWN))


def omikuji(corpus: Corpus) -> np.ndarray:
    """Omikuji's forest with its own settings (Parabel), which Annif runs too."""
    from omikuji import Model

    vectorizer, features, labels = tfidf(corpus)
    test = vectorizer.transform(corpus.split("test")["text"])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "train.txt"
        write_omikuji_data(data, features, labels, len(corpus.label_names))
        model = Model.train_on_data(str(data), Model.default_hyper_param(), n_threads=1)
    shown = [
        model.predict(list(zip(row.indices.tolist(), row.data.tolist(), strict=True)), beam_size=10, top_k=SHOWN)
        for row in test
    ]
    return rows_of([[label for label, _ in pairs] for pairs in shown])


def write_omikuji_data(path: Path, features: Any, labels: list[list[int]], n_labels: int) -> None:
    """Training data as Omikuji reads them."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{features.shape[0]} {features.shape[1]} {n_labels}\n")
        for row, true in zip(features, labels, strict=True):
            pairs = " ".join(f"{column}:{value:.6g}" for column, value in zip(row.indices, row.data, strict=True))
            file.write(f"{','.join(map(str, true))} {pairs}\n")


if __name__ == "__main__":
    main()
