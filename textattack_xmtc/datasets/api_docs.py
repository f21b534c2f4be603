"""The embedded corpus: what the installed Python packages say about themselves, and the labels it hangs together by.

A text is the prose of a docstring; its labels are the package, the parts of the module's path and the names of the
parameters. Read are the packages that TextAttack needs: they are there wherever this package is, and installing
something else beside them changes nothing. The files are read as text, never imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from tqdm import tqdm

from textattack_xmtc.cache import cache_folder, cached_folder
from textattack_xmtc.datasets import docstrings
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.storage import open_corpus, write_corpus
from textattack_xmtc.errors import DataError

NAME = "api-docs"
EXTRACTION = 1  # part of the fingerprint: another number where other texts or labels come out
MIN_WORDS = 15
TEST_SHARE = 10  # one text in so many is a test text

_ROOT = "textattack"
_TEST_CODE = {"test", "tests", "testing", "conftest.py"}
_FILES_A_PROCESS = 200


def load_api_docs(cache_dir: Path | str | None = None) -> Corpus:
    """The corpus `api-docs` with the splits "train" and "test", made once for the versions that are installed.

    The same versions give the same texts, labels, order and split. No text occurs twice, not even in another case or
    with other punctuation. Making it takes less than a minute; later calls open what was cached.

    Args:
        cache_dir: where it is cached; by default below TextAttack's cache folder.

    Raises:
        DataError: no docstrings are found.
    """
    where = Path(cache_dir) if cache_dir is not None else cache_folder()
    return open_corpus(cached_folder(where / f"api-docs-arrow-{fingerprint()}", _build, "the api-docs corpus"))


def fingerprint() -> str:
    """Names this corpus for what is installed: 12 hex digits, from names and versions only, without reading files."""
    versions = [f"{name}=={distribution.version}" for name, distribution in sorted(_distributions().items())]
    key = [f"extraction {EXTRACTION}", f"python {sys.version_info.major}.{sys.version_info.minor}", *versions]
    return hashlib.sha256("\n".join(key).encode()).hexdigest()[:12]


def labels_of(path: PurePosixPath, parameters: Sequence[str]) -> list[str]:
    """The labels of a docstring: package, parts of the module's path, parameters; each once, in this order.

    Args:
        path: the file, relative to the folder that holds the package.
        parameters: parameter names.

    Example:
        >>> labels_of(PurePosixPath("scipy/stats/_stats_py.py"), ["a", "axis"])
        ['scipy', 'stats', 'stats_py', 'a', 'axis']
    """
    module = [part.strip("_") for part in path.with_suffix("").parts if part != "__init__"]
    return [label for label in dict.fromkeys([*module, *(name.strip("_") for name in parameters)]) if label]


def _distributions() -> dict[str, metadata.Distribution]:
    """What TextAttack needs, directly or not, and what of it is installed; by normalised name."""
    distributions: dict[str, metadata.Distribution] = {}
    waiting = [_ROOT]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in distributions:
            continue
        try:
            distributions[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for line in distributions[name].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return distributions


def _files() -> dict[str, PurePosixPath]:
    """The Python files of these packages, without test code: from where they are to what they are within a package."""
    files: dict[str, PurePosixPath] = {}
    for _, distribution in sorted(_distributions().items()):
        for file in sorted(distribution.files or ()):
            inside = file.suffix == ".py" and ".." not in file.parts
            if inside and not any(part in _TEST_CODE or part.startswith("test_") for part in file.parts):
                files[str(distribution.locate_file(file))] = PurePosixPath(*file.parts)
    return files


def _documents() -> Iterator[Document]:
    seen: set[str] = set()
    files = _files()
    for path, documented in _read(list(files)):
        inside = files[path]
        module = ".".join(part for part in inside.with_suffix("").parts if part != "__init__")
        for name, text, parameters in documented:
            words = re.findall(r"\w+", text.lower())
            same = " ".join(words)
            if len(text.split()) >= MIN_WORDS and len(words) >= MIN_WORDS and same not in seen:
                seen.add(same)
                yield Document(f"{module}:{name}" if name else module, text, labels_of(inside, parameters))


def _read(paths: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, str, list[str]]]]]:
    """What `docstrings` finds in each file, in the order of `paths`.

    Each process is a plain program that needs the standard library only: it starts at once, and neither forks this
    one's threads nor imports the caller's script, as a process pool would.
    """

    def run(part: Sequence[str]) -> list[str]:
        program = [sys.executable, "-I", "-S", str(docstrings.__file__)]
        done = subprocess.run(program, input="\n".join(part), capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            raise DataError(f"reading docstrings failed: {done.stderr[-300:].strip()}", "report this with the message")
        return done.stdout.splitlines()

    parts = [paths[start : start + _FILES_A_PROCESS] for start in range(0, len(paths), _FILES_A_PROCESS)]
    with (
        ThreadPoolExecutor(os.cpu_count() or 1) as threads,
        tqdm(total=len(paths), desc="reading docstrings", unit=" files") as bar,
    ):
        for part, lines in zip(parts, threads.map(run, parts), strict=True):
            bar.update(len(part))
            yield from (json.loads(line) for line in lines)


def _build(folder: Path) -> None:
    splits: dict[str, list[Document]] = {"train": [], "test": []}
    for document in _documents():
        digest = hashlib.sha256(document.text.encode("utf-8", "replace")).digest()
        splits["test" if digest[0] % TEST_SHARE == 0 else "train"].append(document)
    if not splits["train"] or not splits["test"]:
        raise DataError(
            f"the packages that {_ROOT} needs hold no docstrings that can be read",
            "install them with pip into one folder",
        )
    write_corpus(folder, NAME, splits)
