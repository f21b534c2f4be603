"""Small victims of every wrapper, the texts they know, and texts that nobody expects."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from textattack.models.wrappers import HuggingFaceModelWrapper, ModelWrapper, PyTorchModelWrapper
from transformers import pipeline

from tests.toolkit.bert import tiny_bert, word_tokenizer
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.wrappers import (
    DualEncoderWrapper,
    FunctionWrapper,
    HuggingFaceWrapper,
    NapkinXCWrapper,
    OmikujiWrapper,
    ProcessWrapper,
    ScorerWrapper,
    ShortlistWrapper,
    SklearnWrapper,
    XMTCModelWrapper,
    as_victim,
)

LABELS = 6
TEXTS = [
    "boil an egg",
    "then cool it under cold running water for ten minutes",
    "hot water",
    "egg egg egg an unknown word",
    "ten",
    "boil an egg in hot water, then cool it; for ten minutes!",
    "cold cold cold hot",
]
WORDS = sorted({word for text in TEXTS for word in re.findall("[a-z]+", text)} - {"running"})
ODD_TEXTS = {
    "empty": "",
    "blank": " \t\n ",
    "one word": "egg",
    "emoji": "🥚🍳 👩‍🍳",
    "control characters": "boil\x00 an\x07 egg\x1b[31m \u200b\u202e",
    "half of a surrogate pair": "boil \ud83e an egg",
    "digits": "0123456789 42",
    "one very long word": "a" * 20_000,
    "very long": "boil an egg in hot water " * 2_000,
    "combining marks": "e\u0301" * 50,
}


def letter_counts(texts: Sequence[str]) -> Any:
    """Counts are whole numbers, so equal scores are frequent."""
    return np.array([[text.count(letter) for letter in "aeiotg"] for text in texts])


def function() -> XMTCModelWrapper:
    return FunctionWrapper(letter_counts, scores="score")


def function_of_named_labels() -> XMTCModelWrapper:
    return FunctionWrapper(lambda texts: letter_counts(texts) / 1e5, scores="probability", label_names=list("aeiotg"))


class ListWrapper(ModelWrapper):
    """A wrapper as TextAttack's documentation shows them: a list of rows."""

    def __init__(self) -> None:
        self.model = None

    def __call__(self, text_input_list: Sequence[str]) -> list[list[float]]:
        return [list(map(float, row)) for row in letter_counts(text_input_list)]


def textattack_wrapper() -> XMTCModelWrapper:
    return as_victim(ListWrapper())


def letter_numbers(texts: Sequence[str]) -> list[list[int]]:
    return [[ord(letter) % 50 for letter in f"{text:.<20.20}"] for text in texts]


def textattack_pytorch_wrapper() -> XMTCModelWrapper:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.EmbeddingBag(50, 8), torch.nn.Linear(8, LABELS))
    return as_victim(PyTorchModelWrapper(network, letter_numbers))


def bert(problem_type: str | None, max_length: int | None) -> tuple[Any, Any]:
    return tiny_bert(LABELS, len(WORDS) + 5, problem_type), word_tokenizer(WORDS, max_length)


def hugging_face() -> XMTCModelWrapper:
    return HuggingFaceWrapper(*bert("multi_label_classification", 12))


def hugging_face_logits() -> XMTCModelWrapper:
    return HuggingFaceWrapper(*bert(None, 12), scores="logit", batch_size=3)


def hugging_face_single_label() -> XMTCModelWrapper:
    return HuggingFaceWrapper(*bert("single_label_classification", 12), label_names=list("ABCDEF"))


def hugging_face_unlimited_tokenizer() -> XMTCModelWrapper:
    return HuggingFaceWrapper(*bert("multi_label_classification", None))


def textattack_hugging_face_wrapper() -> XMTCModelWrapper:
    return as_victim(HuggingFaceModelWrapper(*bert("multi_label_classification", 12)))


def hugging_face_pipeline() -> XMTCModelWrapper:
    model, tokenizer = bert("multi_label_classification", 12)
    return as_victim(pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu"))


def fitted(vectoriser: Any, classifier: Any) -> Any:
    truth = np.array([[letter in text for letter in "aeiot"] + [False] for text in TEXTS], dtype=int)
    truth[:2, 5] = [1, 1]
    return make_pipeline(vectoriser, classifier).fit(TEXTS, truth)


def sklearn_one_vs_rest() -> XMTCModelWrapper:
    return SklearnWrapper(fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression())))


def sklearn_margins() -> XMTCModelWrapper:
    return SklearnWrapper(fitted(TfidfVectorizer(), OneVsRestClassifier(LinearSVC())))


def sklearn_multi_output() -> XMTCModelWrapper:
    return SklearnWrapper(fitted(CountVectorizer(), MultiOutputClassifier(LogisticRegression())), batch_size=2)


def sklearn_forest() -> XMTCModelWrapper:
    return SklearnWrapper(fitted(CountVectorizer(), RandomForestClassifier(5, random_state=0)))


def shown_letters(texts: Sequence[str]) -> list[list[tuple[str, float]]]:
    return [list(zip("aeiotg", row, strict=True)) for row in letter_counts(texts).tolist()]


def shortlist_of_all_labels() -> XMTCModelWrapper:
    return ShortlistWrapper(shown_letters, "score", list("aeiotg"), shown=LABELS, floor=0.0, batch_size=2)


