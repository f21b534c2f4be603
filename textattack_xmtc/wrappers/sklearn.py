"""scikit-learn pipelines as victims: one-vs-rest and multi-output classifiers over a vectoriser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import XMTCModelWrapper

_FAR = 1e6
_BOTH = np.array([0, 1])


class SklearnWrapper(XMTCModelWrapper):
    """A fitted estimator that takes raw texts, usually a `Pipeline` of a vectoriser and a multilabel classifier.

    Where the pipeline ends in a `OneVsRestClassifier` or a `MultiOutputClassifier`, only the classifiers of the labels
    that are asked for are run.

    `OneVsRestClassifier.decision_function` answers 0 for a label that was on no training text (and 1 for one that was
    on all): that lies above every label that is probably wrong, and would put labels that nothing is known of among
    the best. Here they stand last, at -1e6 (and first, at 1e6).

    Args:
        model: has `predict_proba` or `decision_function`.
        scores: "probability" asks `predict_proba`, "score" asks `decision_function`; None takes the
            first of them that the estimator has.
        label_names: label names by index; the estimator's `classes_` where it is None and they are names.
        mask: the word that hides another one; a word that is in no vocabulary does.
        batch_size: how many texts go into one call.

    Raises:
        InputError: the estimator has neither method, or not the one that `scores` needs.
    """

    def __init__(
        self,
        model: Any,
        scores: ScoreKind | None = None,
        label_names: Sequence[str] | None = None,
        mask: str = "[MASK]",
        batch_size: int = 256,
    ) -> None:
        methods = {"probability": "predict_proba", "score": "decision_function"}
        usable = [kind for kind, method in methods.items() if hasattr(model, method)]
        if not usable or (scores is not None and scores not in usable):
            raise InputError(
                f"{type(model).__name__} cannot give scores of kind {scores or 'probability or score'!r}",
                f"it gives {' or '.join(usable)}" if usable else "fit an estimator with predict_proba",
            )
        classes = getattr(model, "classes_", None)
        if label_names is None and classes is not None and len(classes) and isinstance(classes[0], str):
            label_names = [str(label) for label in classes]
        kind: ScoreKind = scores or ("probability" if "probability" in usable else "score")
        super().__init__(
            model,
            name=type(model).__name__,
            score_kind=kind,
            label_names=label_names,
            mask=mask,
            batch_size=batch_size,
        )
        self._kinds = tuple(usable)
        if self.labels.size is None and (classifiers := self._classifiers()) is not None:
            self.labels.size = len(classifiers)

    def _score_kinds(self) -> tuple[ScoreKind, ...]:
        return self._kinds  # type: ignore[return-value]

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        classifiers = self._classifiers()
        if classifiers is None:
            return super()._score(texts, labels)

        def columns(batch: Sequence[str]) -> np.ndarray:
            features = list(batch)
            for _, step in self.model.steps[:-1]:
                features = features if step in (None, "passthrough") else step.transform(features)
            return self._as_array(np.stack([self._column(classifiers[label], features) for label in labels], axis=1))

        return self._in_batches(texts, columns)

    def _classifiers(self) -> Sequence[Any] | None:
        """One classifier a label, at the end of a pipeline; None where the model is something else."""
        last = self.model.steps[-1][1] if hasattr(self.model, "steps") else None
        kinds = {"OneVsRestClassifier": "multilabel_", "MultiOutputClassifier": "estimators_"}
        if last is None or not getattr(last, kinds.get(type(last).__name__, ""), False):
            return None
        found: Sequence[Any] = last.estimators_
        return found

    def _column(self, classifier: Any, features: Any) -> np.ndarray:
        if self.score_kind == "score":
            margins = np.ravel(classifier.decision_function(features))
            return margins if (margin := _margin_of_constant(classifier)) is None else np.full_like(margins, margin)
        return _probability_of_one(classifier.predict_proba(features), getattr(classifier, "classes_", _BOTH))

    def _dense(self, texts: Sequence[str]) -> Any:
        if self.score_kind == "score":
            margins = self.model.decision_function(list(texts))
            for label, classifier in enumerate(self._classifiers() or ()):
                if (margin := _margin_of_constant(classifier)) is not None:
                    margins[:, label] = margin
            return margins
        answer = self.model.predict_proba(list(texts))
        if not isinstance(answer, list):
            return answer
        # Classifiers with many outputs give one (texts, classes) array a label instead of one column a label.
        columns = [_probability_of_one(*pair) for pair in zip(answer, self.model.classes_, strict=True)]
        return np.stack(columns, axis=1)


def _margin_of_constant(classifier: Any) -> float | None:
    """What stands for the margin where all training texts were alike; None for a classifier that learnt something."""
    if type(classifier).__name__ != "_ConstantPredictor":
        return None
    return _FAR if classifier.y_[0] == 1 else -_FAR


def _probability_of_one(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The column of class 1; zeros where the label was on no text of the training set."""
    found = np.flatnonzero(np.asarray(classes) == 1)
    column: np.ndarray = probabilities[:, found[0]] if len(found) else np.zeros(len(probabilities))
    return column
