"""Campaigns on models that Python files make: real ones of other libraries, and those that show only their best."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tests.campaign.conftest import working_in
from tests.toolkit.pecos_models import PYTHON, needs_pecos, train_on
from tests.toolkit.small_campaigns import LABELS, OPTIONS, make_data, make_masked_lm, records
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.campaign.victims import load_victim
from textattack_xmtc.campaign.workers.run import Workers
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.results.export.report import all_tables
from textattack_xmtc.results.folder import read_campaign

SKLEARN = """
import joblib
from textattack_xmtc.wrappers import SklearnWrapper

model = SklearnWrapper(joblib.load("tagger.joblib"), scores="score", label_names=joblib.load("names.joblib"))
"""
NAMELESS = SKLEARN.replace(', label_names=joblib.load("names.joblib")', "")
# A label is shown where both of its words are in the text: once one is exchanged, there are fewer than two.
SHORTLIST = """
import joblib
from textattack_xmtc.wrappers import ShortlistWrapper

names = joblib.load("names.joblib")


def shown(texts):
    found = [[(name, text.split()) for name in names] for text in texts]
    rows = [[(n, sum(p + chr(97 + int(n[6:])) in w for p in ("topic", "about"))) for n, w in row] for row in found]
    return [[(name, count / 2) for name, count in row if count == 2] for row in rows]


model = ShortlistWrapper(shown, "probability", names, shown=2)
"""
# Where a file `fails` is there, one call does.
FAILING = """
from pathlib import Path

import joblib
from textattack_xmtc.wrappers import FunctionWrapper

names = joblib.load("names.joblib")
calls = []


def scores(texts):
    calls.append(len(texts))
    if len(calls) == 37 and Path("fails").exists():
        raise ConnectionError("no answer to call 37")
    rows = [text.split() for text in texts]
    return [[float(sum(p + chr(97 + int(n[6:])) in row for p in ("topic", "about"))) for n in names] for row in rows]


model = FunctionWrapper(scores, "score", label_names=names)
"""
NAPKINXC = """
import joblib
from textattack_xmtc.wrappers import NapkinXCWrapper

model = NapkinXCWrapper("plt", joblib.load("vectorizer.joblib"), joblib.load("names.joblib"), shown=5)
"""
PECOS = """
from textattack_xmtc.wrappers import PecosWrapper

model = PecosWrapper("text2text", post_processor="sigmoid")
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = tmp_path_factory.mktemp("files")
    return load_corpus(make_data(root / "data"), cache=root / "cache")


