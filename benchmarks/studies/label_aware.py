"""What an attacker must know to pull a wrong label into the k best: the paper's attack and label-aware ones, paired.

    python -m benchmarks.studies.label_aware --data FOLDER --models FOLDER --masked-lm FOLDER --encoder NAME \
        --records FOLDER [--only WORD...] [--samples 60] [--minutes 30]

FOLDER of `--data` and `--models` as in `benchmarks.studies.findings`. For each corpus and plain model, wrong labels are
drawn as a campaign draws them, equally from bins of label frequency: of all labels ("random"), of those that share a
cluster with a true label ("cluster"), and of the 600 most frequent ("frequent"); all attacks on the same texts and
labels. For each, it is looked whether the model predicts the label on any text of its own. Texts are drawn from a
thousand of the test split. Records are kept one by one: stopped and started again, it goes on. `--only` takes the cells
whose names hold all these words. Results: `benchmarks/studies/label_aware.json` and `label_aware.md`, of all records
that are there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.findings import APLC, TREE, corpus_folder
from benchmarks.studies.label_aware_reach import reach
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus

LABEL_AWARE = {"ranking": "first-candidate", "candidate_order": "until-goal", "objective": "margin"}
ATTACKS: dict[str, dict[str, Any]] = {
    "paper": {},
    "label-texts": {"candidate_source": "label-texts", **LABEL_AWARE},
    "label-names": {"candidate_source": "label-names", **LABEL_AWARE},
    "answers": {"candidate_source": "answers", **LABEL_AWARE, "ranking": "masked-delta"},
}
TRIALS: dict[str, dict[str, Any]] = {
    "first-targets": {"candidate_source": "label-texts", **LABEL_AWARE, "objective": "targets"},
    "mask-margin": {"candidate_source": "label-texts", **LABEL_AWARE, "ranking": "masked-delta"},
    "mask-targets": {"candidate_source": "label-texts", "candidate_order": "until-goal"},
}
"""What `label-texts` is without its ranking, its objective or both; measured only where `--attacks` names it."""

TEXTS, SEED = 1_000, 0
FREQUENT = 600
DRAWS = ("random", "cluster", "frequent")


@dataclass(frozen=True)
class Cell:
    """One table: what is drawn from a corpus and attacked on a model."""

    corpus: str
    architecture: str
    draw: str

    @property
    def name(self) -> str:
        return f"{self.corpus}-{self.architecture}-{self.draw}"

    @property
    def model(self) -> str:
        return f"{self.corpus}-{self.architecture}-none"


CELLS = [
    Cell(corpus, architecture, draw)
    for draw in DRAWS
    for architecture in (TREE, APLC)
    for corpus in ("tib-bench", "api-docs")
]


def main() -> None:
    from benchmarks.studies.label_aware_tables import write_tables
    from benchmarks.studies.surprise import surprises
    from textattack_xmtc.transformations import XMTCWordSwapMaskedLM

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--models", "--records"):
        parser.add_argument(option, type=Path, required=True)
    for option in ("--masked-lm", "--encoder"):
        parser.add_argument(option, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="words of a cell's name")
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=[*ATTACKS, *TRIALS])
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for each cell")
    parser.add_argument("--tables-only", action="store_true", help="attack nothing")
    options = parser.parse_args()
    options.records.mkdir(parents=True, exist_ok=True)
    for cell in [] if options.tables_only else CELLS:
        chosen = all(word in cell.name for word in options.only)
        if chosen and (options.models / cell.model).is_dir():
            measure(cell, options)
    cells = {cell: found for cell in CELLS if (found := records_of(options.records, cell))}
    masked_lm = XMTCWordSwapMaskedLM(options.masked_lm)
    for record in (record for attacks in cells.values() for found in attacks.values() for record in found.values()):
        record["surprises"] = surprises(masked_lm, record) if record["outcome"] == "succeeded" else []
    write_tables(cells, {cell: reach_of(options.records, cell) for cell in cells})


def records_of(folder: Path, cell: Cell) -> dict[str, dict[int, Any]]:
    """The records of each attack of a cell, by sample."""
    found = {
        attack: {r["sample"]: r for r in _lines(folder / f"{cell.name}-{attack}.jsonl")} for attack in ATTACKS | TRIALS
    }
    return {attack: records for attack, records in found.items() if records}


def reach_of(folder: Path, cell: Cell) -> dict[int, Any]:
    """What `reach` found for a cell, by sample."""
    return {row["sample"]: row for row in _lines(folder / f"{cell.name}-reach.jsonl")}


def measure(cell: Cell, options: argparse.Namespace) -> None:
    """Attack the samples of a cell, sample by sample, until they or the minutes are used up."""
    from textattack_xmtc.campaign.attack import SampleAttack, load_tools
    from textattack_xmtc.campaign.samples import draw_samples
    from textattack_xmtc.campaign.victims import load_victim
    from textattack_xmtc.datasets.load import load_corpus

    data = corpus_folder(cell.corpus, options.data, options.records)
    whole = load_corpus(data)
    corpus = drawn_texts(whole)
    folder = str(options.models / cell.model)
    chosen = {"models": [folder], "data": str(data), "goal": "negative", "cluster": cell.draw == "cluster"}
    chosen |= {"labels_per_bin": 400, "samples_per_bin": 60 if cell.draw == "frequent" else 50, "seed": SEED}
    chosen |= {"encoder": options.encoder, "masked_lm": options.masked_lm}
    plan = Plan.of(chosen)
    victim = load_victim(cell.model, folder, corpus.label_names, "cpu")
    top = victim.top_k(corpus.split("test"), plan.k)
    known = np.asarray(victim.from_corpus >= 0)
    if cell.draw == "frequent":
        known &= np.isin(np.arange(len(known)), np.argsort(-corpus.label_counts, kind="stable")[:FREQUENT])
    samples = draw_samples(corpus, top, plan, known).samples[: options.samples]
    tools = load_tools(replace(plan, candidate_source="label-texts"), None)
    assert tools.training_words is not None
    known_reach = reach_of(options.records, cell)
    asked = [sample for sample in samples if sample.number not in known_reach]
    with (options.records / f"{cell.name}-reach.jsonl").open("a", encoding="utf-8") as opened:
        for row in reach(whole, tools.training_words, victim, asked, plan.k):
            opened.write(json.dumps(row) + "\n")
    attacks = {
        name: SampleAttack(replace(plan, **(ATTACKS | TRIALS)[name]), victim, corpus.label_names, tools)
        for name in options.attacks
    }
    done = {name: set(found) for name, found in records_of(options.records, cell).items()}
    end = time.monotonic() + 60 * options.minutes
    for sample in samples:
        for name, attack in attacks.items():
            if sample.number in done.get(name, ()) or time.monotonic() > end:
                continue
            record = attack.record(sample) | {"name": corpus.label_names[sample.target], "text": sample.text}
            assert tools.masked_lm is not None
            record |= {"ranks": plausibility(tools.masked_lm, record)}
            with (options.records / f"{cell.name}-{name}.jsonl").open("a", encoding="utf-8") as opened:
                opened.write(json.dumps(record) + "\n")


def drawn_texts(corpus: Corpus) -> Corpus:
    """The same corpus with a thousand test texts, so that a model need not be asked about all."""
    test = corpus.split("test")
    rows = np.sort(np.random.default_rng(SEED).permutation(len(test))[:TEXTS])
    return Corpus(corpus.name, corpus.label_names, {**corpus.splits, "test": test.select(rows)}, corpus.issues)


def plausibility(masked_lm: Any, record: dict[str, Any]) -> list[list[int]]:
    """For each changed word, its rank among the masked LM's words at its place in the final text, and the rank that the
    word before it had in the original; 1 is the most plausible. Words that are no whole token are left out."""
    from textattack.shared import AttackedText

    found = []
    if record["adversarial"] is not None:
        after, before = AttackedText(record["adversarial"]), AttackedText(record["text"])
        for change in record["changes"]:
            place = change["position"]
            ranks = [_rank(masked_lm, text, place) for text in (after, before)]
            if ranks[0]:
                found.append(ranks)
    return found


def _rank(masked_lm: Any, text: Any, place: int) -> int:
    from textattack_xmtc.words import word_spans

    (logits,) = masked_lm._mask_logits(text.text, [word_spans(text.text, text.words)[place]])
    table, own = masked_lm.vocabulary, text.words[place].lower()
    if logits is None:
        return 0
    ids = np.flatnonzero(table.whole_at_start)
    values = logits.numpy()[ids]
    same = [row for row, word in enumerate(table.words[ids]) if str(word).lower() == own]
    return int((values > max(values[same])).sum()) + 1 if same else 0


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
