"""Estimators of scikit-learn, however nested: each answers as itself, and labels without training text stand last."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.svm import LinearSVC

from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers import SklearnWrapper

TEXTS = [
    "boil an egg in hot water",
    "cool the water",
    "the ball was in the net",
    "kick the ball now",
    "boil the water then kick the egg",
    "an egg and a ball",
    "hot hot water",
    "the net and the egg",
] * 3
TRUTH = np.array([["egg" in text, "water" in text, False, "ball" in text, True] for text in TEXTS], dtype=int)
NEVER, ALWAYS = 2, 4
SOME = TEXTS[:8]


def one_vs_rest(classifier: Any = None) -> OneVsRestClassifier:
    return OneVsRestClassifier(classifier or LinearSVC())


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(5, random_state=0)


def plain() -> Pipeline:
    return make_pipeline(TfidfVectorizer(), one_vs_rest())


class Meta(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator around another one, as people write them."""

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, texts: Any, truth: Any) -> Meta:
        self.estimator_ = self.estimator.fit(texts, truth)
        return self

    def decision_function(self, texts: Any) -> Any:
        return self.estimator_.decision_function(texts)


class Shifted(Meta):
    """Asks the one inside, and answers something else."""

    def decision_function(self, texts: Any) -> Any:
        return self.estimator_.decision_function(texts) - 0.5


class Selecting(Meta):
    """Changes the texts before it asks the one inside."""

    def decision_function(self, texts: Any) -> Any:
        return self.estimator_.decision_function([text.replace("egg", "ball") for text in texts])


class Lower(BaseEstimator):  # type: ignore[misc]
    """A step of one's own."""

    def fit(self, texts: Any, truth: Any = None) -> Lower:
        return self

    def transform(self, texts: Any) -> Any:
        return [text.lower() for text in texts]


NESTED: dict[str, Callable[[], Any]] = {
    "pipeline": plain,
    "pipeline in pipeline": lambda: make_pipeline(Lower(), plain()),
    "three pipelines": lambda: make_pipeline(Lower(), make_pipeline(Lower(), plain())),
    "classifier in an inner pipeline": lambda: make_pipeline(
        TfidfVectorizer(), make_pipeline(MaxAbsScaler(), one_vs_rest())
    ),
    "passthrough": lambda: Pipeline([("no", "passthrough"), ("words", TfidfVectorizer()), ("ovr", one_vs_rest())]),
    "hashing": lambda: make_pipeline(HashingVectorizer(n_features=64), one_vs_rest()),
    "union": lambda: make_pipeline(FeatureUnion([("a", TfidfVectorizer()), ("b", CountVectorizer())]), one_vs_rest()),
    "grid search": lambda: GridSearchCV(plain(), {"onevsrestclassifier__estimator__C": [1.0]}, cv=2),
    "random search": lambda: RandomizedSearchCV(
        plain(), {"onevsrestclassifier__estimator__C": [1.0, 2.0]}, n_iter=1, cv=2, random_state=0
    ),
    "search in pipeline": lambda: make_pipeline(
        TfidfVectorizer(), GridSearchCV(one_vs_rest(), {"estimator__C": [1.0]}, cv=2)
    ),
    "search in search": lambda: GridSearchCV(
        GridSearchCV(plain(), {"onevsrestclassifier__estimator__C": [1.0]}, cv=2), {"cv": [2]}, cv=2
    ),
    "frozen": lambda: FrozenEstimator(plain().fit(TEXTS, TRUTH)),
    "frozen in pipeline": lambda: make_pipeline(
        TfidfVectorizer().fit(TEXTS), FrozenEstimator(one_vs_rest().fit(TfidfVectorizer().fit_transform(TEXTS), TRUTH))
    ),
    "meta": lambda: Meta(plain()),
    "meta in search": lambda: GridSearchCV(Meta(plain()), {"estimator__memory": [None]}, cv=2, scoring=lambda *_: 1.0),
    "pipelines of texts under one-vs-rest": lambda: one_vs_rest(make_pipeline(TfidfVectorizer(), LinearSVC())),
    "one-vs-rest of searches": lambda: make_pipeline(
        TfidfVectorizer(), one_vs_rest(GridSearchCV(LinearSVC(), {"C": [1.0]}, cv=2))
    ),
}


