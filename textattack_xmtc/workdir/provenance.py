"""What a result was computed with: versions of software, and fingerprints of files."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from textattack_xmtc._version import __version__

PACKAGES = ("textattack", "torch", "transformers", "numpy")
BESIDE_A_MODEL = frozenset({"training.json", "test.jsonl"})
"""Files of a model folder that shape no score."""


def versions(packages: Collection[str] = PACKAGES) -> dict[str, str]:
    """What results are computed with: this package, others, Python, the platform, and how many threads torch uses.

    Example:
        >>> sorted(versions(("numpy",)))
        ['numpy', 'platform', 'python', 'textattack-xmtc', 'threads']
    """
    import torch

    return {
        "textattack-xmtc": __version__,
        **{package: _version(package) for package in packages},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": str(torch.get_num_threads()),
    }


def changed_versions(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs, in a line; empty where nothing does.

    Example:
        >>> changed_versions({"numpy": "1.26", "torch": "2.4"}, {"numpy": "2.0", "torch": "2.4"})
        'numpy 1.26 -> 2.0'
    """
    return ", ".join(
        f"{name} {before.get(name)} -> {value}" for name, value in now.items() if before.get(name) != value
    )


def fingerprint(source: Path | str) -> str | None:
    """Sixteen hexadecimal digits that tell a file or a folder from others; None where there is nothing.

    Of a file: its bytes. Of a folder: names and bytes of the files in it but `BESIDE_A_MODEL`; subfolders do not count.
    """
    path, digest = Path(source), hashlib.sha256()
    if path.is_file():
        digest.update(path.read_bytes())
        return digest.hexdigest()[:16]
    if not path.is_dir():
        return None
    for file in sorted(path.iterdir()):
        if file.is_file() and file.name not in BESIDE_A_MODEL:
            digest.update(os.fsencode(file.name))
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
