"""Every way of naming a model, for every command: one function that makes a victim of a name.

| name | model |
|---|---|
| `xmtc-demo` | the demo model, trained on this machine at first use |
| `FOLDER`, `xmtc:FOLDER` | a model that this package saved |
| `FOLDER` of transformers | a Hugging Face sequence classifier |
| `hf:NAME`, or `NAME` once it is on this machine | a sequence classifier of the Hugging Face hub |
| `victim.py`, `victim.py^name` | the `model`, or the variable `name`, of a Python file |
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.hubs import local_model
from textattack_xmtc.models import DEMO
from textattack_xmtc.workdir.provenance import fingerprint
from textattack_xmtc.wrappers import HuggingFaceWrapper, ScorerWrapper, XMTCModelWrapper
from textattack_xmtc.wrappers.victim_files import SPLIT, is_there, is_victim_file, load_victim_file, split_name

FOLDER_PREFIX, HUB_PREFIX = "xmtc:", "hf:"
WAYS = (
    f"name a model folder (FOLDER or {FOLDER_PREFIX}FOLDER), a Hugging Face folder, {HUB_PREFIX}NAME of the Hugging "
    f"Face hub, a Python file with a `model` (FILE.py or FILE.py{SPLIT}VARIABLE), or {DEMO}"
)
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[\w.-]{1,95})?")

Kind = Literal["own", "hugging face", "file"]


@dataclass(frozen=True)
class ModelName:
    """What a name stands for.

    Attributes:
        kind: a model that this package saved ("own"), a classifier of transformers, or a Python file.
        short: what the model may be called among others.
    """

    kind: Kind
    source: str
    short: str


def read_model_name(name: str | Path) -> ModelName:
    """What a name stands for. No network is asked; for `xmtc-demo`, the demo model is trained if need be.

    Raises:
        ModelFolderError: there is no such model on this machine.

    Example:
        >>> read_model_name("victims/tagger.py^small")
        ModelName(kind='file', source='victims/tagger.py^small', short='tagger-small')
        >>> read_model_name("xmtc:runs/plain").short
        'plain'
    """
    text = str(name)
    if text == DEMO:
        from textattack_xmtc.models.demo import demo_folder

        return ModelName("own", str(demo_folder()), DEMO)
    bare = text.removeprefix(FOLDER_PREFIX).removeprefix(HUB_PREFIX)
    if not bare.strip() or "\0" in text:
        raise ModelFolderError(f"{text[:200]!r} does not name a model", WAYS)
    if text.startswith(FOLDER_PREFIX):
        return ModelName("own", text.removeprefix(FOLDER_PREFIX), _last(text.removeprefix(FOLDER_PREFIX)))
    if is_victim_file(text):
        file, _ = split_name(text)
        return ModelName("file", text, "-".join([file.resolve().stem, *text.split(SPLIT)[1:]]))
    if is_there(text):
        config = _config(Path(text))
        is_hugging_face = "model_type" in config and "format" not in config
        return ModelName("hugging face" if is_hugging_face else "own", text, _last(text))
    repository = text.removeprefix(HUB_PREFIX)
    if _REPOSITORY.fullmatch(repository) and (text != repository or local_model(repository) is not None):
        return ModelName("hugging face", repository, repository.rpartition("/")[2])
    what = ", but a file" if is_there(text, Path.exists) else ", nor a Hugging Face model of that name on this machine"
    on_hub = f"; to download it from the Hugging Face hub: {HUB_PREFIX}{text}" if _REPOSITORY.fullmatch(text) else ""
    raise ModelFolderError(f"there is no model folder {text[:200]!r}{what}", WAYS + on_hub)


def load_victim(name: str | Path, device: str | None = None) -> XMTCModelWrapper:
    """The model that a name stands for, ready to be asked.

    Args:
        device: "cpu", "cuda", ...; by default the GPU where there is one. A Python file decides for itself.

    Raises:
        ModelFolderError: there is no such model, or its folder is damaged.
        InputError: the file or the classifier cannot be loaded; the hub cannot be reached.
    """
    named = read_model_name(name)
    if named.kind == "file":
        return load_victim_file(named.source)
    if named.kind == "own":
        from textattack_xmtc.models.folder import load_model

        if not is_there(named.source):
            raise ModelFolderError(f"there is no model folder {named.source[:200]!r}", WAYS)
        return ScorerWrapper(load_model(Path(named.source), device))
    import torch

    victim = HuggingFaceWrapper.from_pretrained(named.source)
    victim.model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return victim


def own_folder(name: str | Path, purpose: str) -> Path:
    """The folder of a model that this package saved, for what needs more than answers.

    Args:
        purpose: what needs it, for the message: "harden".

    Raises:
        InputError: another kind of model.
    """
    named = read_model_name(name)
    if named.kind == "own":
        return Path(named.source)
    kinds = {"file": "a Python file, which only answers for texts", "hugging face": "a Hugging Face model"}
    raise InputError(
        f"{purpose} needs a model that this package has trained, and {str(name)!r} is {kinds[named.kind]}",
        f"name a folder that `textattack-xmtc train` or `import` made, {FOLDER_PREFIX}FOLDER, or {DEMO}",
    )


def is_named_here(name: str | None) -> bool:
    """Whether `textattack attack --model` is to load this model by `load_victim`.

    TextAttack's own names, its folders and those of transformers are left to it.
    """
    if not name:
        return False
    if name == DEMO or name.startswith((FOLDER_PREFIX, HUB_PREFIX)) or is_victim_file(name):
        return True
    return is_there(name) and "format" in _config(Path(name))


def may_be_own(name: str) -> bool:
    """Whether a name can only be that of a model that this package saved, if there is such a model."""
    return not name.startswith(HUB_PREFIX) and not is_victim_file(name)


def fingerprint_of(name: str | Path) -> str | None:
    """Sixteen hexadecimal digits that tell the model's files from others; None where there are none here."""
    text = str(name)
    try:
        named = read_model_name(text)
    except ModelFolderError:
        return None
    if named.kind == "file":
        return fingerprint(split_name(text)[0])
    return fingerprint(named.source if named.kind == "own" else local_model(named.source) or named.source)


def short_name(name: str | Path) -> str:
    """What a model may be called among others, whether it is there or not.

    Example:
        >>> short_name("runs/plain"), short_name("hf:org/tagger"), short_name("tagger.py^small")
        ('plain', 'tagger', 'tagger-small')
    """
    text = str(name)
    if text == DEMO or text.startswith(HUB_PREFIX):
        return text.rpartition("/")[2].removeprefix(HUB_PREFIX)
    return read_model_name(text).short if is_victim_file(text) else _last(text.removeprefix(FOLDER_PREFIX))


def _last(folder: str) -> str:
    try:
        return Path(folder).resolve().name
    except ValueError:  # a zero character in it
        return folder


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}
