"""`load_corpus`: a folder or file in any of the known formats as one `Corpus`, read once and kept as Arrow."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm.auto import tqdm

from textattack_xmtc.cache import cache_folder, cached_folder
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.label_names import NAME_FILES, LabelNames
from textattack_xmtc.datasets.readers.jsonl import JsonLines
from textattack_xmtc.datasets.readers.source import SPLIT_STEMS, Source
from textattack_xmtc.datasets.storage import open_corpus, write_corpus
from textattack_xmtc.errors import DataError, InputError

FORMATS: tuple[type[Source], ...] = (JsonLines,)
"""The formats of files, in the order they are looked for."""

_STORED_VERSION = 1
_log = logging.getLogger(__name__)


def load_corpus(
    path: Path | str,
    *,
    format: str | None = None,
    label_names: Path | str | None = None,
    cache: Path | None = None,
) -> Corpus:
    """A labelled collection from files, whatever its size: texts stay on the disk, memory-mapped.

    The files are read and checked once; what they hold is kept as Arrow below the cache folder, as long as no file
    changes its place, size or time of change.

    Args:
        path: a folder with `train` and `test` files (one of them is enough), or one file, which is the split "train"
            where its name begins so ("train", "trn"), else "test".
        format: the name of the format, for folders that hold several; otherwise it is recognised by file names and
            the first line.
        label_names: a file with label names; by default one of `label_names.NAME_FILES` beside the data, where there
            is one. Without names an integer label is called by its decimal string.
        cache: where to keep the Arrow files; by default below TextAttack's cache folder.

    Raises:
        DataError: nothing readable there, or something in it that is not as it should be: file, line, what was
            expected, what came.
        InputError: no such format.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> file = folder / "train.jsonl"
        >>> _ = file.write_text('{"text": "how to boil an egg", "labels": ["eggs", "boiling"]}')
        >>> corpus = load_corpus(file, cache=folder / "cache")
        >>> corpus.label_names, len(corpus.split("train"))
        (('boiling', 'eggs'), 1)
    """
    path = Path(path).expanduser().absolute()
    sources = _sources(path, format)
    folder = path if path.is_dir() else path.parent
    names_file = Path(label_names).expanduser().absolute() if label_names is not None else _names_file(folder)
    files = [file for source in sources.values() for file in source.files] + ([names_file] if names_file else [])
    name = path.name.split(".")[0] if path.is_file() else path.name
    stored = (cache or cache_folder() / "corpora") / f"{name}-{_key(sources, files)}"

    def build(new: Path) -> None:
        names = LabelNames.read(names_file) if names_file else LabelNames()
        documents = {split: _shown(source.documents(names), split) for split, source in sources.items()}
        write_corpus(new, name, documents, _label_space(sources, names))

    corpus = open_corpus(cached_folder(stored, build, f"an Arrow copy of {path}"))
    for split, found in corpus.findings.items():
        if str(found):
            _log.warning("%s of %s: %s", split, path, found)
    return corpus


def _sources(path: Path, format: str | None) -> dict[str, Source]:
    """Which source gives which split of `path`."""
    kinds = [kind for kind in FORMATS if format in (None, kind.format)]
    known = ", ".join(kind.format for kind in FORMATS)
    if not kinds:
        raise InputError(f"there is no data format {format!r}", f"choose one of {known}")
    if path.is_dir():
        return _sources_in_folder(path, kinds)
    if not path.is_file():
        raise DataError(f"{path} is neither a folder nor a file", "check the path")
    found = [source for kind in kinds if (source := kind.from_file(path)) is not None]
    if not found:
        raise DataError(
            f"{path}: expected a file in one of the formats {known}, got something else",
            "see the documentation of textattack_xmtc.datasets.readers for what each looks like",
        )
    return {"train" if _is_train(path) else "test": found[0]}


def _sources_in_folder(folder: Path, kinds: Sequence[type[Source]]) -> dict[str, Source]:
    sources = {}
    for split in SPLIT_STEMS:
        found = [source for kind in kinds if (source := kind.in_folder(folder, split)) is not None]
        if len(found) > 1:
            listed = "; ".join(f"{source.format}: {', '.join(file.name for file in source.files)}" for source in found)
            raise DataError(
                f"{folder} holds the split {split!r} in several formats ({listed})",
                f"say which one is meant with format={found[0].format!r}",
            )
        if found:
            sources[split] = found[0]
    if not sources:
        present = sorted(entry.name for entry in folder.iterdir())
        raise DataError(
            f"{folder}: expected `train` and `test` files in one of the formats "
            f"{', '.join(kind.format for kind in kinds)}, got {', '.join(present[:10]) or 'an empty folder'}",
            "give the folder that holds the files, or one file",
        )
    return sources


def _is_train(path: Path) -> bool:
    words = path.name.lower().replace("-", ".").replace("_", ".").split(".")
    return any(word in SPLIT_STEMS["train"] for word in words)


def _names_file(folder: Path) -> Path | None:
    return next((folder / name for name in NAME_FILES if (folder / name).is_file()), None)


def _label_space(sources: dict[str, Source], names: LabelNames) -> Sequence[str]:
    """The labels that exist whether they occur or not: the listed names, or as many as the files state."""
    stated = {source.n_labels() for source in sources.values()} - {None}
    if names.by_index is not None:
        stated.add(len(names.by_index))
    if len(stated) > 1:
        counts = ", ".join(f"{file}: {source.n_labels()}" for source in sources.values() for file in source.files[-1:])
        raise DataError(
            f"the number of labels differs ({counts}; {names.source}: {len(names.by_index or ())})",
            "put files together that belong together",
        )
    if names.by_index is not None:
        return names.by_index
    return [names.name_of(label) or "" for label in range(stated.pop() or 0)] if stated else ()


def _key(sources: dict[str, Source], files: Iterable[Path]) -> str:
    """What tells one reading of these files from another, as a short hexadecimal number."""
    facts = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    formats = [[split, source.format] for split, source in sources.items()]
    return hashlib.sha256(json.dumps([_STORED_VERSION, formats, facts]).encode()).hexdigest()[:16]


def _shown(documents: Iterator[Document], split: str) -> Iterator[Document]:
    """The same documents, with a progress bar once it takes long."""
    return iter(tqdm(documents, desc=f"reading {split}", unit=" texts", delay=3, mininterval=1, leave=False))
