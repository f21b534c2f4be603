"""Hugging Face encoders: read from a folder or hub name, kept inside a model folder, built again from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from textattack_xmtc.errors import InputError, ModelFolderError, panics_as_errors, reason_of
from textattack_xmtc.hubs import model_source
from textattack_xmtc.models.folder import CONFIG, read_dict
from textattack_xmtc.models.hugging_face import check_folder, check_layer_counts, check_vocabulary, positions_of
from textattack_xmtc.models.sentence_encoder.network import Pooling

ENCODER = "encoder"
"""The folder in a model folder that holds the encoder's configuration and its tokenizer."""

_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")


def read_encoder(source: str | Path) -> tuple[Any, Any, Pooling]:
    """An encoder, its tokenizer and its pooling (of sentence-transformers' `1_Pooling`; else the mean).

    Raises:
        InputError: the hub does not have it, or cannot be reached.
        ModelFolderError: there is no encoder, no tokenizer, or they do not belong together.
    """
    source = model_source(source)
    folder = Path(source)
    if folder.is_dir() and not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise ModelFolderError(
            f"{str(source)!r} has no tokenizer ({', '.join(_TOKENIZER_FILES)})",
            "save the tokenizer of the encoder there: tokenizer.save_pretrained(folder)",
        )
    check_folder(folder)
    try:
        with panics_as_errors():
            model = AutoModel.from_pretrained(str(source), trust_remote_code=False)
    except Exception as error:  # missing or damaged files, unknown models: of no one kind
        raise ModelFolderError(
            f"{str(source)!r} cannot be read as a Hugging Face encoder ({reason_of(error)})", "check --encoder"
        ) from error
    model, tokenizer = _encoder_of(model), _tokenizer(source)
    check_vocabulary(model, tokenizer, repr(str(source)))
    return model.float(), tokenizer, _pooling(folder)


def build_encoder(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Any, Any]:
    """The encoder of a model folder without its weights, which have these shapes, and its tokenizer.

    Raises:
        ModelFolderError: a file is missing or damaged, or the sizes are others.
    """
    check_layer_counts(read_dict(folder / ENCODER, CONFIG), len(shapes), str(folder / ENCODER / CONFIG))
    try:
        config = AutoConfig.from_pretrained(str(folder / ENCODER), trust_remote_code=False)
        with torch.device("meta"):
            plan = _encoder_of(AutoModel.from_config(config, trust_remote_code=False))
        for key, value in plan.state_dict().items():
            if shapes.get(f"encoder.model.{key}") != tuple(value.shape):
                raise ModelFolderError(
                    f"{str(folder / ENCODER / CONFIG)!r} asks for {key!r} of shape {tuple(value.shape)}, and the "
                    f"weights have {shapes.get(f'encoder.model.{key}')}",
                    "put the files that were saved together into the folder",
                )
        model = _encoder_of(AutoModel.from_config(config, trust_remote_code=False))
    except ModelFolderError:
        raise
    except Exception as error:
        raise ModelFolderError(
            f"{str(folder / ENCODER)!r} does not describe an encoder ({reason_of(error)})",
            "save or copy the model again",
        ) from error
    return model, _tokenizer(folder / ENCODER)


def write_encoder(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write the configuration and the tokenizer into a model folder; the weights are in the model's own."""
    (folder / ENCODER).mkdir()
    model.config.save_pretrained(folder / ENCODER)
    tokenizer.save_pretrained(folder / ENCODER)


def check_length(model: Any, max_length: int, source: str | Path) -> None:
    """Raise InputError where an encoder has no position for each of `max_length` tokens."""
    positions = positions_of(model)
    if positions is not None and max_length > positions:
        raise InputError(
            f"the encoder {str(source)!r} reads {positions} tokens, and max_length={max_length}",
            f"choose --max-length {positions} or less",
        )
    if max_length < 3:
        raise InputError(f"max_length={max_length} leaves no room for a word", "choose 3 or more")


def _encoder_of(model: Any) -> Any:
    return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model


def _tokenizer(source: str | Path) -> Any:
    try:
        with panics_as_errors():
            tokenizer = AutoTokenizer.from_pretrained(str(source), use_fast=True, trust_remote_code=False)
    except Exception as error:
        raise ModelFolderError(
            f"the tokenizer in {str(source)!r} cannot be read ({reason_of(error)})",
            "save the tokenizer of the encoder there: tokenizer.save_pretrained(folder)",
        ) from error
    if not tokenizer.is_fast:
        raise ModelFolderError(f"the tokenizer in {str(source)!r} is not a fast one", "save its tokenizer.json")
    if tokenizer.pad_token_id is None:
        raise ModelFolderError(f"the tokenizer in {str(source)!r} has no padding token", "set tokenizer.pad_token")
    return tokenizer


def _pooling(folder: Path) -> Pooling:
    file = folder / "1_Pooling" / "config.json"
    if not file.is_file():
        return "mean"
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        modes = {name for name, value in settings.items() if name.startswith("pooling_mode_") and value is True}
    except (ValueError, AttributeError, OSError) as error:
        raise ModelFolderError(f"{str(file)!r} cannot be read ({error})", "copy the encoder again") from error
    if modes <= {"pooling_mode_mean_tokens"}:
        return "mean"
    if modes == {"pooling_mode_cls_token"}:
        return "cls"
    raise ModelFolderError(
        f"{str(file)!r} asks for the pooling {', '.join(sorted(modes))}", "use an encoder with mean or cls pooling"
    )
