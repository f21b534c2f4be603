"""`load_corpus`: a folder or file in any of the known formats as one `Corpus`, read once and kept as Arrow."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from textattack_xmtc.cache import cache_folder, cached_folder
from textattack_xmtc.datasets.api_docs import NAME as API_DOCS
from textattack_xmtc.datasets.api_docs import load_api_docs
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.label_names import LabelNames, names_file_in
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.annif import AnnifFolder, AnnifTable
from textattack_xmtc.datasets.readers.csv_table import Csv
from textattack_xmtc.datasets.readers.hugging_face import PREFIX, HuggingFace, is_dataset, open_dataset
from textattack_xmtc.datasets.readers.jsonl import JsonLines
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import first_line
from textattack_xmtc.datasets.readers.pecos import Pecos
from textattack_xmtc.datasets.readers.raw_text import RawText
from textattack_xmtc.datasets.readers.source import SPLIT_STEMS, Source
from textattack_xmtc.datasets.readers.xmc_json import XMCJson
from textattack_xmtc.datasets.storage import open_corpus, write_corpus
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.targets import is_number

FORMATS: tuple[type[Source], ...] = (JsonLines, RawText, XMCJson, Pecos, AnnifTable, AnnifFolder, Csv, HuggingFace)
"""The formats that are known."""

_STORED_VERSION = 3
_MOST_LABELS = 10_000_000  # three times the largest published collection: a larger number is a damaged header
_log = logging.getLogger(__name__)


def load_corpus(
    path: Path | str,
    *,
    format: str | None = None,
    label_names: Path | str | None = None,
    cache: Path | None = None,
    **reading: Any,
) -> Corpus:
    """A labelled collection from files, whatever its size: texts stay on the disk, memory-mapped.

    The files are read and checked once; what they hold is kept as Arrow below the cache folder, as long as no file
    changes its place, size or time of change. What was recognised stands in `Corpus.recognised`.

    Args:
        path: a folder with `train` and `test` files (one of them is enough); one file, which is the split "train"
            where its name says so ("train", "trn"), else "test"; `hf:NAME` for a dataset of the Hugging Face hub; or
            `api-docs` for the embedded corpus (`datasets.api_docs`), where no such folder is.
        format: the name of the format, for folders that hold several; otherwise it is recognised by file names and
            the first line.
        label_names: a file with label names; by default one of `label_names.NAME_FILES` beside the data, where there
            is one. Without names an integer label is called by its decimal string.
        cache: where to keep the Arrow files; by default below TextAttack's cache folder.
        reading: `text_column`, `label_column`, `id_column`, `delimiter`, `label_separator`, `label_format`, `header`,
            `encoding`, `label_language`, `label_file` (the same as `label_names`), as `ReadOptions` says; by default
            what the files make certain.

    Raises:
        DataError: nothing readable there, or something in it that is not as it should be: file, line, what was
            expected, what came.
        InputError: no such format, or an option that is not allowed.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> file = folder / "train.jsonl"
        >>> _ = file.write_text('{"text": "how to boil an egg", "labels": ["eggs", "boiling"]}')
        >>> corpus = load_corpus(file, cache=folder / "cache")
        >>> corpus.label_names, len(corpus.split("train"))
        (('boiling', 'eggs'), 1)
    """
    if str(path) == API_DOCS and not Path(path).exists():
        return load_api_docs(cache)
    cache = cache or cache_folder() / "corpora"
    options = ReadOptions(**reading)
    label_names = options.label_file if label_names is None else label_names
    hub = str(path).startswith(PREFIX)
    where = Path(path) if hub else Path(path).expanduser().absolute()
    sources = _sources(where, format, options, cache)
    if label_names is not None:
        names_file: Path | None = _existing(Path(label_names).expanduser().absolute())
    else:
        names_file = None if hub else names_file_in(where if where.is_dir() else where.parent)
    files = [file for source in sources.values() for file in source.files] + ([names_file] if names_file else [])
    name = where.name.split(".")[0] if where.is_file() else where.name.removeprefix(PREFIX)
    stored = cache / f"{name[:60]}-{_key(sources, files, options)}"

    def build(new: Path) -> None:
        names = LabelNames() if names_file is None else LabelNames.read(names_file, options.label_language)
        reader = label_reader(sources, names, options)
        kinds: dict[str, set[bool]] = {split: set() for split in sources}
        used: set[str] = set()
        documents = {
            split: _with_progress(source.documents(names, reader), split, kinds[split], used)
            for split, source in sources.items()
        }
        labels = _label_space(sources, names, reader)
        write_corpus(new, name, documents, labels, recognised(sources, reader, names))
        if sorted(map(list, kinds.values())) == [[False], [True]]:
            raise DataError(
                f"{path}: the labels of one split are numbers, and those of the other one are not",
                "write both in one way, or name the numbers with --label-file FILE",
            )
        if used and not names.name_any(used):
            raise DataError(
                f"{names.source} names none of the {len(used):,} labels of {path}, such as {min(used)!r}",
                "give the names of these labels, or leave them out",
            )

    try:
        corpus = open_corpus(cached_folder(stored, build, f"an Arrow copy of {path}"))
    except OSError as error:
        raise DataError(
            f"{stored}: the Arrow copy of {path} cannot be written ({error})",
            "free some space, or set TA_CACHE_DIR to a folder on a disk that has it",
        ) from error
    for split, issues in corpus.issues.items():
        if str(issues):
            _log.warning("%s of %s: %s", split, path, issues)
    return corpus


def _sources(path: Path, format: str | None, options: ReadOptions, cache: Path) -> dict[str, Source]:
    """Which source gives which split of `path`."""
    kinds = [kind for kind in FORMATS if format in (None, kind.format)]
    known = ", ".join(kind.format for kind in FORMATS)
    if not kinds:
        raise InputError(f"unknown data format {format!r}", f"choose one of {known}")
    if HuggingFace in kinds and is_dataset(str(path)):
        if path.is_dir() and (others := [kind for kind in kinds if any(_of_kind(kind, path))]):
            raise _ambiguous(path, [HuggingFace.format, *(kind.format for kind in others)])
        return dict(open_dataset(str(path), _split_of(path), cache / "hugging-face", options))
    if path.is_dir():
        return _sources_in_folder(path, kinds, options)
    if not path.is_file():
        raise DataError(f"{path} is neither a folder nor a file", "check the path; hf:NAME is a dataset of the hub")
    fitting = [source for kind in kinds if (source := kind.from_file(path, options)) is not None]
    if not fitting:
        raise DataError(
            f"{path}: expected a file in one of the formats {', '.join(kind.format for kind in kinds)}, "
            f"got {first_line(path) or 'no line that can be read'!r:.80}",
            "see docs/data.md for what each looks like; a table needs a header and a name in .csv or .tsv",
        )
    return {_split_of(path): fitting[0]}


def _sources_in_folder(folder: Path, kinds: Sequence[type[Source]], options: ReadOptions) -> dict[str, Source]:
    sources = {}
    for split, name in (("train", "train"), ("test", "test"), ("test", "validation")):
        if split in sources:  # a validation split is used where there is no test split
            continue
        fitting = [source for kind in kinds if (source := kind.in_folder(folder, name, options)) is not None]
        if len(fitting) > 1:
            raise _ambiguous(folder, [source.format for source in fitting])
        if fitting:
            sources[split] = fitting[0]
    if not sources:
        present = sorted(entry.name for entry in folder.iterdir())
        raise DataError(
            f"{folder}: expected `train` and `test` files in one of the formats "
            f"{', '.join(kind.format for kind in kinds)}, got {', '.join(present[:10]) or 'an empty folder'}",
            "give the folder that holds the files, call them train and test, or give one file",
        )
    return sources


def _of_kind(kind: type[Source], folder: Path) -> Iterator[Source]:
    return (source for split in SPLIT_STEMS if (source := kind.in_folder(folder, split)) is not None)


def _ambiguous(folder: Path, formats: Sequence[str]) -> DataError:
    return DataError(
        f"{folder} holds the same split in several formats: {', '.join(formats)}",
        f"say which one is meant, for instance with format={formats[0]!r}",
    )


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise DataError(f"{file} does not exist: expected a file of label names", "check the path")
    return file


def _split_of(path: Path) -> str:
    words = path.name.lower().replace("-", ".").replace("_", ".").split(".")
    return "train" if any(word in SPLIT_STEMS["train"] for word in words) else "test"


def label_reader(sources: Mapping[str, Source], names: LabelNames, options: ReadOptions) -> LabelReader | None:
    """What all splits together say about how their labels are written.

    None where splits have several formats: then each decides for itself.

    Raises:
        DataError: the first rows can be read in several ways, or splits differ.
    """
    if len({source.format for source in sources.values()}) > 1:
        return None
    columns = {source.label_columns() for source in sources.values()}
    if len({bool(names) for names in columns}) > 1:
        raise DataError(
            "one split has a column of labels, and the other one 0/1 column for each label",
            "name the columns with --label-column",
        )
    sample = [row for source in sources.values() for row in source.label_sample()]
    return LabelReader.of(sample, names, options)


def recognised(sources: Mapping[str, Source], reader: LabelReader | None, names: LabelNames) -> str:
    """What the files were taken for, in a line."""
    parts = []
    for split, source in sources.items():
        columns = source.label_columns()
        labels = LabelReader.of_columns(columns).description if columns else reader.description if reader else ""
        labels = "class names of the split" if source.label_space() else labels
        plain = "" if isinstance(source, (Pecos, XMCJson)) else labels
        parts.append((split, ", ".join(filter(None, [source.description(), plain and f"labels: {plain}"]))))
    lines = {text for _, text in parts}
    line = lines.pop() if len(lines) == 1 else "; ".join(f"{split}: {text}" for split, text in parts)
    return line if names.source == LabelNames.source else f"{line}, label names of {Path(names.source).name}"


def _label_space(sources: dict[str, Source], names: LabelNames, reader: LabelReader | None) -> Sequence[str]:
    """The labels that exist whether they occur or not: the listed names, or as many as the files state."""
    stated = {source.n_labels() for source in sources.values()} - {None}
    if reader is not None and reader.multi_hot is not None:
        stated.add(reader.multi_hot)
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
    n_labels = next(iter(stated), None) or 0
    if n_labels > _MOST_LABELS:
        raise DataError(f"the files state {n_labels} labels: expected at most {_MOST_LABELS}", "correct the number")
    known = [label for source in sources.values() for label in (*source.label_space(), *source.label_columns())]
    return [names.name_of(label) or str(label) for label in (*range(n_labels), *dict.fromkeys(known))]


def _key(sources: dict[str, Source], files: Iterable[Path], options: ReadOptions) -> str:
    """What tells one reading of these files from another, as a short hexadecimal number."""
    facts = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    formats = [[split, source.format] for split, source in sources.items()]
    return hashlib.sha256(json.dumps([_STORED_VERSION, formats, options.given(), facts]).encode()).hexdigest()[:16]


def _with_progress(documents: Iterator[Document], split: str, kinds: set[bool], used: set[str]) -> Iterator[Document]:
    """The same documents, with a progress bar once it takes long; `kinds` gets whether labels are numbers."""
    for document in tqdm(documents, desc=f"reading {split}", unit=" texts", delay=3, mininterval=1, leave=False):
        kinds.update(map(is_number, document.labels))
        used.update(document.labels)
        yield document