@pytest.fixture(scope="module")
def folder(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data, a masked LM, and what the files load."""
    root = tmp_path_factory.mktemp("victims")
    make_data(root / "data")
    make_masked_lm(root / "words", corpus)
    texts, truth = list(corpus.split("train")["text"]), corpus.label_matrix("train")
    tagger = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC(random_state=0)))
    joblib.dump(tagger.fit(texts, truth.toarray().astype(int)), root / "tagger.joblib")
    joblib.dump(list(corpus.label_names), root / "names.joblib")
    for name, content in {"tagger": SKLEARN, "nameless": NAMELESS, "shortlist": SHORTLIST, "failing": FAILING}.items():
        (root / f"{name}.py").write_text(content, encoding="utf-8")
    return root


@pytest.fixture(autouse=True)
def here(folder: Path) -> Iterator[None]:
    with working_in(folder):
        yield


def options(*models: str, **more: object) -> dict[str, object]:
    return {**OPTIONS, "models": list(models), "masked_lm": "words", **more}


@pytest.mark.parametrize("workers", [None, pytest.param(Workers(1), marks=pytest.mark.slow)])
def test_a_victim_that_fails_on_its_37th_call(folder: Path, tmp_path: Path, workers: Workers | None) -> None:
    """One sample has an error with the reason, the others are right; `retry_errors` attacks that sample again."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run_campaign(whole, options("failing.py"))
    expected = records(whole)["failing"]
    (folder / "fails").touch()
    try:
        assert run_campaign(out, options("failing.py"), workers=workers)
    finally:
        (folder / "fails").unlink()
    rows = sorted(records(out)["failing"], key=lambda row: row["sample"])
    (failed,) = [row["sample"] for row in rows if row["outcome"] == "error"]
    assert rows[failed]["reason"] == "ConnectionError: no answer to call 37"
    assert [*rows[:failed], *rows[failed + 1 :]] == [*expected[:failed], *expected[failed + 1 :]]
    assert run_campaign(out, {}, resume=True, workers=workers)
    assert sorted(records(out)["failing"], key=lambda row: row["sample"]) == rows, "an error is a record"
    assert run_campaign(out, {}, resume=True, retry_errors=True, workers=workers)
    assert sorted(records(out)["failing"], key=lambda row: row["sample"]) == expected


def answers(out: Path) -> list[dict[str, Any]]:
    rows = [row for of_model in records(out).values() for row in of_model]
    return [answer for row in rows for answer in (row["before"], row["after"]) if answer]


def check_against_itself(out: Path, name: str, corpus: Corpus) -> None:
    """Every answer in the records is what the model says of that text, in its own process here."""
    victim = load_victim(name, f"{name}.py", corpus.label_names)
    campaign = read_campaign(out)
    by_sample = {record["sample"]: record for record in records(out)[name]}
    assert {record["outcome"] for record in by_sample.values()} <= {"succeeded", "failed"}
    for number, sample in campaign.samples.items():
        row = by_sample[number]
        for text, answer in ((sample.text, row["before"]), (row["adversarial"], row["after"])):
            if text:
                labels, scores = victim.model.top_k([text], 2)
                shown = [corpus.label_names.index(victim.model.labels.name(i)) for i in labels[0] if i >= 0]
                assert answer["top_k"] == shown
                assert answer["top_k_scores"] == pytest.approx(scores[0][: len(shown)].tolist(), abs=1e-5)
                assert answer["rank"] == (shown.index(sample.target) + 1 if sample.target in shown else answer["rank"])


def test_a_scikit_learn_pipeline(corpus: Corpus, tmp_path: Path) -> None:
    assert run_campaign(tmp_path / "out", options("tagger.py"))
    facts = json.loads((tmp_path / "out" / "campaign.json").read_text())
    (model,) = facts["models"]
    assert (model["name"], model["folder"], model["score_kind"]) == ("tagger", "tagger.py", "score")
    assert model["labels"] == LABELS and model["right"] > 50 and len(model["fingerprint"]) == 16
    check_against_itself(tmp_path / "out", "tagger", corpus)
    assert "succeeded" in {row["outcome"] for row in records(tmp_path / "out")["tagger"]}


def test_without_label_names_the_order_of_the_corpus_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_campaign(tmp_path / "named", options("tagger.py"))
    assert "has no label names" not in capsys.readouterr().err
    run_campaign(tmp_path / "out", options("nameless.py"))
    assert "nameless has no label names: its labels are taken in the order of data" in capsys.readouterr().err
    assert records(tmp_path / "out")["nameless"] == records(tmp_path / "named")["tagger"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"goal": "untargeted"},
        {"goal": "negative"},
        {"mode": "adv-xmtc"},
        {"mode": "adv-xmtc", "goal": "untargeted"},
    ],
    ids=str,
)
def test_what_is_not_shown_is_in_no_record(corpus: Corpus, tmp_path: Path, more: dict[str, object]) -> None:
    assert run_campaign(tmp_path / "out", options("shortlist.py", **more))
    campaign = read_campaign(tmp_path / "out")
    assert {row["outcome"] for row in records(tmp_path / "out")["shortlist"]} <= {"succeeded", "failed"}
    kept = answers(tmp_path / "out")
    assert all(0 <= label < LABELS for answer in kept for label in answer["top_k"])
    assert all(len(answer["top_k"]) == len(answer["top_k_scores"]) for answer in kept)
    if more.get("goal") == "negative":
        assert all(answer["rank"] is None and answer["beyond"] == 2 for answer in kept), "no such target is shown"
    else:
        assert min(len(answer["top_k"]) for answer in kept) < 2
        assert all(sample.target in sample.labels for sample in campaign.samples.values())
        check_against_itself(tmp_path / "out", "shortlist", corpus)
    assert all_tables([campaign])


def test_right_pairs_where_fewer_are_shown(corpus: Corpus) -> None:
    """Texts of which one label is shown, or none: the rest of their row is no label, least of all the last one."""
    victim = load_victim("shortlist", "shortlist.py", corpus.label_names)
    last = corpus.label_names[-1]
    texts = [f"topic{chr(97 + int(last[6:]))}", "nothing", "topica abouta"]
    rows = corpus.split("test").select([0, 1, 2]).remove_columns("text").add_column("text", texts)
    first = corpus.label_names.index("label 0")
    assert victim.top_k(rows, 2).tolist() == [[-1, -1], [-1, -1], [first, -1]]


