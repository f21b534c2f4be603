"""The label names of an official checkpoint: from plain text, or from the label binarizer of scikit-learn."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from textattack_xmtc.datasets.label_names import LabelNames, names_file_in
from textattack_xmtc.errors import DataError, ModelFolderError
from textattack_xmtc.models.importers.checkpoints import not_trusted, trusted

BINARIZER = "labels_binarizer"
_PLAIN = (".txt", ".json", ".gz")
SORTED_LABELS = "tr -s '[:space:]' '\\n' < train_labels.txt | grep . | LC_ALL=C sort -u"
"""Writes the label names of official data in the order of a binarizer, which knows those of the training texts."""

_INSTEAD = (
    "give the label names as text with --labels, one a line by index "
    f"(those of a binarizer of the authors' come from `{SORTED_LABELS} > labels.txt`)"
)


def read_label_names(given: Path | None, beside: Path, trust: bool = False) -> Sequence[str]:
    """The label names by index, of the file `given`, or else of one in the folder `beside`.

    That is `labels.txt`, another of `label_names.NAME_FILES`, or `labels_binarizer`.

    Raises:
        ModelFolderError: there is no such file, it holds no list of names, or a binarizer, a pickle, is not trusted.
    """
    binarizer = beside / BINARIZER
    file = given or names_file_in(beside) or (binarizer if binarizer.is_file() else None)
    if file is None:
        raise ModelFolderError(f"there are no label names in {str(beside)!r}", _INSTEAD)
    if not file.is_file():
        raise ModelFolderError(f"there is no file {str(file)!r} with label names", "check the path")
    names = _plain(file) if file.suffix in _PLAIN else _of_binarizer(file, trust)
    if not names:
        raise ModelFolderError(f"{str(file)!r} holds no label names", _INSTEAD)
    return names


def _plain(file: Path) -> Sequence[str]:
    try:
        names = LabelNames.read(file).by_index
    except DataError as error:
        raise ModelFolderError(error.problem, error.fix) from error
    if names is None:
        raise ModelFolderError(
            f"{str(file)!r} translates label names, but does not say which index a label has", _INSTEAD
        )
    return names


def _of_binarizer(file: Path, trust: bool) -> Sequence[str]:
    if not trust:
        raise not_trusted(file, "a label binarizer, which joblib keeps as Python objects", _INSTEAD)
    import joblib  # type: ignore[import-untyped]
    from sklearn.preprocessing import MultiLabelBinarizer

    # scikit-learn 0.20, which the authors used, had the class in a module of another name.
    sys.modules.setdefault("sklearn.preprocessing.label", sys.modules[MultiLabelBinarizer.__module__])
    loaded = trusted(file, lambda: joblib.load(file))
    classes = getattr(loaded, "classes_", None)
    if classes is None:
        raise ModelFolderError(f"{str(file)!r} holds a {type(loaded).__name__}, not a label binarizer", _INSTEAD)
    return [str(name) for name in classes]
