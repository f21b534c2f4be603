"""Omikuji's label trees (Parabel, Bonsai, AttentionXML's shape) as victims."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.scores import check_count
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.vectorized import VectorizedWrapper


class OmikujiWrapper(VectorizedWrapper):
    """A trained forest of Omikuji with the vectoriser that it was trained on.

    Each tree is searched with a beam; a label that the beam does not reach, or that is not among the `shown` best, has
    the probability 0 and no rank.

    Args:
        folder: where Omikuji put the model.
        vectorizer: has `transform`, from texts to a sparse matrix with the columns of the training data.
        label_names: label names, by the numbers that Omikuji was trained with.
        num_labels: how many labels there are, where they have no names.
        shown: how many labels are looked for (m); all where it is None.
        beam: how many nodes of a level are followed.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says; any word that the vectoriser does not know is
            a mask.

    Raises:
        MissingExtraError: Omikuji is not installed.
        ModelFolderError: there is no model of Omikuji in the folder, or one of its trees is missing.
        InputError: as `VectorizedWrapper`; when it is asked: a vectoriser of another number of features.
    """

    def __init__(
        self,
        folder: str | Path,
        vectorizer: Any,
        label_names: LabelNames | None = None,
        *,
        num_labels: int | None = None,
        shown: int | None = 100,
        beam: int = 10,
        **options: Unpack[VictimOptions],
    ) -> None:
        self.beam = check_count("beam", beam)
        options["name"] = options.get("name") or "Omikuji"
        super().__init__(folder, vectorizer, label_names, num_labels, shown, **options)

    def _best(self, texts: list[str]) -> Any:
        features = self._features(texts)
        if features.shape[1] != self._tree.n_features:  # Omikuji ends the whole process at a feature too many
            raise InputError(
                f"the vectoriser makes {features.shape[1]:,} features, and the model has {self._tree.n_features:,}",
                "give the vectoriser that it was trained on",
            )
        ends = features.indptr
        pairs = list(zip(features.indices.tolist(), features.data.tolist(), strict=True))
        return [
            self._tree.predict(pairs[start:end], beam_size=self.beam, top_k=self._wanted)
            for start, end in pairwise(ends.tolist())
        ]

    def _load(self) -> Any:
        try:
            import omikuji
        except ImportError as error:
            raise MissingExtraError(
                f"Omikuji cannot be imported ({error})", "pip install 'textattack-xmtc[omikuji]'"
            ) from error
        trees = {path.name for path in self.folder.glob("tree*.cbor")}
        # Omikuji itself answers without trees that are missing.
        if not trees or trees != {f"tree{number}.cbor" for number in range(len(trees))}:
            raise ModelFolderError(f"{self.folder} does not hold all trees of Omikuji", "give the folder of a model")
        try:
            return omikuji.Model.load(str(self.folder))
        except RuntimeError as error:
            raise ModelFolderError(f"{self.folder} is not a model of Omikuji ({error})", "copy it again") from None