def fitted(estimator: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(TEXTS, TRUTH)


@pytest.mark.parametrize("name", NESTED)
def test_labels_that_training_says_nothing_of_stand_last(name: str) -> None:
    model = fitted(NESTED[name]())
    victim = SklearnWrapper(model, scores="score")
    margins = model.decision_function(SOME)
    assert (margins[:, NEVER] == 0).all(), "scikit-learn's own margin, above that of labels that are probably wrong"
    dense = victim(SOME)
    learnt = [0, 1, 3]
    np.testing.assert_allclose(dense[:, learnt], margins[:, learnt], atol=1e-5)
    assert (victim.rank(SOME, [NEVER]) == 5).all() and (victim.rank(SOME, [ALWAYS]) == 1).all()
    np.testing.assert_allclose(victim.score(SOME, [NEVER, 3, 0, ALWAYS]), dense[:, [NEVER, 3, 0, ALWAYS]], atol=1e-5)
    assert victim._usable_parts["score"]


@pytest.mark.parametrize("meta", [Shifted, Selecting])
def test_an_estimator_that_changes_what_is_inside_is_asked_itself(meta: Any) -> None:
    model = fitted(meta(plain()))
    victim = SklearnWrapper(model)
    margins = model.decision_function(SOME)
    np.testing.assert_allclose(victim(SOME)[:, [0, 1, 3]], margins[:, [0, 1, 3]], atol=1e-5)
    np.testing.assert_allclose(victim.score(SOME, [3, 0]), margins[:, [3, 0]], atol=1e-5)
    assert (victim.rank(SOME, [NEVER]) == 5).all()


PROBABLE: dict[str, Callable[[], Any]] = {
    "one-vs-rest": lambda: make_pipeline(TfidfVectorizer(), one_vs_rest(LogisticRegression())),
    "calibrated": lambda: make_pipeline(TfidfVectorizer(), one_vs_rest(CalibratedClassifierCV(LinearSVC(), cv=2))),
    "bayes": lambda: make_pipeline(CountVectorizer(), one_vs_rest(MultinomialNB())),
    "forest": lambda: make_pipeline(CountVectorizer(), forest()),
    "neighbours": lambda: make_pipeline(TfidfVectorizer(), KNeighborsClassifier(3)),
    "outputs": lambda: make_pipeline(
        CountVectorizer(), MultiOutputClassifier(RandomForestClassifier(3, random_state=0))
    ),
    "search over a forest": lambda: GridSearchCV(
        make_pipeline(CountVectorizer(), forest()),
        {"countvectorizer__binary": [True]},
        cv=2,
    ),
    "frozen outputs": lambda: FrozenEstimator(
        make_pipeline(CountVectorizer(), MultiOutputClassifier(MultinomialNB())).fit(TEXTS, TRUTH)
    ),
}


@pytest.mark.parametrize("name", PROBABLE)
def test_probabilities(name: str) -> None:
    model = fitted(PROBABLE[name]())
    victim = SklearnWrapper(model)
    dense = victim(SOME)
    assert victim.score_kind == "probability" and dense.shape == (len(SOME), 5)
    assert (dense[:, NEVER] == 0).all() and (dense[:, ALWAYS] == 1).all()
    truth = TRUTH[: len(SOME)][:, [0, 1, 3]]
    assert ((dense[:, [0, 1, 3]] > 0.5) == truth).mean() > 0.7
    np.testing.assert_allclose(victim.score(SOME, [3, NEVER, 0]), dense[:, [3, NEVER, 0]], atol=1e-6)
    probabilities = model.predict_proba(SOME)
    if isinstance(probabilities, np.ndarray):
        np.testing.assert_allclose(dense, probabilities, atol=1e-6)


class Doubling(BaseEstimator):  # type: ignore[misc]
    """A step that resamples, as imbalanced-learn has them: for training only."""

    def fit(self, features: Any, truth: Any = None) -> Doubling:
        return self

    def fit_resample(self, features: Any, truth: Any) -> Any:
        return features, truth


class ResamplingPipeline(Pipeline):  # type: ignore[misc]
    """As imbalanced-learn's pipeline: steps that resample are left out where it predicts."""

    def fit(self, texts: Any, truth: Any) -> ResamplingPipeline:
        features = texts
        for _, step in self.steps[:-1]:
            if not hasattr(step, "fit_resample"):
                features = step.fit_transform(features, truth)
        self.steps[-1][1].fit(features, truth)
        return self

    def decision_function(self, texts: Any) -> Any:
        features = texts
        for _, step in self.steps[:-1]:
            if not hasattr(step, "fit_resample"):
                features = step.transform(features)
        return self.steps[-1][1].decision_function(features)


def test_steps_that_resample() -> None:
    steps = [("words", TfidfVectorizer()), ("more", Doubling()), ("ovr", one_vs_rest())]
    victim = SklearnWrapper(ResamplingPipeline(steps).fit(TEXTS, TRUTH), scores="score")
    expected = SklearnWrapper(fitted(plain()), scores="score")
    np.testing.assert_allclose(victim(SOME), expected(SOME), atol=1e-5)
    np.testing.assert_allclose(victim.score(SOME, [3, NEVER]), expected.score(SOME, [3, NEVER]), atol=1e-5)


def test_the_pipeline_of_imbalanced_learn() -> None:
    imblearn = pytest.importorskip("imblearn", reason="needs imbalanced-learn")
    steps = (TfidfVectorizer(), imblearn.over_sampling.RandomOverSampler(random_state=0), LogisticRegression())
    names = ["water" if "water" in text else "ball" if "ball" in text else "other" for text in TEXTS]
    model = imblearn.pipeline.make_pipeline(*steps).fit(TEXTS, names)
    victim = SklearnWrapper(model)
    np.testing.assert_allclose(victim.score(SOME, [2, 0]), model.predict_proba(SOME)[:, [2, 0]], atol=1e-6)


@pytest.mark.parametrize("classifier", [MultiOutputClassifier(LogisticRegression()), forest(), KNeighborsClassifier(2)])
@pytest.mark.parametrize("values", [("no", "yes"), ("0", "1"), (1, 2), (0, 2)])
def test_outputs_that_do_not_say_which_class_is_the_label(classifier: Any, values: tuple[Any, Any]) -> None:
    truth = np.where(TRUTH[:, [0, 1]] == 1, values[1], values[0])
    fitted = make_pipeline(TfidfVectorizer(), clone(classifier)).fit(TEXTS, truth)
    with pytest.raises(InputError, match=rf"an output has the classes '?{values[0]}'?, .*, expected 0 and 1; fit it"):
        SklearnWrapper(fitted)


@pytest.mark.parametrize("values", [(0, 1), (False, True), (-1, 1)])
def test_outputs_of_two_values_that_say_it(values: tuple[Any, Any]) -> None:
    some = TRUTH[:, [0, 1]]
    model = make_pipeline(TfidfVectorizer(), MultiOutputClassifier(LogisticRegression()))
    expected = SklearnWrapper(clone(model).fit(TEXTS, some)).score(SOME, [0, 1])
    scores = SklearnWrapper(clone(model).fit(TEXTS, np.where(some == 1, values[1], values[0]))).score(SOME, [0, 1])
    assert np.allclose(scores, expected)


@pytest.mark.parametrize(
    "classifier", [LogisticRegression(), one_vs_rest(LogisticRegression()), LinearSVC(), one_vs_rest(), forest()]
)
def test_one_label(classifier: Any) -> None:
    egg = TRUTH[:, 0]
    fitted = make_pipeline(TfidfVectorizer(), clone(classifier)).fit(TEXTS, egg)
    for kind in SklearnWrapper(fitted).score_kinds:
        both = SklearnWrapper(fitted, kind)
        assert both.top_k(TEXTS, 1)[0].ravel().tolist() == egg.tolist()
        one = SklearnWrapper(fitted, kind, label_names=["egg"])
        assert np.array_equal(one.score(TEXTS, [0]), both.score(TEXTS, [1])) and one(TEXTS[:2]).shape == (2, 1)
        assert (one.score(TEXTS, [0])[egg == 1].min() > one.score(TEXTS, [0])[egg == 0].max()).all()


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c", "d", "e", "f"]])
def test_names_for_another_number_of_labels(names: list[str]) -> None:
    with pytest.raises(InputError, match=f"label_names has {len(names)} names, and Pipeline answers for 5 labels"):
        SklearnWrapper(plain().fit(TEXTS, TRUTH), label_names=names)


@pytest.mark.parametrize(
    "model",
    [
        plain(),
        GridSearchCV(plain(), {}),
        make_pipeline(TfidfVectorizer(), one_vs_rest().fit(np.eye(5), np.eye(5, dtype=int))),
        LogisticRegression(),
        FrozenEstimator(plain()),
        Meta(plain()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_is_not_fitted(model: Any) -> None:
    with pytest.raises(InputError, match=rf"{type(model).__name__} is not fitted .*; fit it, or load the fitted one"):
        SklearnWrapper(model)


def test_what_takes_no_texts() -> None:
    features = TfidfVectorizer().fit_transform(TEXTS)
    with pytest.raises(InputError, match=r"OneVsRestClassifier cannot score a text .*begins with its vectoriser"):
        SklearnWrapper(one_vs_rest().fit(features, TRUTH))


def test_what_gives_no_scores() -> None:
    for model in (make_pipeline(TfidfVectorizer(), LinearRegression()).fit(TEXTS, TRUTH), CountVectorizer().fit(TEXTS)):
        with pytest.raises(InputError, match="gives neither probabilities nor margins"):
            SklearnWrapper(model)
    with pytest.raises(InputError, match=r"Pipeline cannot give scores='probability'; it gives score"):
        SklearnWrapper(fitted(plain()), scores="probability")
    with pytest.raises(InputError, match=r"Pipeline cannot give scores='logit'"):
        SklearnWrapper(fitted(plain()), scores="logit")
    with pytest.raises(InputError, match=r"unknown scores='proba'; .*did you mean 'probability'"):
        SklearnWrapper(fitted(plain()), scores="proba")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("classes", "names"),
    [(["cats", "dogs", "eels"], ["cats", "dogs", "eels"]), ([3, 7, 9], ["3", "7", "9"]), ([0, 1, 2], None)],
)
def test_what_classes_are_called(classes: list[Any], names: list[str] | None) -> None:
    model = GridSearchCV(make_pipeline(CountVectorizer(), LogisticRegression()), {}, cv=2)
    model.fit(TEXTS, [classes[position % 3] for position in range(len(TEXTS))])
    victim = SklearnWrapper(model)
    victim(SOME)
    assert victim.labels.names == names and victim.labels.size == 3
