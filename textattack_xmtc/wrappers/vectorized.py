"""What victims have in common that are a folder of a tree library and the vectoriser that it was trained on."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Self, Unpack

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper


class VectorizedWrapper(ShortlistWrapper):
    """A model over sparse features that shows its best labels, with probabilities.

    A label that is not among the `shown` best has the probability 0 and no rank. A copy shares the model, and what is
    pickled is the name of its folder.

    Args:
        vectorizer: has `transform`, from texts to a sparse matrix: the fitted `TfidfVectorizer`, for instance.
        label_names, num_labels, shown, options: as `ShortlistWrapper`.

    Raises:
        InputError: as `ShortlistWrapper`; the vectoriser cannot transform texts.
    """

    def __init__(
        self,
        folder: str | Path,
        vectorizer: Any,
        label_names: LabelNames | None,
        num_labels: int | None,
        shown: int | None,
        **options: Unpack[VictimOptions],
    ) -> None:
        if not hasattr(vectorizer, "transform"):
            raise InputError(
                f"a {type(vectorizer).__name__} does not turn texts into features", "give the fitted vectoriser"
            )
        options.setdefault("batch_size", 256)
        super().__init__(None, "probability", label_names, num_labels=num_labels, shown=shown, **options)
        self.folder, self.vectorizer = Path(folder), vectorizer
        self._tree = self._load()

    @abstractmethod
    def _load(self) -> Any:
        """The model in `folder`."""

    @property
    def _wanted(self) -> int:
        """How many labels the model is asked for."""
        return min(self.shown or self.labels.size or 1, self.labels.size or 1)

    def _features(self, texts: list[str]) -> Any:
        """The texts as a CSR matrix of float32, its column indices in order."""
        features = self.vectorizer.transform(texts).tocsr().astype(np.float32)
        features.sort_indices()
        return features

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # asking changes nothing

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_tree"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._tree = self._load()
