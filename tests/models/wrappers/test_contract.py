"""What an attack may expect of a victim, held against every wrapper: one test body, many victims."""

import copy
import pickle
import re
from collections.abc import Callable
from functools import cache

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

from tests.small_parts import tiny_bert, word_tokenizer
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml import AttentionXML, AttentionXMLConfig, AttentionXMLNetwork
from textattack_xmtc.models.vocabulary import Vocabulary
from textattack_xmtc.models.wrappers import (
    FunctionWrapper,
    HuggingFaceWrapper,
    ScorerWrapper,
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

# The victims ---------------------------------------------------------------------------------------------------------


def letter_counts(texts):
    """Counts are whole numbers, so equal scores are frequent."""
    return np.array([[text.count(letter) for letter in "aeiotg"] for text in texts])


def function():
    return FunctionWrapper(letter_counts, scores="score")


def function_of_named_labels():
    return FunctionWrapper(lambda texts: letter_counts(texts) / 1e5, scores="probability", label_names=list("aeiotg"))


class ListWrapper(ModelWrapper):
    """A wrapper as TextAttack's documentation shows them: a list of rows."""

    def __init__(self):
        self.model = None

    def __call__(self, text_input_list):
        return [list(map(float, row)) for row in letter_counts(text_input_list)]


def textattack_wrapper():
    return as_victim(ListWrapper())


def letter_numbers(texts):
    return [[ord(letter) % 50 for letter in f"{text:.<20.20}"] for text in texts]


def textattack_pytorch_wrapper():
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.EmbeddingBag(50, 8), torch.nn.Linear(8, LABELS))
    return as_victim(PyTorchModelWrapper(network, letter_numbers))


def bert(problem_type, max_length):
    return tiny_bert(LABELS, len(WORDS) + 5, problem_type), word_tokenizer(WORDS, max_length)


def hugging_face():
    return HuggingFaceWrapper(*bert("multi_label_classification", 12))


def hugging_face_logits():
    return HuggingFaceWrapper(*bert(None, 12), scores="logit", batch_size=3)


def hugging_face_single_label():
    return HuggingFaceWrapper(*bert("single_label_classification", 12), label_names=list("ABCDEF"))


def hugging_face_unlimited_tokenizer():
    return HuggingFaceWrapper(*bert("multi_label_classification", None))


def textattack_hugging_face_wrapper():
    return as_victim(HuggingFaceModelWrapper(*bert("multi_label_classification", 12)))


def fitted(vectoriser, classifier):
    truth = np.array([[letter in text for letter in "aeiot"] + [False] for text in TEXTS], dtype=int)
    truth[:2, 5] = [1, 1]
    return make_pipeline(vectoriser, classifier).fit(TEXTS, truth)


def sklearn_one_vs_rest():
    return SklearnWrapper(fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression())))


def sklearn_margins():
    return SklearnWrapper(fitted(TfidfVectorizer(), OneVsRestClassifier(LinearSVC())))


def sklearn_multi_output():
    return SklearnWrapper(fitted(CountVectorizer(), MultiOutputClassifier(LogisticRegression())), batch_size=2)


def sklearn_forest():
    return SklearnWrapper(fitted(CountVectorizer(), RandomForestClassifier(5, random_state=0)))


def attention_xml():
    torch.manual_seed(0)
    vocabulary = Vocabulary.of_texts(TEXTS)
    sizes = AttentionXMLConfig(embedding_size=8, hidden_size=6, linear_sizes=(5,))
    network = AttentionXMLNetwork(len(vocabulary), LABELS, sizes)
    return ScorerWrapper(AttentionXML(network, vocabulary, list("ABCDEF"), max_length=8, device="cpu"))


def attention_xml_logits():
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
]
KINDS = {
    "function": "score",
    "function_of_named_labels": "probability",
    "textattack_wrapper": "score",
    "textattack_pytorch_wrapper": "score",
    "hugging_face_logits": "logit",
    "sklearn_margins": "score",
    "attention_xml_logits": "logit",
}
every_victim = pytest.mark.parametrize("make", VICTIMS, ids=lambda make: make.__name__)


@cache
def made(make: Callable[[], XMTCModelWrapper]) -> XMTCModelWrapper:
    return make()


# The contract --------------------------------------------------------------------------------------------------------


@every_victim
def test_scores_are_columns_of_the_dense_answer(make):
    victim = made(make)
    dense = victim(TEXTS)
    assert dense.dtype == np.float32 and dense.shape == (len(TEXTS), LABELS)
    assert len(np.unique(dense)) >= LABELS  # a victim that answers the same to everything would hold to anything
    wanted = [4, 0, 4]
    scores = victim.score(TEXTS, wanted)
    assert scores.dtype == np.float32 and scores.shape == (len(TEXTS), 3)
    np.testing.assert_allclose(scores, dense[:, wanted], atol=1e-5)