@pytest.mark.skipif(importlib.util.find_spec("napkinxc") is None, reason="needs the extra 'napkinxc'")
def test_a_tree_of_napkinxc(corpus: Corpus, folder: Path, tmp_path: Path) -> None:
    from napkinxc.models import PLT

    vectorizer = TfidfVectorizer(dtype=np.float32)
    features = vectorizer.fit_transform(corpus.split("train")["text"])
    PLT(str(folder / "plt"), tree_type="huffman", threads=1, seed=1).fit(
        features, list(corpus.split("train")["labels"])
    )
    joblib.dump(vectorizer, folder / "vectorizer.joblib")
    (folder / "napkin.py").write_text(NAPKINXC, encoding="utf-8")
    assert run_campaign(tmp_path / "out", options("napkin.py", "tagger.py"))
    check_against_itself(tmp_path / "out", "napkin", corpus)


@needs_pecos
@pytest.mark.slow
def test_pecos_in_its_own_process(
    corpus: Corpus, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XMTC_PECOS_PYTHON", str(PYTHON))
    rows = corpus.split("train")
    train_on(folder / "text2text", list(rows["text"]), list(rows["labels"]), list(corpus.label_names), ["topica"])
    (folder / "pecos_model.py").write_text(PECOS, encoding="utf-8")
    assert run_campaign(tmp_path / "out", options("pecos_model.py"), workers=Workers(1))
    check_against_itself(tmp_path / "out", "pecos_model", corpus)


@pytest.mark.slow
@pytest.mark.parametrize("ray", [False, True], ids=["processes", "ray"])
def test_each_worker_runs_the_file(ray: bool, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if ray:
        request.getfixturevalue("ray_cluster")
    chosen = options("tagger.py", "shortlist.py")
    workers = Workers(2, "local" if ray else None)
    assert run_campaign(tmp_path / "one", chosen) and run_campaign(tmp_path / "out", chosen, workers=workers)
    for name, rows in records(tmp_path / "out").items():
        assert sorted(rows, key=lambda row: row["sample"]) == records(tmp_path / "one")[name]


def test_another_file_is_another_model(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(SKLEARN, encoding="utf-8")
    run_campaign(tmp_path / "out", options(str(mine)))
    file = tmp_path / "out" / "records" / "mine.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    mine.write_text(SKLEARN + "\n# another\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.py', which has changed since a command line named it"):
        run_campaign(tmp_path / "out", {}, resume=True)
    with pytest.raises(InputError, match=r"mine\.py' is another model \([0-9a-f]{16}\); the campaign started with one"):
        run_campaign(tmp_path / "out", {"models": [str(mine)]}, resume=True)
    mine.write_text(SKLEARN, encoding="utf-8")
    assert (
        run_campaign(tmp_path / "out", {"models": [str(mine)]}, resume=True)
        and len(records(tmp_path / "out")["mine"]) == 12
    )


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, InputError, r"there is no file '.*wrong\.py'; give a Python file with a `model`"),
        (
            "model = 1 / 0",
            InputError,
            r"wrong\.py' cannot be run \(ZeroDivisionError: division by zero\); run it by it",
        ),
        ("tagger = 1", InputError, r"wrong\.py' has no variable `model`; name the victim `model`"),
        ("model = 1", InputError, "a int is not a victim"),
        (
            "from textattack_xmtc.errors import MissingExtraError\nraise MissingExtraError('no libpecos', 'get it')",
            MissingExtraError,
            "no libpecos; get it",
        ),
        (
            """
            from textattack_xmtc.wrappers import FunctionWrapper
            model = FunctionWrapper(lambda texts: [[0, 1, 2]] * len(texts), "score")
            """,
            InputError,
            r"wrong\.py' has 3 labels without names, and the corpus has 18: .*; give the wrapper label_names",
        ),
        (
            """
            from textattack_xmtc.wrappers import FunctionWrapper
            model = FunctionWrapper(lambda texts: [[0, 1]] * len(texts), "score", ["LABEL_0", "LABEL_1"])
            """,
            InputError,
            r"knows 2 labels that are not among the 18 .* or give it the corpus's names \(label_names\)",
        ),
    ],
)
def test_files_that_are_no_victims(tmp_path: Path, content: str | None, error: type[Exception], message: str) -> None:
    file = tmp_path / "wrong.py"
    if content is not None:
        file.write_text(textwrap.dedent(content), encoding="utf-8")
    with pytest.raises(error, match=message):
        run_campaign(tmp_path / "out", options(str(file)))
    assert not (tmp_path / "out" / "campaign.json").exists()
