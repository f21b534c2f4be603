"""What a user says about an official checkpoint, beside where it is; and the configuration files that come with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr  # of a few lines of YAML that stand for millions of values, `repr` would never end
from typing import Any

import yaml  # type: ignore[import-untyped]

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.options import option


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import; an option that is None is looked for beside it or follows from it.

    Attributes:
        labels: a file with the label names, by index: one a line, a JSON list, or a joblib label binarizer.
        vocabulary: AttentionXML: `vocab.npy`.
        configurations: AttentionXML: the YAML files of the model and of its data, or one of them.
        max_length: words (AttentionXML) or sub-words (APLC-XLNet) that are read of a text; the authors' by default.
        beam: AttentionXML as label tree: groups of a level whose children are scored.
        trust: files that hold Python objects may be read, which can run code.

    Raises:
        InputError: `max_length` is below 1.
    """

    labels: Path | None = option(None, "label names, one a line by index; by default beside the checkpoint")
    vocabulary: Path | None = option(None, "AttentionXML: vocab.npy; by default beside the checkpoint")
    configurations: tuple[Path, ...] = option(
        (),
        "AttentionXML: the YAML file of the model or of its data, to be held against the weights; can be repeated",
        flags=("--config",),
    )
    max_length: int | None = option(None, "words or sub-words read of a text; by default 500 or 512")
    beam: int | None = option(None, "AttentionXML with a tree: groups of a level whose children are scored")
    trust: bool = option(False, "read Python objects too, which can run any code that the maker of a file put there")

    def __post_init__(self) -> None:
        if self.max_length is not None and self.max_length < 1:
            raise InputError(f"max_length={self.max_length} leaves nothing of a text", "choose 1 or more")

    def refuse(self, what: str, *names: str) -> None:
        """See that the options `names` are not given, which `what` has no use for.

        Raises:
            InputError: one is.
        """
        for name in names:
            if getattr(self, name):
                raise InputError(f"{what} has no use for {name}", "leave it out")


def read_settings(files: Iterable[Path]) -> dict[str, Any]:
    """The settings in official YAML files, of later files last; what is nested in `model` is at the top here.

    `labels_binarizer` and `emb_init` become paths to files, where these are found: paths in these files start from
    the folder that the training was run in, which is looked for around the YAML file.

    Raises:
        ModelFolderError: a file is missing or not YAML with settings.
    """
    settings: dict[str, Any] = {}
    for file in files:
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except Exception as error:  # besides its own errors, PyYAML raises those of what it builds the values with
            reason = " ".join(str(error).split())
            raise ModelFolderError(f"{str(file)!r} cannot be read as YAML ({reason})", "check the path") from error
        if not isinstance(content, dict):
            raise ModelFolderError(
                f"{str(file)!r} holds a {type(content).__name__}, not settings",
                "give the YAML of the model or its data",
            )
        for part in ("model", "embedding"):
            inner = content.pop(part, None)
            content |= inner if isinstance(inner, dict) else {}
        for name in ("labels_binarizer", "emb_init"):
            if name in content:
                content[name] = _around(file, content[name])
        settings |= content
    return settings


def sizes_of(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the settings `names` that are there: whole numbers from 1, and of them a list in `linear_size`.

    Raises:
        ModelFolderError: one is something else.
    """
    values = _given(settings, names)
    for name, value in values.items():
        numbers = [value] if name != "linear_size" else value if isinstance(value, list) else [None]
        if any(type(number) is not int or number < 1 for number in numbers):
            raise ModelFolderError(f"{name} is {repr(value)} in the configuration, not a size", "correct the YAML file")
    return values


def shares_of(settings: Mapping[str, Any], *names: str) -> dict[str, float]:
    """Those of the settings `names` that are there: numbers from 0 to below 1.

    Raises:
        ModelFolderError: one is something else.
    """
    values = _given(settings, names)
    for name, value in values.items():
        if not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise ModelFolderError(
                f"{name} is {repr(value)} in the configuration, not a share", "correct the YAML file"
            )
    return {name: float(value) for name, value in values.items()}


def _given(settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: settings[name] for name in names if settings.get(name) is not None}


def _around(file: Path, path: object) -> Path | None:
    """`path`, from the current folder or from one around `file`; None where it is none."""
    if not isinstance(path, str):
        return None
    try:
        return next((start / path for start in (Path(), *file.resolve().parents) if (start / path).exists()), None)
    except (OSError, ValueError):  # longer than a name can be, or with a sign that no name has
        return None