@every_victim
@pytest.mark.parametrize("k", [1, 3, LABELS])
def test_the_k_best_are_those_of_brute_force(make, k):
    victim = made(make)
    dense = victim(TEXTS)
    labels, scores = victim.top_k(TEXTS, k)
    assert labels.dtype == np.int64 and scores.dtype == np.float32
    assert labels.tolist() == [sorted(range(LABELS), key=lambda j, row=row: (-row[j], j))[:k] for row in dense]
    np.testing.assert_allclose(scores, np.take_along_axis(dense, labels, axis=1), atol=1e-5)


@every_victim
def test_ranks_are_those_of_brute_force(make):
    victim = made(make)
    wanted = [5, 0, 2]
    ranks = victim.rank(TEXTS, wanted)
    assert ranks.dtype == np.int64
    for row, got in zip(victim(TEXTS), ranks.tolist(), strict=True):
        ordered = sorted(range(LABELS), key=lambda j, row=row: (-row[j], j))
        assert got == [ordered.index(label) + 1 for label in wanted]


@every_victim
def test_an_answer_does_not_depend_on_its_batch(make):
    victim = made(make)
    alone = np.concatenate([victim([text]) for text in TEXTS])
    turned = list(reversed(TEXTS))
    for size in (1, 3, 100):
        other = copy.copy(victim)
        other.batch_size = size
        np.testing.assert_allclose(other(turned)[::-1], alone, atol=1e-5)
        np.testing.assert_allclose(other.score(turned, [1])[::-1, 0], alone[:, 1], atol=1e-5)
        np.testing.assert_allclose(other.top_k(turned, 1)[1][::-1, 0], alone.max(axis=1), atol=1e-5)


@every_victim
def test_a_text_asked_twice_gets_one_answer(make):
    dense = made(make)([TEXTS[0], TEXTS[1], TEXTS[0]])
    np.testing.assert_allclose(dense[0], dense[2], atol=1e-6)


@every_victim
def test_no_texts_and_no_labels_give_empty_answers(make):
    victim = make()
    assert victim([]).shape == (0, victim.labels.size or 0)
    assert victim.score([], [0, 1]).shape == (0, 2)
    assert victim.score(TEXTS, []).shape == (len(TEXTS), 0)
    assert victim.rank([], [0]).shape == (0, 1)
    assert victim.rank(TEXTS, []).shape == (len(TEXTS), 0)
    assert [part.shape for part in victim.top_k([], 2)] == [(0, 2), (0, 2)]
    victim(TEXTS)
    assert victim([]).shape == (0, LABELS)


@every_victim
@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_odd_texts_get_finite_answers(make, odd):
    victim, texts = made(make), [ODD_TEXTS[odd], TEXTS[0]]
    dense = victim(texts)
    assert np.isfinite(dense).all()
    np.testing.assert_allclose(dense[1], victim([TEXTS[0]])[0], atol=1e-5)
    np.testing.assert_allclose(victim.score(texts, [2])[:, 0], dense[:, 2], atol=1e-5)
    assert victim.rank(texts, victim.top_k(texts, 1)[0][0].tolist())[0, 0] == 1


@every_victim
@pytest.mark.parametrize("question", ["score", "rank"])
def test_unknown_labels_are_refused(make, question):
    victim = make()  # the first answer may be what tells the number of labels
    for label in (LABELS, 10**6, -1):
        with pytest.raises(InputError, match=f"label index {label} is not one of the"):
            getattr(victim, question)(TEXTS, [0, label])


@every_victim
def test_a_k_that_cannot_be_is_refused(make):
    victim = make()
    with pytest.raises(
        InputError, match=f"k=7 is more than the {LABELS} labels of this victim; choose k between 1 and"
    ):
        victim.top_k(TEXTS, LABELS + 1)
    for k in (0, -1, 2.5, "3"):
        with pytest.raises(InputError, match="is not a number of labels"):
            victim.top_k(TEXTS, k)


@every_victim
def test_what_the_scores_are_is_declared(make):
    victim = made(make)
    assert victim.score_kind == KINDS.get(make.__name__, "probability")
    assert victim.with_score_kind(victim.score_kind) is victim
    if victim.score_kind == "probability":
        assert victim(TEXTS).min() >= 0 and victim(TEXTS).max() <= 1
    with pytest.raises(InputError, match=f"{victim.name} cannot give scores of kind 'odds'; choose one of "):
        victim.with_score_kind("odds")


@every_victim
def test_what_is_not_read_does_not_count(make):
    victim = made(make)
    for text in (*TEXTS, *ODD_TEXTS.values()):
        read = victim.characters_read(text)
        assert 0 <= read <= len(text)
        np.testing.assert_allclose(victim([text[:read]]), victim([text]), atol=1e-5)
    long = ODD_TEXTS["very long"]
    reads_all = not isinstance(victim, (HuggingFaceWrapper, ScorerWrapper))
    assert (victim.characters_read(long) == len(long)) is reads_all


