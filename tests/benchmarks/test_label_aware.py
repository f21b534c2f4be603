"""The benchmark of label-aware attacks: which targets can be reached, and what is compared with what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from textattack.shared import AttackedText

from benchmarks.studies.label_aware import CELLS, records_of
from benchmarks.studies.label_aware_reach import TEXTS, reach, reached, texts_of
from benchmarks.studies.label_aware_tables import row, table
from benchmarks.studies.surprise import surprise, surprises
from tests.toolkit.plain_candidates import swap_of
from tests.toolkit.victims import bag
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.results.records import Sample
from textattack_xmtc.words import word_spans

TRAIN = [
    *[Document(f"egg {number}", f"an egg salad {number}", ["eggs"]) for number in range(30)],
    Document("s", "soup of the day", ["soups"]),
    Document("t", "tea and milk", ["teas"]),
]
CORPUS = Corpus.from_documents(
    "food", {"train": TRAIN, "test": [Document("x", "milk", ["teas"]), Document("y", "egg", ["soups"])]}
)


def sample(number: int, target: int) -> Sample:
    return Sample(number=number, text_id="x", text="some text", labels=(0,), target=target, bin=0)


def test_a_target_can_be_reached_where_a_text_of_its_own_or_its_words_have_it_among_the_best() -> None:
    eggs, soups, teas = (CORPUS.label_names.index(name) for name in ("eggs", "soups", "teas"))
    weights = {"egg": [0.0] * 3, "milk": [0.0] * 3}
    weights["egg"][eggs], weights["milk"][teas] = 3, 3
    base = [0.0] * 3
    base[teas] = 1
    victim = SimpleNamespace(model=bag(weights, base, label_names=CORPUS.label_names), from_corpus=range(3))
    samples = [sample(number, target) for number, target in enumerate([eggs, soups, teas])]
    reachable = reach(CORPUS, TrainingWords(CORPUS), victim, samples, k=1)
    assert [one["train"] for one in reachable] == [[20, 20], [0, 1], [1, 1]]
    assert [one["test"] for one in reachable] == [[0, 0], [0, 1], [1, 1]]
    assert [one["words"] for one in reachable] == [True, False, True]
    assert [reached(one) for one in reachable] == [True, False, True]
    assert len(set(texts_of(CORPUS, "train", eggs))) == TEXTS


def record(outcome: str, cosine: float, queries: int = 10) -> dict[str, Any]:
    changes = [{"position": 0, "from": "a", "to": "b"}]
    shares = {
        "outcome": outcome,
        "bin": 0,
        "queries": queries,
        "changes": changes,
        "ranks": [[7, 1]],
        "surprises": [(2.0, 1.0)],
    }
    return shares | {"similarity": {"cosine": cosine}}


def test_an_attack_is_compared_with_the_papers_where_both_tried() -> None:
    paper = {
        0: record("succeeded", 0.9, 30),
        1: record("failed", 0.9),
        2: record("succeeded", 0.99),
        4: record("skipped", 1),
    }
    aware = {
        0: record("succeeded", 0.8),
        1: record("succeeded", 0.5),
        2: record("failed", 0.5),
        3: record("failed", 0.1),
    }
    known = {number: {"train": [hits, 1], "test": [0, 0], "words": False} for number, hits in enumerate([1, 0, 1, 1])}
    cells = row(CELLS[0], {"paper": paper, "label-texts": aware}, "label-texts", known)
    assert (cells["n"], cells["successes"], cells["paper_successes"]) == (3, 2, 2)
    assert (cells["reachable"], cells["reachable_successes"]) == (2, 1)
    assert (cells["both"], cells["similarity_of_both"], cells["paper_similarity_of_both"]) == (1, 0.8, 0.9)
    assert (cells["similarity"], cells["queries_a_success"]) == (0.65, 15)
    lines = table([cells, row(CELLS[0], {"paper": paper}, "paper", known)]).splitlines()
    header = next(line for line in lines if line.startswith("| attack"))
    assert all(line.count("|") == header.count("|") for line in lines if line.startswith("|"))
    assert "0.800, 0.900 (1)" in lines[lines.index(header) + 2]


@pytest.mark.parametrize("draw", ["random", "cluster", "frequent"])
def test_each_draw_has_its_cells(draw: str, tmp_path: Path) -> None:
    assert sum(cell.draw == draw for cell in CELLS) == 4
    assert records_of(tmp_path, CELLS[0]) == {}


def test_the_surprise_of_a_word_is_the_mean_over_its_pieces_each_masked_alone() -> None:
    lm = swap_of("bert")
    text = AttackedText("stone tools and stoneware")
    tokens = lm.tokenizer(text.text)["input_ids"]
    spans = word_spans(text.text, text.words)
    expected = {}
    for place, (start, end) in enumerate(spans):
        before = len(lm.tokenizer(text.text[:start], add_special_tokens=False)["input_ids"]) + 1
        pieces = range(before, before + len(lm.tokenizer(text.text[start:end], add_special_tokens=False)["input_ids"]))
        costs = []
        for piece in pieces:
            masked = torch.tensor([[*tokens[:piece], lm.tokenizer.mask_token_id, *tokens[piece + 1 :]]])
            with torch.no_grad():
                logits = lm._language_model(input_ids=masked).logits[0, piece]
            costs.append(float(torch.logsumexp(logits, 0) - logits[tokens[piece]]))
        expected[place] = np.mean(costs)
        assert surprise(lm, text, place) == pytest.approx(expected[place], rel=1e-4)
    changes = [{"position": 0, "from": "stone", "to": "tools"}]
    (pair,) = surprises(lm, {"adversarial": "tools tools", "text": "stone tools", "changes": changes})
    assert pair[1] == pytest.approx(surprise(lm, AttackedText("stone tools"), 0))
    assert pair[0] == pytest.approx(surprise(lm, AttackedText("tools tools"), 0))
    assert surprises(lm, {"adversarial": None, "text": "stone", "changes": []}) == []
    long = AttackedText("stone " * 600)
    assert surprise(lm, long, 599) is None
