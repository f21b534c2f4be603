"""The paper's claims on real data: the campaigns behind `docs/results.md`, and its tables.

    python -m benchmarks.studies.findings --data FOLDER --keep FOLDER --masked-lm FOLDER --encoder NAME --out FOLDER

FOLDER of `--data` and `--keep` as in `benchmarks.studies.models`, whose trained models are attacked; models that are
not there are left out. Campaigns that are there are gone on with, or read if they are complete. `--only` takes the
campaigns whose names hold all these words. The tables go between the marks in `docs/results.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.studies.findings_tables import write_tables
from benchmarks.studies.models import MAX_LENGTH, TEXTS
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus

PLAIN, PW, PW_CB = "none", "pw-normalised", "pw-cb-normalised"
LOSSES = {PLAIN: "plain", PW: "PW", PW_CB: "PW-cb"}
FLAT, TREE, APLC = "attention-xml", "attention-xml-tree", "aplc-xlnet"
ARCHITECTURES = {"tib-bench": (TREE, APLC), "api-docs": (TREE, APLC), "tib-ci": (FLAT, APLC), "cooking": (FLAT, APLC)}
OPTIONS = {
    "tib-bench": ("--labels-per-bin", "200", "--samples-per-bin", "100"),
    "api-docs": ("--labels-per-bin", "100", "--samples-per-bin", "100"),
    "tib-ci": ("--labels-per-bin", "30", "--samples-per-bin", "100"),
    "cooking": ("--labels-per-bin", "100", "--samples-per-bin", "100", "--max-change-rate", "0.25"),  # 8 words a text
}
GOALS = {
    "positive": ("--goal", "positive"),
    "negative-cluster": ("--goal", "negative", "--cluster", "yes"),
    "negative": ("--goal", "negative", "--cluster", "no"),
}
# A negative attack seldom ends early, and costs many times a positive one: fewer bins and samples where texts are long.
FEW = ("--labels-per-bin", "400", "--samples-per-bin", "50")
COMMAND = "import sys; from textattack_xmtc.cli.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Planned:
    """One campaign: a corpus, an architecture and a goal; the plain model is the reference."""

    corpus: str
    architecture: str
    goal: str

    @property
    def name(self) -> str:
        """Also the name of its folder."""
        return f"{self.corpus}-{self.architecture}-{self.goal}"

    def models(self, keep: Path) -> list[Path]:
        """The model folders that are there; the defence (4.3.2) is about the positive goal alone."""
        losses = LOSSES if self.goal == "positive" else [PLAIN]
        folders = [keep / f"{self.corpus}-{self.architecture}-{loss}" for loss in losses]
        return [folder for folder in folders if folder.is_dir()]


def planned() -> Iterator[Planned]:
    for goal in GOALS:
        for corpus, architectures in ARCHITECTURES.items():
            for architecture in architectures:
                yield Planned(corpus, architecture, goal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--keep", "--masked-lm", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--tables-only", action="store_true", help="run no campaign")
    options = parser.parse_args()
    chosen = [one for one in planned() if all(word in one.name for word in options.only)]
    for one in [] if options.tables_only else chosen:
        run(one, options)
    write_tables({one: options.out / one.name for one in planned() if (options.out / one.name).is_dir()})


def run(one: Planned, options: argparse.Namespace) -> None:
    models = one.models(options.keep)
    if not models or models[0].name.rpartition("-")[2] != PLAIN:
        print(f"{one.name}: no plain model in {options.keep}", flush=True)
        return
    corpus = corpus_folder(one.corpus, options.data, options.out)
    chosen = [part for model in models for part in ("--model", str(model))]
    chosen += ["--data", str(corpus), *OPTIONS[one.corpus], *GOALS[one.goal]]
    chosen += FEW if one.goal != "positive" and one.corpus != "cooking" else ()
    chosen += ["--masked-lm", str(options.masked_lm)]
    chosen += ["--encoder", options.encoder, "--out", str(options.out / one.name)]
    print("textattack-xmtc campaign", *chosen, flush=True)
    subprocess.run([sys.executable, "-c", COMMAND, "campaign", *chosen, "--resume"], check=True)


def corpus_folder(name: str, data: Path, out: Path) -> Path:
    """A corpus as the models saw it: the drawn training texts, so that frequencies are those that were learnt from."""
    folder = out / "corpora" / name
    if not folder.is_dir():
        corpus = load_corpus(name if name == "api-docs" else data / name)
        seen = {title(text) for text in corpus.split("train")["text"]} if name == "tib-bench" else set()
        if name in TEXTS:
            corpus = corpus.holding_out(len(corpus.split("train")) - TEXTS[name])
        beside = folder.with_name(name + ".new")
        beside.mkdir(parents=True, exist_ok=True)
        _write(corpus, "train", beside, set())
        _write(corpus, "test", beside, seen)
        # All label names, also of those that only the other training texts have: the models know them.
        (beside / "label_names.json").write_text(json.dumps(list(corpus.label_names)), encoding="utf-8")
        beside.rename(folder)
    return folder


def title(text: str) -> str:
    """The first sentence of a library record, without case and punctuation: what two editions of a book share."""
    return " ".join(re.findall(r"\w+", text.split(". ")[0].lower()))


def first_words(text: str, limit: int | None) -> str:
    """What the models read of a text: the change rate is a share of that, not of words that nobody looks at."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    return text if limit is None or len(ends) <= limit else text[: ends[limit - 1]]


def _write(corpus: Corpus, split: str, folder: Path, unwanted: set[str]) -> None:
    rows = [row for row in corpus.split(split) if title(row["text"]) not in unwanted]
    with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            labels = [corpus.label_names[label] for label in row["labels"]]
            text = first_words(row["text"], MAX_LENGTH.get(corpus.name))
            file.write(json.dumps({"id": row["id"], "text": text, "labels": labels}) + "\n")
    print(f"{corpus.name}/{split}: {len(rows):,} of {len(corpus.split(split)):,} texts", flush=True)


if __name__ == "__main__":
    main()
