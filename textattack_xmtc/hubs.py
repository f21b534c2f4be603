"""Which models of the hubs are on this machine, and whether others can be had; TextAttack is not needed to know it."""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import huggingface_hub

from textattack_xmtc.errors import InputError

DEFAULT_MASKED_LM = "bert-base-uncased"
"""The masked language model of victims that have none of their own, as in the paper."""

DEFAULT_SBERT = "all-MiniLM-L6-v2"
"""What "sbert" alone stands for; the makers of TextAttack's default, bert-base-nli-stsb-mean-tokens, deprecate it."""

DEFAULT_USE = "https://tfhub.dev/google/universal-sentence-encoder/3"
"""What "use" alone stands for: TextAttack's own choice."""

_PATIENCE_S = 5.0
_TOKENIZER_FILES = ("tokenizer*", "vocab*", "*.model", "spiece*", "sentencepiece*")
_WAYS_OUT = (
    "give the folder of a model instead; or download it where there is network (huggingface-cli download NAME "
    "--local-dir FOLDER) and copy that; or name a mirror with HF_ENDPOINT; HF_HUB_OFFLINE=1 keeps every command off "
    "the network"
)
_Answer = TypeVar("_Answer")


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


def local_model(model: str) -> str | None:
    """The folder of a model of transformers with its tokenizer, on this machine, or None; asks no network."""
    if Path(model).is_dir():
        return model
    folder = _whole(model, None)
    if folder is None or not (Path(folder) / "config.json").is_file():
        return None
    has_tokenizer = any(next(Path(folder).glob(pattern), None) for pattern in _TOKENIZER_FILES)
    return folder if has_tokenizer else None


def model_source(model: str | Path) -> str:
    """What transformers is to load: a folder on this machine, or the name of a model that it will download.

    A model that is on this machine is taken from there, and no hub is asked. Before one is downloaded, its name is
    printed, and the hub is asked whether it has it: within five seconds that is known.

    Raises:
        InputError: the model is not here, and the hub does not have it or cannot be reached; with the ways out.
    """
    name = str(model)
    folder = local_model(name)
    if folder is not None:
        return folder
    if Path(name).exists() or name.startswith((".", "/", "~")):
        return name  # a path: no hub is asked, and loading says what is wrong with it
    endpoint = huggingface_hub.constants.ENDPOINT
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        raise InputError(f"the model {name!r} is not on this machine, and HF_HUB_OFFLINE is set", _WAYS_OUT)
    print(f"xmtc: the model {name!r} is not on this machine: downloading it from {endpoint}", file=sys.stderr)
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        answered(lambda: huggingface_hub.HfApi().model_info(name, timeout=_PATIENCE_S), _PATIENCE_S)
    except (HFValidationError, RepositoryNotFoundError):
        raise InputError(f"{endpoint} has no model {name!r} that can be read here", _WAYS_OUT) from None
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise InputError(
            f"the model {name!r} is not on this machine, and {endpoint} cannot be reached ({reason})", _WAYS_OUT
        ) from None
    return name


def answered(ask: Callable[[], _Answer], seconds: float) -> _Answer:
    """What `ask` returns, within a time that also holds for the looking up of addresses, which has no limit of its own.

    Raises:
        TimeoutError: it takes longer. What was asked goes on by itself, and nobody waits for it.
    """
    answers: queue.SimpleQueue[tuple[_Answer | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((ask(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True, name="xmtc-request").start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer after {seconds:g} seconds") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]


def _whole(repository: str, cache: str | None) -> str | None:
    try:
        folder = huggingface_hub.snapshot_download(repository, cache_dir=cache, local_files_only=True)
    except (OSError, ValueError):  # not there, or not a name that a repository can have
        return None
    # A download that was broken off leaves a folder without weights.
    weights = (file for ending in ("safetensors", "bin") for file in Path(folder).rglob(f"*.{ending}"))
    return folder if any(weights) else None