class LetterEncoder:
    """Letter counts as vectors: inner products with label vectors are whole numbers."""

    def encode(self, texts: Sequence[str]) -> Any:
        return letter_counts(texts)


def dual_encoder() -> XMTCModelWrapper:
    return DualEncoderWrapper(LetterEncoder(), np.eye(LABELS, dtype=np.float32) + np.eye(LABELS, k=1))


SERVED = """
class Letters:
    label_names = list("aeiotg")
    floor = 0.0

    def best(self, texts, m):
        print("nothing that is printed stands among the answers")
        return [sorted(((n, text.count(x)) for n, x in enumerate("aeiotg")), key=lambda p: -p[1])[:m] for text in texts]

    def score(self, texts, labels):
        return [[text.count("aeiotg"[label]) for label in labels] for text in texts]


def load():
    return Letters()
"""


def served(source: str = SERVED) -> Path:
    file = Path(tempfile.mkdtemp()) / "letters.py"
    file.write_text(source, encoding="utf-8")
    return file


def process() -> XMTCModelWrapper:
    return ProcessWrapper(sys.executable, served())


def process_that_only_shows_its_best() -> XMTCModelWrapper:
    return ProcessWrapper(sys.executable, served(SERVED.replace("def score", "def unused")))


def napkinxc_plt() -> XMTCModelWrapper:
    from napkinxc.models import PLT

    vectoriser = TfidfVectorizer(dtype=np.float32).fit(TEXTS)
    folder = tempfile.mkdtemp()
    truth = [[n for n, letter in enumerate("aeiotg") if letter in text] for text in TEXTS]
    PLT(folder, tree_type="huffman", threads=1, seed=1).fit(vectoriser.transform(TEXTS), truth)
    return NapkinXCWrapper(folder, vectoriser, list("aeiotg"), shown=None)


def train_omikuji(folder: Path, features: Any, truth: Sequence[Sequence[int]], labels: int) -> None:
    """Put a model of Omikuji into `folder`."""
    import omikuji

    rows = [f"{features.shape[0]} {features.shape[1]} {labels}"]
    for row, true in zip(features.tocsr(), truth, strict=True):
        row.sort_indices()
        pairs = " ".join(f"{column}:{value}" for column, value in zip(row.indices, row.data, strict=True))
        rows.append(f"{','.join(map(str, true))} {pairs}")
    data = Path(tempfile.mkdtemp()) / "train.txt"
    data.write_text("\n".join([*rows, ""]), encoding="utf-8")
    sizes = omikuji.Model.default_hyper_param()
    sizes.min_branch_size = 2
    omikuji.Model.train_on_data(str(data), sizes, n_threads=1).save(str(folder))


def omikuji_forest() -> XMTCModelWrapper:
    vectoriser = TfidfVectorizer(dtype=np.float32).fit(TEXTS)
    folder = Path(tempfile.mkdtemp())
    truth = [[n for n, letter in enumerate("aeiotg") if letter in text] for text in TEXTS]
    train_omikuji(folder, vectoriser.transform(TEXTS), truth, LABELS)
    return OmikujiWrapper(folder, vectoriser, list("aeiotg"), shown=None, beam=100)


def attention_xml() -> XMTCModelWrapper:
    torch.manual_seed(0)
    vocabulary = Vocabulary.of_texts(TEXTS)
    sizes = AttentionXMLConfig(embedding_size=8, hidden_size=6, linear_sizes=(5,))
    network = AttentionXMLNetwork(len(vocabulary), LABELS, sizes)
    return ScorerWrapper(AttentionXML(network, vocabulary, list("ABCDEF"), max_length=8, device="cpu"))


def attention_xml_logits() -> XMTCModelWrapper:
    return attention_xml().with_score_kind("logit")


VICTIMS: list[Callable[[], XMTCModelWrapper]] = [
    function,
    function_of_named_labels,
    textattack_wrapper,
    textattack_pytorch_wrapper,
    hugging_face,
    hugging_face_logits,
    hugging_face_single_label,
    hugging_face_unlimited_tokenizer,
    textattack_hugging_face_wrapper,
    sklearn_one_vs_rest,
    sklearn_margins,
    sklearn_multi_output,
    sklearn_forest,
    attention_xml,
    attention_xml_logits,
    hugging_face_pipeline,
    shortlist_of_all_labels,
    dual_encoder,
    process,
    process_that_only_shows_its_best,
    *([napkinxc_plt] if importlib.util.find_spec("napkinxc") else []),
    *([omikuji_forest] if importlib.util.find_spec("omikuji") else []),
]
KINDS = {
    "function": "score",
    "function_of_named_labels": "probability",
    "textattack_wrapper": "score",
    "textattack_pytorch_wrapper": "score",
    "hugging_face_logits": "logit",
    "sklearn_margins": "score",
    "attention_xml_logits": "logit",
    "shortlist_of_all_labels": "score",
    "dual_encoder": "score",
    "process": "score",
    "process_that_only_shows_its_best": "score",
}
every_victim = pytest.mark.parametrize("make", VICTIMS, ids=lambda make: make.__name__)


@cache
def made(make: Callable[[], XMTCModelWrapper]) -> XMTCModelWrapper:
    return make()
