"""Options, schedules, draws and labels: what a hardening is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.labels import align_labels
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.schedule import schedule_of
from textattack_xmtc.hardening.tail_sampler import TailSampler, Target, logit_goals
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either steps or a budget"),
        ({"steps": 3, "budget": 1.0}, "either steps or a budget"),
        ({"steps": 0}, "steps=0"),
        ({"budget": -1.0}, "budget=-1.0"),
        ({"budget": float("nan")}, "budget=nan"),
        ({"steps": 3, "share": 1.5}, "share=1.5"),
        ({"steps": 3, "exchanged": 0.0}, "exchanged=0.0"),
        ({"steps": 3, "goal": "all"}, "goal='all' is unknown"),
        ({"steps": 3, "protect": -0.1}, "protect=-0.1"),
        ({"steps": 3, "hold": float("nan")}, "hold=nan"),
        ({"steps": 3, "seed": -1}, "seed=-1"),
    ],
)
def test_options_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        HardeningOptions(**given)


@pytest.mark.parametrize("steps", [1, 3, 4, 7, 199, 800, 1234])
def test_a_schedule_has_about_the_steps_that_were_asked_for(steps: int) -> None:
    schedule = schedule_of(steps, 200)
    assert steps - schedule.rounds < schedule.rounds * schedule.round_steps <= steps
    assert schedule.rounds >= min(4, steps)


def test_rare_labels_are_drawn_more_often() -> None:
    labels = [[0]] * 90 + [[1]] * 10
    counts = np.array([90, 10])
    draws = TailSampler(labels, counts)
    texts, _ = draws.draw(30, np.random.default_rng(0))
    assert len(set(texts.tolist())) == 30
    often = np.mean([(draws.draw(10, np.random.default_rng(seed))[1] == 1).mean() for seed in range(100)])
    expected = 10 * 10**-0.5 / (10 * 10**-0.5 + 90 * 90**-0.5)  # 0.25, where a tenth of the texts have it
    assert often == pytest.approx(expected, abs=0.04)
    assert len(draws.draw(1000, np.random.default_rng(0))[0]) == 100


def test_no_label_no_draws() -> None:
    with pytest.raises(InputError, match="no training text has a label"):
        TailSampler([[], []], np.array([0, 0]))


def test_an_attack_pushes_what_competes_with_its_target() -> None:
    sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
    vocabulary = Vocabulary.of_texts(["boil an egg", "a cup of tea", "egg salad"])
    torch.manual_seed(0)
    model = AttentionXML(AttentionXMLNetwork(len(vocabulary), 8, sizes), vocabulary, list("abcdefgh"), device="cpu")
    texts = ["boil an egg", "a cup of tea", "egg salad"]
    labels = [[0, 1], [2], [3]]
    order = [row.tolist() for row in model.top_k(texts, 8, "logit")[0]]
    wrong = next(label for label in order[0] if label not in (0, 1))
    falling, rising = logit_goals(model, texts, labels, [Target(1, 2), Target(0, wrong, raise_it=True)])
    assert falling[0] == (2, -1.0)
    assert [label for label, _ in falling[1:]] == [label for label in order[1] if label != 2][:3]
    assert [weight for _, weight in falling[1:]] == pytest.approx([1 / 3] * 3)
    assert rising[0] == (wrong, 1.0)
    assert {label for label, _ in rising[1:]} <= {0, 1} and sum(weight for _, weight in rising) in (0.0, 1.0)
    assert logit_goals(model, texts, labels, []) == []


def test_labels_get_the_indices_of_the_model() -> None:
    rows = [Document("1", "an egg", ["eggs", "tea"]), Document("2", "egg", ["eggs"], ["eggs"])]
    corpus = Corpus.from_documents("a", {"train": rows, "test": rows[:1]})
    assert corpus.label_names == ("eggs", "tea")
    assert align_labels(corpus, ["eggs", "tea"]) is corpus
    other = align_labels(corpus, ["salad", "tea", "eggs"])
    assert other.split("train")["labels"] == [[2, 1], [2]] and other.split("test")["labels"] == [[2, 1]]
    assert other.split("train")["targets"] == [None, [2]]
    assert other.label_counts.tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="1 of the 2 labels of 'a', such as 'tea', are unknown to the model"):
        align_labels(corpus, ["eggs", "salad"])
