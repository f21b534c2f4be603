"""What a model of transformers takes: its inputs, its length, its words. Read from the model, not from its family.

For classifiers under attack and for masked language models alike.
"""

from __future__ import annotations

import inspect
import json
import zipfile
from pathlib import Path
from typing import Any

import safetensors
import torch

from textattack_xmtc.errors import InputError, ModelFolderError

_DEFAULT_LENGTH = 512
_UNLIMITED = 10**6  # tokenizers without a limit of their own carry a huge number instead
_INSIDE = ("module", "_orig_mod", "model")  # where DataParallel, torch.compile and plain wrappers keep their model

_NO_POSITIONS = ("relative", "rel_", "x_", "y_", "h_", "w_")  # distances between tokens, and places on a page


def plain_model(model: Any) -> Any:
    """The model of transformers inside wrappers of any depth: PEFT, DataParallel, torch.compile, a module of one's own.

    A model that holds none of transformers is its own plain model.
    """
    from transformers import PreTrainedModel

    inner = model
    for _ in range(10):
        if isinstance(inner, PreTrainedModel):
            return inner
        if callable(getattr(inner, "get_base_model", None)):  # PEFT
            inner = inner.get_base_model()
            continue
        inside = (getattr(inner, name, None) for name in _INSIDE)
        inner = next((part for part in inside if isinstance(part, torch.nn.Module)), None)
        if inner is None:
            break
    return model


def accepted_inputs(model: Any) -> frozenset[str] | None:
    """The names of the inputs that the model's `forward` takes; None where it does not say and takes all.

    A wrapper that hands on whatever it gets (`**kwargs`) takes what the model inside takes. A model of transformers
    that has `**kwargs` takes only what it names: what else comes is handed down to its attention, or refused there.
    """
    from transformers import PreTrainedModel

    inner = plain_model(model)
    accepted = None
    for part in (inner, model):
        parameters = inspect.signature(getattr(part, "forward", part)).parameters.values()
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        named = frozenset(parameter.name for parameter in parameters if parameter.kind in kinds)
        hands_on = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters)
        if not hands_on or (isinstance(part, PreTrainedModel) and "input_ids" in named):
            accepted = named if accepted is None else accepted & named
    return accepted


def only_accepted(encoded: Any, accepted: frozenset[str] | None) -> dict[str, Any]:
    """Of what a tokenizer gives, what the model takes."""
    return {name: value for name, value in encoded.items() if accepted is None or name in accepted}


def padded(encoded: dict[str, list[Any]], tokenizer: Any) -> dict[str, torch.Tensor]:
    """Rows of token numbers, masks and the like as tensors of shape `(texts, tokens of the longest)`."""
    longest = max(len(row) for row in encoded["input_ids"])
    pads = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
    before = tokenizer.padding_side == "left"
    tensors = {}
    for name, rows in encoded.items():
        filled = [[pads.get(name, 0)] * (longest - len(row)) for row in rows]
        tensors[name] = torch.tensor([f + r if before else r + f for f, r in zip(filled, rows, strict=True)])
    return tensors


def positions_of(model: Any) -> int | None:
    """How many tokens the model's tables of positions hold; None for a model without such a table.

    RoBERTa and its kin count positions from behind the padding index: their table has a `padding_idx`. BART and its
    kin leave the first rows out: their table has an `offset`.
    """
    limits = []
    for name, module in model.named_modules():
        part = name.rpartition(".")[2]
        weight: Any = getattr(module, "weight", None)
        if not ("position" in part or part in ("wpe", "pos_emb", "pos_embed")) or getattr(weight, "ndim", 0) != 2:
            continue
        if isinstance(module, torch.nn.Linear) or part.startswith(_NO_POSITIONS):
            continue
        padding = getattr(module, "padding_idx", None)
        limits.append(weight.shape[0] - (0 if padding is None else padding + 1) - int(getattr(module, "offset", 0)))
    return min(limits, default=None)


def length_limit(model: Any, tokenizer: Any) -> int:
    """Tokens that model and tokenizer can read, special ones included; 512 where neither says."""
    own_limit = tokenizer.model_max_length
    limits = [int(own_limit) if own_limit < _UNLIMITED else _DEFAULT_LENGTH]
    inner = plain_model(model)
    for positions in (positions_of(inner), getattr(inner.config, "max_position_embeddings", None)):
        if isinstance(positions, int) and positions > 0:  # XLNet says -1: no limit
            limits.append(positions)
    return min(limits)


