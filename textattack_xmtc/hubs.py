"""Which models of the hubs are on this machine; no hub is asked, and TextAttack is not needed to know it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import huggingface_hub

DEFAULT_MASKED_LM = "bert-base-uncased"
"""The masked language model of victims that have none of their own, as in the paper."""

DEFAULT_SBERT = "all-MiniLM-L6-v2"
"""What "sbert" alone stands for; the makers of TextAttack's default, bert-base-nli-stsb-mean-tokens, deprecate it."""

DEFAULT_USE = "https://tfhub.dev/google/universal-sentence-encoder/3"
"""What "use" alone stands for: TextAttack's own choice."""


def tfhub_folder(url: str) -> Path:
    """Where TensorFlow Hub keeps its copy of a model (compressed_module_resolver.py), without importing it.

    Example:
        >>> tfhub_folder(DEFAULT_USE).name
        '42480c3c7f42bf87d36d4c58fc4374b08dae2909'
    """
    cache = os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules"
    return Path(cache) / hashlib.sha1(url.encode("utf8")).hexdigest()


def sbert_folder(model: str) -> str | None:
    """The folder of a sentence-transformers model on this machine, or None; asks no network."""
    if Path(model).is_dir():
        return model
    repository = model if "/" in model else f"sentence-transformers/{model}"
    return _whole(repository, os.environ.get("SENTENCE_TRANSFORMERS_HOME"))


def masked_lm_folder(model: str) -> str | None:
    """The folder of a model of transformers on this machine, or None; asks no network."""
    return model if Path(model).is_dir() else _whole(model, None)


def _whole(repository: str, cache: str | None) -> str | None:
    try:
        folder = huggingface_hub.snapshot_download(repository, cache_dir=cache, local_files_only=True)
    except (OSError, ValueError):  # not there, or not a name that a repository can have
        return None
    # A download that was broken off leaves a folder without weights.
    weights = (file for ending in ("safetensors", "bin") for file in Path(folder).rglob(f"*.{ending}"))
    return folder if any(weights) else None
