"""scikit-learn estimators as victims: pipelines, searches and what is around them, however they are nested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.scores import ScoreKind, check_score_kind
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper

_FAR = 1e6
_BOTH = np.array([0, 1])
_METHODS: dict[ScoreKind, str] = {"probability": "predict_proba", "score": "decision_function"}
_INSIDE = ("best_estimator_", "estimator_", "classifier_", "estimator")
"""Where a search, a meta-estimator and a FrozenEstimator keep what they have fitted."""
_PROBES = ["", "the a of and in to is"]
_PROBED_LABELS = 32
_PROBED_WORDS = 20


class SklearnWrapper(XMTCModelWrapper):
    """A fitted estimator that takes raw texts, usually a `Pipeline` of a vectoriser and a multilabel classifier.

    The estimator is asked by its own `predict_proba` or `decision_function`. Where it ends in a `OneVsRestClassifier`
    or a `MultiOutputClassifier`, alone or inside pipelines, searches and meta-estimators, only the classifiers of the
    labels that are asked for are run, as long as they answer as the whole estimator does.

    `OneVsRestClassifier.decision_function` answers 0 for a label that was on no training text (and 1 for one that was
    on all): that lies above every label that is probably wrong, and would put labels that nothing is known of among
    the best. Here they stand last, at -1e6 (and first, at 1e6).

    A classifier of two classes has two labels, its classes; or one, the second class, where `label_names` has one name.
    Where each label has an output of its own, this must tell 1 (or True) from 0 (or -1, or False).

    Args:
        model: has `predict_proba` or `decision_function`.
        scores: "probability" asks `predict_proba`, "score" asks `decision_function`; None takes the
            first of them that the estimator has.
        label_names: label names by index; the estimator's `classes_` where it is None and they are names.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says; any word that is in no vocabulary is a mask.

    Raises:
        InputError: the estimator has neither method, or not the one that `scores` needs; it is not fitted; it does
            not take texts; there are more or fewer names than labels; an output has other classes than 0 and 1.
    """

    def __init__(
        self,
        model: Any,
        scores: ScoreKind | None = None,
        label_names: LabelNames | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        _check_fitted(model)
        options.setdefault("batch_size", 256)
        usable = [kind for kind, method in _METHODS.items() if hasattr(model, method)]
        if scores is not None:
            check_score_kind(scores)
        if not usable:
            raise InputError(
                f"{type(model).__name__} gives neither probabilities nor margins",
                "give a fitted estimator with predict_proba or decision_function",
            )
        super().__init__(
            model,
            score_kind=scores or usable[0],
            score_kinds=usable,
            label_names=_class_names(model) if label_names is None else label_names,
            **options,
        )
        self._parts = _parts_of(model)
        self._constants = _constants(self._parts)
        self._usable_parts: dict[ScoreKind, bool] = {}
        if self.labels.size is None and self._parts is not None:
            self.labels.size = len(self._parts.classifiers)
        self._check_answers()

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        parts = self._parts
        if parts is None or not self._usable_parts.get(self.score_kind):
            return super()._score(texts, labels)
        return self._in_batches(texts, lambda batch: self._as_array(self._columns(parts, batch, labels)))

    def _columns(self, parts: _Parts, texts: Sequence[str], labels: Sequence[int]) -> np.ndarray:
        features: Any = list(texts)
        for step in parts.steps:
            features = step.transform(features)
        return np.stack([self._column(parts.classifiers[label], features) for label in labels], axis=1)

    def _column(self, classifier: Any, features: Any) -> np.ndarray:
        if self.score_kind == "score":
            margins = np.ravel(classifier.decision_function(features))
            return margins if (margin := _margin_of_constant(classifier)) is None else np.full_like(margins, margin)
        return _probability_of_one(classifier.predict_proba(features), getattr(classifier, "classes_", _BOTH))

    def _dense(self, texts: Sequence[str]) -> Any:
        if self.score_kind == "score":
            margins = np.array(self.model.decision_function(list(texts)))
            if margins.ndim == 1:  # two classes, and the margin of the second one
                return self._of_two_classes(np.stack([-margins, margins], axis=1))
            for label, margin in self._constants.items():
                margins[:, label] = margin
            return margins
        answer = self.model.predict_proba(list(texts))
        if not isinstance(answer, list):
            return self._of_two_classes(np.asarray(answer))
        # Classifiers with many outputs give one (texts, classes) array a label instead of one column a label.
        classes = self._classes_of_outputs(len(answer))
        return np.stack([_probability_of_one(*pair) for pair in zip(answer, classes, strict=True)], axis=1)

    def _of_two_classes(self, scores: np.ndarray) -> np.ndarray:
        """Only the second of two classes where the victim has one label; other scores as they are."""
        return scores[:, 1:] if self.labels.size == 1 and scores.ndim == 2 and scores.shape[1] == 2 else scores

    def _classes_of_outputs(self, outputs: int) -> Sequence[Any]:
        """The classes of each output; estimators around an estimator may not have them."""
        part = self.model
        while part is not None:
            classes = getattr(part, "classes_", None)
            if isinstance(classes, (list, tuple)) and len(classes) == outputs:
                return classes
            part = part.steps[-1][1] if hasattr(part, "steps") else _inside(part)
        return [_BOTH] * outputs

    def _check_answers(self) -> None:
        """Ask about a few words: whether the estimator is fitted and takes texts, and whether its parts answer alike.

        Raises:
            InputError: it does not answer, or for another number of labels than there are names.
        """
        from sklearn.exceptions import NotFittedError

        words = [*_PROBES, " ".join(_known_words(self._parts))]
        for kind in self.score_kinds:
            self_of_kind = self.with_score_kind(kind)
            try:
                whole = np.asarray(self_of_kind._dense(words))
            except NotFittedError as error:
                raise _not_fitted(self.name, error) from error
            except InputError:
                raise
            except (ValueError, TypeError, AttributeError) as error:
                if kind != self.score_kind:
                    continue
                raise InputError(
                    f"{self.name} cannot score a text ({type(error).__name__}: {str(error).splitlines()[0]})",
                    "give a fitted pipeline that begins with its vectoriser",
                ) from error
            if self.labels.names is not None and whole.ndim == 2 and whole.shape[1] != len(self.labels.names):
                raise InputError(
                    f"label_names has {len(self.labels.names):,} names, and {self.name} answers for "
                    f"{whole.shape[1]:,} labels",
                    "give a name for each of its labels, in the order of its outputs",
                )
            self._usable_parts[kind] = self._parts is not None and self_of_kind._agrees(self._parts, words, whole)

    def _agrees(self, parts: _Parts, texts: list[str], whole: np.ndarray) -> bool:
        """Whether the classifiers of the labels, asked one by one, give the columns of the whole answer."""
        if whole.shape != (len(texts), len(parts.classifiers)):
            return False
        labels = np.unique(np.linspace(0, whole.shape[1] - 1, _PROBED_LABELS).astype(int)).tolist()
        try:
            columns = self._columns(parts, texts, labels)
        except (ValueError, TypeError, AttributeError):
            return False
        return columns.shape == whole[:, labels].shape and np.allclose(columns, whole[:, labels], rtol=1e-5, atol=1e-6)


@dataclass(frozen=True)
class _Parts:
    """What makes features of texts, one after the other, and then one classifier a label."""

    steps: list[Any]
    classifiers: Sequence[Any]


def _parts_of(model: Any) -> _Parts | None:
    """The parts of an estimator, however it is nested; None where it does not end in one classifier a label."""
    steps: list[Any] = []
    part = model
    while part is not None:
        if hasattr(part, "steps"):
            *before, (_, last) = part.steps
            # Steps that resample (imbalanced-learn) are for training only.
            usable = [step for _, step in before if step not in (None, "passthrough")]
            steps += [step for step in usable if hasattr(step, "transform") or not hasattr(step, "fit_resample")]
            part = last
        elif getattr(part, "multilabel_", False) or type(part).__name__ == "MultiOutputClassifier":
            classifiers = getattr(part, "estimators_", None)
            return None if classifiers is None else _Parts(steps, classifiers)
        else:
            part = _inside(part)
    return None


def _inside(estimator: Any) -> Any | None:
    """What an estimator around another one asks; None where it is around none."""
    parts = (getattr(estimator, name, None) for name in _INSIDE)
    return next((part for part in parts if any(hasattr(part, method) for method in _METHODS.values())), None)


def _constants(parts: _Parts | None) -> dict[int, float]:
    """What stands for the margins of labels that were on no training text, or on all, by label."""
    classifiers = [] if parts is None else parts.classifiers
    margins = {label: _margin_of_constant(classifier) for label, classifier in enumerate(classifiers)}
    return {label: margin for label, margin in margins.items() if margin is not None}


def _margin_of_constant(classifier: Any) -> float | None:
    """What stands for the margin where all training texts were alike; None for a classifier that learnt something."""
    if type(classifier).__name__ != "_ConstantPredictor":
        return None
    return _FAR if classifier.y_[0] == 1 else -_FAR


def _probability_of_one(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The column of class 1; zeros where the label was on no text of the training set.

    Raises:
        InputError: the classes are not 0 and 1: nothing says which of them means that the label is there.
    """
    if not {value.item() if hasattr(value, "item") else value for value in classes} <= {-1, 0, 1}:
        raise InputError(
            f"an output has the classes {', '.join(map(repr, np.asarray(classes).tolist()[:4]))}, expected 0 and 1",
            "fit it with a matrix of 0 and 1, a column for each label (sklearn.preprocessing.MultiLabelBinarizer)",
        )
    places = np.flatnonzero(np.asarray(classes) == 1)
    column: np.ndarray = probabilities[:, places[0]] if len(places) else np.zeros(len(probabilities))
    return column


def _class_names(model: Any) -> list[str] | None:
    """The classes of a classifier as label names; None where they number the outputs from 0."""
    classes = getattr(model, "classes_", None)
    if classes is None or isinstance(classes, list) or np.ndim(classes) != 1 or not len(classes):
        return None
    if list(classes) == list(range(len(classes))):
        return None
    return [str(name) for name in classes]


def _known_words(parts: _Parts | None) -> list[str]:
    """A few words that the vectoriser knows."""
    for step in parts.steps if parts is not None else []:
        vocabulary = getattr(step, "vocabulary_", None)
        if vocabulary:
            return [str(word) for word in list(vocabulary)[:: max(1, len(vocabulary) // _PROBED_WORDS)]]
    return []


def _check_fitted(model: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise _not_fitted(type(model).__name__, error) from error
    except TypeError:
        pass  # a class of one's own that follows no rules of scikit-learn: it is asked


def _not_fitted(name: str, error: Exception) -> InputError:
    return InputError(f"{name} is not fitted ({str(error).splitlines()[0]})", "fit it, or load the fitted one")
