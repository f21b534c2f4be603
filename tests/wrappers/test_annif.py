"""A project of a real Annif server as a victim: its answers, its limits, and what goes wrong with servers."""

from __future__ import annotations

import json
import pickle
import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textattack.shared import AttackedText

from tests.campaign.conftest import working_in
from tests.toolkit.annif_server import AnnifServer, needs_annif
from tests.toolkit.shared_folders import SHARED
from tests.toolkit.small_campaigns import OPTIONS, make_data, make_masked_lm, records
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.readers.lines import read_lines
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.goal_functions import Untargeted
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import BEYOND, AnnifWrapper

TIB = SHARED / "data" / "tib-ci"
WORDS = ["boil", "cold", "cool", "egg", "fish", "hot", "oil", "pan", "rice", "salt", "water", "wine"]


def corpus() -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Texts with the URIs of their concepts, and further texts: of tib-ci, or without it made of a few words."""
    if TIB.is_dir():
        rows = [json.loads(line) for _, line in read_lines(TIB / "train.jsonl.xz")][:800]
        test = [json.loads(line)["text"] for _, line in read_lines(TIB / "test.jsonl.xz")][:70]
        return [(row["text"], row["labels"]) for row in rows], test
    chance = random.Random(0)
    drawn = [chance.sample(WORDS, 5) for _ in range(270)]
    return [(" ".join(row), [f"http://example.org/{row[0]}"]) for row in drawn[:200]], list(map(" ".join, drawn[200:]))


DOCUMENTS, TEXTS = corpus()
URIS = sorted({uri for _, uris in DOCUMENTS for uri in uris})
# Two concepts share each label: only the URIs tell them apart.
CONCEPTS = {uri: f"concept {number // 2}" for number, uri in enumerate(URIS)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnnifServer]:
    projects: dict[str, dict[str, Any]] = {
        "trained": {},
        "untrained": {"trained": False},
        "german": {"trained": False, "language": "de", "vocab": "concepts(en)"},
    }
    with AnnifServer(tmp_path_factory.mktemp("annif"), CONCEPTS, DOCUMENTS, projects) as running:
        yield running


def victim_of(server: AnnifServer, project: str = "trained", **options: Any) -> AnnifWrapper:
    return AnnifWrapper(
        server.url, project, server.vocabulary, **{"language": "en", "pause_s": 0.01, "attempts": 2, **options}
    )


def asked(url: str, content: Any) -> Any:
    """What a server answers to JSON, by the standard library."""
    request = urllib.request.Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_batch_above_the_limit_is_refused() -> None:
    options = {"vocabulary": URIS[:2], "language": "en"}
    with pytest.raises(InputError, match="invalid batch_size=33: Annif takes at most 32 texts"):
        AnnifWrapper("http://127.0.0.1:9", "any", **options, batch_size=33)
    victim = AnnifWrapper("http://127.0.0.1:9", "any", **options)
    victim.batch_size = 64  # as `evaluate` and `--model-batch-size` set it
    assert victim.batch_size == 32


@needs_annif
@pytest.mark.slow
class TestWithAnnif:
    def test_answers_are_those_of_annif(self, server: AnnifServer) -> None:
        victim = victim_of(server, shown=50)
        expected = np.zeros((len(TEXTS), len(URIS)))
        for row, text in zip(expected, TEXTS, strict=True):
            answer = asked(f"{server.url}/v1/projects/trained/suggest-batch?limit=50", {"documents": [{"text": text}]})
            for concept in answer[0]["results"]:
                row[URIS.index(concept["uri"])] = concept["score"]
        assert victim.labels.names == URIS and victim.score_kind == "probability"
        assert len(TEXTS) > 64 and (expected > 0).any(axis=1).all()
        np.testing.assert_allclose(victim(TEXTS), expected, atol=1e-6)
        labels = [5, 0, 5]
        np.testing.assert_allclose(victim.score(TEXTS, labels), expected[:, labels], atol=1e-6)
        best = victim.top_k(TEXTS, 3)
        order = np.argsort(-expected.astype(np.float32), axis=1, kind="stable")[:, :3]
        positive = np.take_along_axis(expected, order, axis=1) > 0
        assert np.where(positive, best[0], -1).tolist() == np.where(positive, order, -1).tolist()
        again = pickle.loads(pickle.dumps(victim))
        assert again.top_k(TEXTS[:2], 3)[0].tolist() == best[0][:2].tolist()

    def test_what_is_not_among_its_best_is_not_shown(self, server: AnnifServer) -> None:
        victim = victim_of(server, shown=3)
        ranks, scores = victim.rank(TEXTS, range(len(URIS))), victim.score(TEXTS, range(len(URIS)))
        assert ((ranks != BEYOND).sum(axis=1) <= 3).all() and (scores[ranks == BEYOND] == 0).all()
        with pytest.raises(InputError, match="k=4 is more than the 3 labels that Annif trained shows"):
            victim.top_k(TEXTS, 4)

    def test_its_threshold_shows_what_annif_shows(self, server: AnnifServer) -> None:
        goal = Untargeted(victim_of(server, threshold=0.2), k=None)
        counts = set()
        for text in TEXTS[:6]:
            url = f"{server.url}/v1/projects/trained/suggest-batch?limit=100&threshold=0.2"
            uris = [concept["uri"] for concept in asked(url, {"documents": [{"text": text}]})[0]["results"]]
            assert set(GroundTruth.of(goal.get_output(AttackedText(text))).labels) == set(uris)
            counts.add(len(uris))
        assert len(counts) > 1

    def test_annif_itself_takes_no_more_documents(self, server: AnnifServer) -> None:
        with pytest.raises(urllib.error.HTTPError, match="400"):
            asked(f"{server.url}/v1/projects/trained/suggest-batch", {"documents": [{"text": "hot"}] * 33})

    def test_odd_texts(self, server: AnnifServer) -> None:
        texts = ["", " \n ", "\x00", "half \ud83e", "🥚", "word " * 5000, "..."]
        victim = victim_of(server)
        assert np.isfinite(victim(texts)).all()
        for text, row in zip(texts, victim(texts), strict=True):
            np.testing.assert_allclose(victim_of(server)([text])[0], row, atol=1e-6)

    def test_projects_that_cannot_be_asked(self, server: AnnifServer) -> None:
        with pytest.raises(VictimError, match=r"status 404 .*; see that the server has the project 'missing'"):
            victim_of(server, "missing").score(["hot"], [0])
        with pytest.raises(VictimError, match="the project 'untrained' is not trained; annif train untrained"):
            victim_of(server, "untrained").score(["hot"], [0])
        with pytest.raises(InputError, match="the project 'german' is for texts in 'de', not 'en'"):
            victim_of(server, "german").score(["hot"], [0])

    def test_a_concept_that_the_vocabulary_does_not_have(self, server: AnnifServer) -> None:
        victim = AnnifWrapper(server.url, "trained", ["http://example.org/another"], language="en")
        with pytest.raises(VictimError, match="that is not one of its 1, for the text"):
            victim.score(TEXTS[:1], [0])

    def test_a_campaign_that_loses_its_project(self, server: AnnifServer, tmp_path: Path) -> None:
        data = make_data(tmp_path / "data")
        for file in data.iterdir():
            file.write_text(file.read_text().replace('"label ', '"http://example.org/'))
        corpus = load_corpus(data, cache=tmp_path / "cache")
        masked_lm = make_masked_lm(tmp_path / "words", corpus)
        uris = [[corpus.label_names[label] for label in labels] for labels in corpus.split("train")["labels"]]
        names = {uri: uri for uri in corpus.label_names}
        (tmp_path / "annif").mkdir()
        small = AnnifServer(
            tmp_path / "annif", names, zip(corpus.split("train")["text"], uris, strict=True), {"small": {}}
        )
        arguments = f'"{small.url}", "small", "{small.vocabulary}", language="en", shown=18, attempts=1'
        (tmp_path / "victim.py").write_text(
            f"from textattack_xmtc.wrappers import AnnifWrapper\n\nmodel = AnnifWrapper({arguments})\n"
        )
        options = {**OPTIONS, "models": ["victim.py"], "masked_lm": str(masked_lm), "threshold": "0.1"}
        with working_in(tmp_path):
            with small:
                assert run_campaign("out", options)
            (whole,) = records(Path("out")).values()
            assert len({row["outcome"] for row in whole} & {"succeeded", "failed"}) == 2
            file = next(Path("out", "records").iterdir())
            file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:4]))
            small.configure({})
            with small:
                assert run_campaign("out", {}, resume=True)
            (cut,) = records(Path("out")).values()
            assert [row["outcome"] for row in cut[4:]] == ["error"] * (len(whole) - 4)
            assert "see that the server has the project 'small'" in cut[-1]["reason"]
            small.configure(small.projects)
            with small:
                assert run_campaign("out", {}, resume=True, retry_errors=True)
            (again,) = records(Path("out")).values()
            assert sorted(again, key=lambda row: row["sample"]) == sorted(whole, key=lambda row: row["sample"])

    def test_a_server_that_fails_in_between(self, server: AnnifServer) -> None:
        victim = victim_of(server)
        victim.score(TEXTS[:1], [0])
        try:
            server.stop()
            with pytest.raises(VictimError, match="gave no answer in 2 attempts; the last one: ConnectError"):
                victim.score(TEXTS[1:2], [0])
            server.configure({name: options for name, options in server.projects.items() if name != "trained"})
            server.start()
            with pytest.raises(VictimError, match=r"status 404 .* see that the server has the project 'trained'"):
                victim.score(TEXTS[1:2], [0])
            server.stop()
            server.configure(server.projects)
            data = server.folder / "data" / "projects" / "trained"
            data.rename(data.with_name("away"))
            server.start()
            with pytest.raises(VictimError, match="gave no answer in 2 attempts; the last one: status 503"):
                victim.score(TEXTS[1:2], [0])
            data.with_name("away").rename(data)
            assert victim.score(TEXTS[1:2], [0]).shape == (1, 1)  # the server is as it was, and so is the victim
        finally:
            server.stop()
            server.configure(server.projects)
            server.start()
