"""Every file of `examples/victims` under the real `textattack attack --model-from-file`, on a model made for it."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tests.toolkit import ROOT, commands
from tests.toolkit.annif_server import AnnifServer, needs_annif
from tests.toolkit.bert import tiny_bert, word_tokenizer
from tests.toolkit.every_victim import train_omikuji
from tests.toolkit.failing_server import FailingServer
from tests.toolkit.pecos_models import PYTHON, needs_pecos, train_on
from tests.toolkit.shared_folders import SHARED, needs_shared

pytestmark = pytest.mark.slow

LIBMULTILABEL = ROOT / ".venv-libmultilabel" / "bin" / "python"
TRAIN_LIBMULTILABEL = """
import json, sys
from libmultilabel import linear

data = json.load(sys.stdin)
preprocessor = linear.Preprocessor()
data = preprocessor.fit_transform(data)
linear.save_pipeline("pipeline", preprocessor, linear.train_1vsrest(data["train"]["y"], data["train"]["x"]))
"""

VICTIMS = sorted((ROOT / "examples" / "victims").glob("*.py"))
MINILM = "models/all-MiniLM-L6-v2"
# `make test-use` runs that one where sentence-transformers is, and other packages would make another demo.
MINILM_MASKED_LM = "models/minilm-l6-tib-mlm"

TEXT = "Compute the mean and the variance of a sample that was drawn from the given distribution of values."
KEYWORDS = {
    "statistics": ("mean", "variance", "sample", "distribution"),
    "plotting": ("figure", "axes", "color", "line"),
    "files": ("file", "path", "read", "write"),
    "arrays": ("array", "shape", "values", "return"),
}
NAMES = list(KEYWORDS)


def documents(count: int = 400) -> Any:
    """Texts of a few keywords and other words, and the labels of the keywords."""
    chance = random.Random(0)
    other = ["compute", "the", "and", "of", "a", "that", "was", "drawn", "from", "given"]
    modules = []
    for _ in range(count):
        labels = sorted(chance.sample(range(len(NAMES)), chance.randint(1, 2)))
        words = [word for label in labels for word in chance.sample(KEYWORDS[NAMES[label]], 2)]
        words += chance.sample(other, 5)
        chance.shuffle(words)
        modules.append((" ".join(words), labels))
    return modules


TRAINING = documents()


@pytest.fixture
def masked_lm(demo: Path) -> Path:
    return demo / "masked_lm"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # The data lie elsewhere: a labels.txt beside them would be taken for their labels.
    (tmp_path / "labels.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    return tmp_path


def attack(name: str, folder: Path, masked_lm: Any, label: str = "statistics", **environment: Any) -> Any:
    """Run the command in `folder`, as someone with that file would; what it shows."""
    data = folder / "data" / "data.jsonl"
    data.write_text(json.dumps({"text": TEXT, "labels": [label]}) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "examples" / "victims" / f"{name}.py", folder / "victim.py")
    recipe = f"xmtc-positive^k=1,max_change_rate=0.5,encoder='embedded',masked_lm='{masked_lm}'"
    files = ("--model-from-file", "victim.py", "--dataset-from-file", "data/data.jsonl")
    ran = commands.run(commands.TEXTATTACK, "attack", "--recipe", recipe, *files, cwd=folder, **environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"[top-1: {label}*]" in ran.stdout
    return ran.stdout + ran.stderr


def succeeded(
    shown: Any, label: str = "statistics", rank: str = r"(\d+|beyond the labels that the victim ranks)"
) -> Any:
    return re.search(rf"target {label}: rank 1 -> {rank}, score", shown) and "Attack success rate: | 100.0%" in re.sub(
        " +", " ", shown
    )


def test_scikit_learn(folder: Path, masked_lm: Path) -> None:
    truth = np.zeros((len(TRAINING), len(NAMES)), dtype=int)
    for row, (_, labels) in enumerate(TRAINING):
        truth[row, labels] = 1
    tagger = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC()))
    joblib.dump(tagger.fit([text for text, _ in TRAINING], truth), folder / "tagger.joblib")
    assert succeeded(attack("scikit_learn", folder, masked_lm))


@pytest.mark.parametrize("name", ["hugging_face", "pipeline"])
def test_hugging_face(name: str, folder: Path, masked_lm: Path) -> None:
    from textattack_xmtc.wrappers import HuggingFaceWrapper

    words = sorted({word for text, _ in [*TRAINING, (TEXT.rstrip("."), 0)] for word in text.split()})
    model, tokenizer = tiny_bert(6, len(words) + 5, "multi_label_classification", 64), word_tokenizer(words, 64)
    model.config.id2label = {number: f"topic {number}" for number in range(6)}
    model.save_pretrained(folder / "tagger")
    tokenizer.save_pretrained(folder / "tagger")
    label = f"topic {HuggingFaceWrapper(model, tokenizer).top_k([TEXT], 1)[0][0, 0]}"
    assert f"target {label}: rank 1 -> " in attack(name, folder, masked_lm, label)


def test_napkin_xc(folder: Path, masked_lm: Path) -> None:
    models = pytest.importorskip("napkinxc.models", reason="needs the extra 'napkinxc'")
    vectoriser = TfidfVectorizer(dtype=np.float32)
    features = vectoriser.fit_transform([text for text, _ in TRAINING])
    models.PLT(str(folder / "plt"), tree_type="huffman", threads=1, seed=1).fit(
        features, [labels for _, labels in TRAINING]
    )
    joblib.dump(vectoriser, folder / "vectorizer.joblib")
    assert succeeded(attack("napkin_xc", folder, masked_lm))


def test_omikuji_model(folder: Path, masked_lm: Path) -> None:
    pytest.importorskip("omikuji", reason="needs the extra 'omikuji'")
    vectoriser = TfidfVectorizer(dtype=np.float32)
    features = vectoriser.fit_transform([text for text, _ in TRAINING])
    train_omikuji(folder / "omikuji-model", features, [labels for _, labels in TRAINING], len(NAMES))
    joblib.dump(vectoriser, folder / "vectorizer.joblib")
    assert succeeded(attack("omikuji_model", folder, masked_lm))


@pytest.mark.skipif(not LIBMULTILABEL.exists(), reason="needs the environment of LibMultiLabel: `make libmultilabel`")
def test_libmultilabel_model(folder: Path, masked_lm: Path) -> None:
    texts = [text for text, _ in TRAINING]
    data = {"x": texts, "y": [[NAMES[label] for label in labels] for _, labels in TRAINING]}
    training = json.dumps({"train": data, "data_format": "txt"})
    subprocess.run([LIBMULTILABEL, "-I", "-c", TRAIN_LIBMULTILABEL], input=training, text=True, cwd=folder, check=True)
    shutil.copy(ROOT / "examples" / "served" / "libmultilabel_model.py", folder / "served.py")
    shown = attack("libmultilabel_model", folder, masked_lm, LIBMULTILABEL_PYTHON=str(LIBMULTILABEL))
    assert succeeded(shown)


@needs_annif
def test_annif_project(folder: Path, masked_lm: Path) -> None:
    documents = [(text, [NAMES[label] for label in labels]) for text, labels in TRAINING]
    (folder / "annif").mkdir()
    with AnnifServer(folder / "annif", dict(zip(NAMES, NAMES, strict=True)), documents, {"tfidf-en": {}}) as server:
        shutil.copy(server.vocabulary, folder / "vocabulary.tsv")
        assert succeeded(attack("annif_project", folder, masked_lm, ANNIF_URL=server.url))


@needs_pecos
def test_pecos_model(folder: Path, masked_lm: Path) -> None:
    texts, labels = zip(*TRAINING, strict=True)
    train_on(folder / "text2text", texts, labels, NAMES, [TEXT])
    assert succeeded(attack("pecos_model", folder, masked_lm, XMTC_PECOS_PYTHON=PYTHON))


@needs_shared(MINILM)
@needs_shared(MINILM_MASKED_LM)
def test_dual_encoder(folder: Path) -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("needs the extra 'sbert'")
    (folder / "all-MiniLM-L6-v2").symlink_to((SHARED / MINILM).resolve())
    assert "target statistics: rank 1 -> " in attack("dual_encoder", folder, (SHARED / MINILM_MASKED_LM).resolve())


def shown_keywords(texts: Sequence[str]) -> Any:
    """The three best labels by keywords, and none that has no keyword in the text."""
    rows = []
    for text in texts:
        counts = [(name, sum(text.count(word) for word in words)) for name, words in KEYWORDS.items()]
        rows.append([(name, 10 * count) for name, count in sorted(counts, key=lambda pair: -pair[1]) if count][:3])
    return rows


def test_remote(folder: Path, masked_lm: Path) -> None:
    secret = "a-very-secret-token"
    # The server fails several times, in several ways, and the attack comes out all the same.
    with FailingServer(503, 200, "cut", 429, 200, "garbage", "close", rows=shown_keywords) as server:
        shown = attack("remote", folder, masked_lm, TAGGER_URL=server.url, TAGGER_TOKEN=secret)
        assert succeeded(shown, rank="beyond the labels that the victim ranks")
        assert all(headers["Authorization"] == f"Bearer {secret}" for headers in server.headers)
        assert not server.script and len(server.requests) > 8
    assert secret not in shown


def test_best_labels_only(folder: Path, masked_lm: Path) -> None:
    shown = attack("best_labels_only", folder, masked_lm, "mean")
    assert succeeded(shown, "mean")


def test_own_function(folder: Path, masked_lm: Path) -> None:
    assert succeeded(attack("own_function", folder, masked_lm), rank="2")


def test_none_is_left_out_and_all_are_short() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")} | {"pipeline"}
    assert VICTIMS and {path.stem for path in VICTIMS} <= tested
    for path in VICTIMS:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines()[1:] if line]
        assert len(lines) <= 6, path
