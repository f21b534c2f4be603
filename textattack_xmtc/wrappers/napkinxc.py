"""napkinXC's probabilistic label trees as victims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from textattack_xmtc.errors import MissingExtraError, ModelFolderError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.vectorized import VectorizedWrapper


class NapkinXCWrapper(VectorizedWrapper):
    """A trained PLT (or another model of napkinXC) with the vectoriser that it was trained on.

    The tree is searched for the `shown` most probable labels, exactly, and a label outside has the probability 0 and
    no rank. A larger `shown` costs more and shows more; with all labels every probability is exact.

    A copy shares the model, and what is pickled is the name of its folder.

    Args:
        folder: where napkinXC put the model.
        vectorizer: has `transform`, from texts to a sparse matrix: the fitted `TfidfVectorizer`, for instance.
        label_names: label names, by the numbers that napkinXC was trained with.
        num_labels: how many labels there are, where they have no names.
        shown: how many labels are looked for (m); all where it is None.
        threads: of napkinXC.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says; any word that the vectoriser does not know is
            a mask.

    Raises:
        MissingExtraError: napkinXC is not installed.
        ModelFolderError: there is no model of napkinXC in the folder.
        InputError: as `ShortlistWrapper`; the vectoriser cannot transform texts.
    """

    def __init__(
        self,
        folder: str | Path,
        vectorizer: Any,
        label_names: LabelNames | None = None,
        *,
        num_labels: int | None = None,
        shown: int | None = 100,
        threads: int = 1,
        **options: Unpack[VictimOptions],
    ) -> None:
        self.threads = threads
        options["name"] = options.get("name") or "napkinXC"
        super().__init__(folder, vectorizer, label_names, num_labels, shown, **options)

    def _best(self, texts: list[str]) -> Any:
        # What float32 adds to a probability of 1 is cut off.
        rows = self._tree.predict_proba(self._features(texts), top_k=self._wanted)
        return [[(label, min(score, 1.0)) for label, score in row] for row in rows]

    def _load(self) -> Any:
        return _loaded(self.folder, self.threads)


def _loaded(folder: Path, threads: int) -> Any:
    try:
        from napkinxc.models import PLT
    except ImportError as error:
        raise MissingExtraError(
            f"napkinXC cannot be imported ({error})", "pip install 'textattack-xmtc[napkinxc]'"
        ) from error
    # Without these files napkinXC ends the whole process.
    for file in ("args.bin", "tree.bin", "weights.bin"):
        if not (folder / file).is_file():
            raise ModelFolderError(f"{folder} holds no {file} and so no tree of napkinXC", "give the folder of a PLT")
    tree = PLT(str(folder), threads=threads, verbose=0)
    tree.load()
    return tree