@every_victim
def test_short_texts_are_read_to_the_end(make):
    for text in ("", "egg", "egg!  "):
        assert made(make).characters_read(text) == len(text)


@every_victim
def test_the_mask_hides_a_word(make):
    victim = made(make)
    shown, masked, unknown = victim(["boil an egg now", f"boil an {victim.mask} now", "boil an qqq now"])
    assert not np.array_equal(masked, shown)
    if isinstance(victim, (SklearnWrapper, ScorerWrapper)):
        np.testing.assert_allclose(masked, unknown, atol=1e-6)
    if isinstance(victim, HuggingFaceWrapper):
        assert victim.tokenizer.mask_token_id in victim.tokenizer(f"boil an {victim.mask}, now")["input_ids"]


@every_victim
def test_a_copy_answers_the_same(make):
    victim = made(make)
    copies = [copy.deepcopy(victim)]
    if make is not function_of_named_labels:  # a lambda does not pickle
        copies.append(pickle.loads(pickle.dumps(victim)))
    for other in copies:
        np.testing.assert_array_equal(other(TEXTS), victim(TEXTS))
        assert (other.mask, other.score_kind, other.labels.names) == (
            victim.mask,
            victim.score_kind,
            victim.labels.names,
        )


# What some wrappers promise beside ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hugging_face, attention_xml, textattack_hugging_face_wrapper])
def test_probabilities_are_the_sigmoid_of_the_logits(make):
    victim = made(make)
    logits = victim.with_score_kind("logit")
    assert logits is not victim and victim.score_kind == "probability"
    np.testing.assert_allclose(victim(TEXTS), 1 / (1 + np.exp(-logits(TEXTS))), atol=1e-6)
    assert logits(TEXTS).min() < 0


def test_probabilities_of_a_single_label_classifier_sum_to_one():
    np.testing.assert_allclose(made(hugging_face_single_label)(TEXTS).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        made(hugging_face_single_label).with_score_kind("logit")(TEXTS), made(hugging_face_logits)(TEXTS), atol=1e-5
    )


def test_a_hugging_face_victim_is_the_plain_model():
    model, tokenizer = bert("multi_label_classification", 12)
    for text, row in zip(TEXTS, made(hugging_face)(TEXTS), strict=True):
        with torch.no_grad():
            logits = model(**tokenizer(text, truncation=True, max_length=12, return_tensors="pt")).logits
        np.testing.assert_allclose(row, logits.sigmoid()[0].numpy(), atol=1e-5)


def test_label_names_of_a_hugging_face_model_are_its_configurations():
    model, tokenizer = bert(None, 12)
    model.config.id2label = {index: f"topic {index}" for index in range(LABELS)}
    assert HuggingFaceWrapper(model, tokenizer).labels.names == [f"topic {index}" for index in range(LABELS)]
    assert made(hugging_face_single_label).labels.names == list("ABCDEF")


def test_a_label_that_a_forest_never_saw_is_not_certain():
    truth = np.array([[letter in text for letter in "gt"] + [False, True] for text in TEXTS], dtype=int)
    victim = SklearnWrapper(
        make_pipeline(CountVectorizer(), RandomForestClassifier(5, random_state=0)).fit(TEXTS, truth)
    )
    dense = victim(TEXTS)
    assert (dense[:, 2] == 0).all() and (dense[:, 3] == 1).all()


def test_sklearn_labels_are_called_what_the_classes_are_called():
    names = [["eggs", "water"][text.startswith("hot")] for text in TEXTS]
    victim = SklearnWrapper(make_pipeline(CountVectorizer(), LogisticRegression(C=100)).fit(TEXTS, names))
    assert victim.labels.names == ["eggs", "water"]
    assert victim.top_k(["hot water"], 1)[0].tolist() == [[1]]


def test_sklearn_is_asked_for_what_was_chosen():
    pipeline = fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
    margins = SklearnWrapper(pipeline, scores="score")
    np.testing.assert_allclose(margins(TEXTS), pipeline.decision_function(TEXTS), atol=1e-5)
    np.testing.assert_allclose(margins.with_score_kind("probability")(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-6)


def test_a_victim_stays_what_it_is():
    victim = made(function)
    assert as_victim(victim) is victim
    assert isinstance(as_victim(made(attention_xml).model), ScorerWrapper)


def test_batches_are_no_larger_than_asked_for():
    sizes = []
    victim = FunctionWrapper(lambda texts: [sizes.append(len(texts)) or [0.0]] * len(texts), "score", batch_size=3)
    victim(TEXTS)
    assert max(sizes) == 3 and sum(sizes) == len(TEXTS)