def check_vocabulary(model: Any, tokenizer: Any, name: str) -> None:
    """Refuse a tokenizer that knows tokens for which the model, called `name` in the message, has no embedding.

    Raises:
        InputError: the tokenizer's highest token number is beyond the model's embeddings.
    """
    try:
        rows = plain_model(model).get_input_embeddings().weight.shape[0]
        vocabulary = tokenizer.get_vocab()
    except (AttributeError, NotImplementedError, IndexError):
        return  # a model of characters, or a tokenizer without a table
    beyond = sorted((number, token) for token, number in vocabulary.items() if number >= rows)
    if beyond:
        examples = ", ".join(repr(token) for _, token in beyond[:3])
        raise InputError(
            f"the tokenizer of {name} has {len(vocabulary):,} tokens and the model {rows:,} embeddings: "
            f"{len(beyond):,} tokens have none, such as {examples}",
            "load the tokenizer that the model was trained with, or resize and train the model: "
            "model.resize_token_embeddings(len(tokenizer))",
        )


def with_padding(model: Any, tokenizer: Any) -> Any:
    """The tokenizer with the padding token that it or the model's configuration has; the configuration gets it too.

    Models that read the last token of a text (GPT-2, Llama) find it by `config.pad_token_id`, which must be the
    tokenizer's.

    Raises:
        InputError: neither has a padding token.
    """
    config = plain_model(model).config
    if tokenizer.pad_token_id is None:
        if getattr(config, "pad_token_id", None) is None:
            raise InputError(
                f"neither the tokenizer nor the configuration of {type(plain_model(model)).__name__} has a padding "
                "token, so texts cannot be asked in batches",
                "set tokenizer.pad_token and model.config.pad_token_id (often the end-of-text token: "
                "tokenizer.pad_token = tokenizer.eos_token)",
            )
        token = tokenizer.convert_ids_to_tokens(config.pad_token_id)
        if not isinstance(token, str):
            raise InputError(
                f"the configuration's pad_token_id={config.pad_token_id} is not a token of the tokenizer",
                "set tokenizer.pad_token and model.config.pad_token_id to the same token",
            )
        tokenizer.pad_token = token
    elif getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id
    return tokenizer


def check_layer_counts(sizes: Any, weights: int, where: str) -> None:
    """Refuse a configuration with more layers than there are weights: each layer would be built before that is seen.

    `where` names the configuration's file in the message.

    Raises:
        ModelFolderError: a number of layers (a whole number whose name has "layer" in it), or the length of a list, is
            larger.

    Example:
        >>> check_layer_counts({"layers": 2, "linear_sizes": [8]}, 7, "config.json")
    """
    items = sizes.items() if isinstance(sizes, dict) else ()
    for name, value in items:
        layers = isinstance(value, int) and not isinstance(value, bool) and "layer" in str(name)
        number = value if layers else len(value) if isinstance(value, list) else 0
        if number > weights:
            raise ModelFolderError(
                f"{name} in {where} asks for {number:,} layers or more, and there are {weights:,} weights",
                "put the files that were saved together into the folder",
            )
        check_layer_counts(value, weights, where)


def check_folder(folder: Path) -> None:
    """Refuse a Hugging Face folder whose configuration asks for more layers than its weights file has tensors.

    A path that is not a folder, or has no weights in a known file, is left to transformers.

    Raises:
        ModelFolderError: a file in the folder is damaged or does not fit.
    """
    try:
        sizes = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return  # transformers says what is wrong
    weights = 0
    try:
        for file in sorted(folder.glob("*.safetensors")):
            with safetensors.safe_open(file, "pt") as opened:
                weights += len(list(opened.keys()))
        for file in sorted(folder.glob("*.bin")):
            with zipfile.ZipFile(file) as archive:
                weights += len(archive.namelist())
    except (OSError, safetensors.SafetensorError, zipfile.BadZipFile):
        return
    if weights:
        check_layer_counts(sizes, weights, str(folder / "config.json"))
