"""napkinXC's probabilistic label trees as victims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper


class NapkinXCWrapper(ShortlistWrapper):
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
        if not hasattr(vectorizer, "transform"):
            raise InputError(
                f"a {type(vectorizer).__name__} does not turn texts into features", "give the fitted vectoriser"
            )
        options["name"] = options.get("name") or "napkinXC"
        options.setdefault("batch_size", 256)
        super().__init__(None, "probability", label_names, num_labels=num_labels, shown=shown, **options)
        self.folder, self.vectorizer, self.threads = Path(folder), vectorizer, threads
        self._tree = _loaded(self.folder, threads)

    def _best(self, texts: list[str]) -> Any:
        import numpy as np

        features = self.vectorizer.transform(texts).tocsr().astype(np.float32)
        features.sort_indices()
        wanted = min(self.shown or self.labels.size or 1, self.labels.size or 1)
        # What float32 adds to a probability of 1 is cut off.
        rows = self._tree.predict_proba(features, top_k=wanted)
        return [[(label, min(score, 1.0)) for label, score in row] for row in rows]

    def __deepcopy__(self, memo: dict[int, Any]) -> NapkinXCWrapper:
        return self  # asking changes nothing

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_tree"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._tree = _loaded(self.folder, self.threads)


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
