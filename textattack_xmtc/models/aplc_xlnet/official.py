"""Official APLC-XLNet checkpoints (github.com/huiyegit/APLC_XLNet): a folder with weights, sizes and sub-words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import XLNetConfig, XLNetTokenizerFast

from textattack_xmtc.errors import InputError, MissingExtraError, ModelFolderError, panics_as_errors, reason_of
from textattack_xmtc.models.aplc_xlnet.network import APLCXLNetConfig, APLCXLNetNetwork
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.aplc_xlnet.subwords import SUBWORDS, Subwords
from textattack_xmtc.models.importers.checkpoints import read_checkpoint
from textattack_xmtc.models.importers.names import read_label_names
from textattack_xmtc.models.importers.options import ImportOptions

CONFIG, PIECES = "config.json", "spiece.model"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
MAX_LENGTH = 512  # what the authors read of a text of Wiki10-31K
_SIZES = (
    *("d_model", "n_layer", "n_head", "d_inner", "ff_activation", "untie_r", "attn_type", "initializer_range"),
    *("layer_norm_eps", "dropout", "bi_data", "clamp_len", "summary_last_dropout", "last_hidden_size"),
)
_SUMMARY = {"summary_type": "last", "summary_use_proj": True, "summary_activation": "tanh"}
_BELONGS = "put the files that belong together into the folder"


def is_aplc_xlnet(folder: Path) -> bool:
    """Whether a folder can hold an APLC-XLNet."""
    return (folder / CONFIG).is_file()


def read_aplc_xlnet(folder: Path, options: ImportOptions) -> APLCXLNet:
    """The model in an official folder, on the CPU: `config.json`, `pytorch_model.bin`, `spiece.model`.

    `model.safetensors` and `tokenizer.json` may stand for the last two; `labels.txt`, which lies beside the data, is
    looked for in the folder.

    Raises:
        ModelFolderError: a file is missing, damaged or not trusted, or shapes do not fit (the message names the key).
        MissingExtraError: `spiece.model` cannot be read without sentencepiece and protobuf.
        InputError: `max_length` is below 3, or an option of AttentionXML is given.
    """
    options.refuse("an APLC-XLNet", "vocabulary", "configurations", "beam")
    if not folder.is_dir():
        raise ModelFolderError(f"there is no folder {str(folder)!r}", "give the folder that holds config.json")
    description = _description(folder)
    names = read_label_names(options.labels, folder, options.trust)
    labels = description.get("num_labels")
    if labels != len(names):
        raise ModelFolderError(
            f"num_labels is {labels!r} in {str(folder / CONFIG)!r}, and there are {len(names)} label names", _BELONGS
        )
    file = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if file is None:
        raise ModelFolderError(f"{str(folder)!r} has neither {' nor '.join(WEIGHTS)}", "copy or download it again")
    try:
        sizes = _sizes(description)
        with torch.device("meta"):
            network = APLCXLNetNetwork(len(names), sizes)
    except Exception as error:  # what transformers and torch raise of sizes that cannot be is of no one kind
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFolderError(
            f"{str(folder / CONFIG)!r} does not describe an APLC-XLNet that this package knows ({reason})",
            "check that it is one of an official checkpoint",
        ) from error
    checkpoint = read_checkpoint(file, options.trust)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    official = {key: key.replace("label_clusters.", "AdaptiveMultiLabel.", 1) for key in shapes}
    checkpoint.check({official[key]: shape for key, shape in shapes.items()}, f"the {CONFIG} beside it")
    network.load_state_dict({key: checkpoint.weights[name] for key, name in official.items()}, assign=True)
    subwords = _subwords(folder)
    if len(subwords) > sizes.vocabulary_size:
        raise ModelFolderError(
            f"the sub-words in {str(folder)!r} are {len(subwords)}; 'transformer.word_embedding.weight' in "
            f"{str(file)!r} has {sizes.vocabulary_size} rows",
            _BELONGS,
        )
    max_length = MAX_LENGTH if options.max_length is None else options.max_length
    return APLCXLNet(network, subwords, names, max_length, device="cpu")


def _description(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFolderError(
            f"{str(file)!r} cannot be read as JSON ({error})", "copy or download it again"
        ) from error
    if not isinstance(description, dict) or "adaptive_cutoff" not in description:
        raise ModelFolderError(
            f"{str(file)!r} does not describe an APLC-XLNet (no 'adaptive_cutoff')",
            "give the folder of an official checkpoint",
        )
    return description


def _sizes(description: Mapping[str, Any]) -> APLCXLNetConfig:
    for name, value in _SUMMARY.items():
        if description.get(name, value) != value:
            raise InputError(f"{name} is {description[name]!r}, not {value!r}")
    if not description.get("untie_r", True):
        raise InputError("untie_r is false: its layers share their position biases")
    given = {name: description[name] for name in _SIZES if name in description}
    if "transformers_version" not in description and given.get("ff_activation", "gelu") == "gelu":
        # The release of XLNet that the authors built on computes the approximation that is called gelu_new today.
        given["ff_activation"] = "gelu_new"
    words = description.get("vocab_size", description.get("n_token"))
    if type(words) is not int:
        raise KeyError("n_token")
    cutoffs = [int(cutoff) for cutoff in description["adaptive_cutoff"]]
    return APLCXLNetConfig.of_xlnet(
        XLNetConfig(**given, vocab_size=words), cutoffs, float(description.get("div_value", 2))
    )


def _subwords(folder: Path) -> Subwords:
    if (folder / SUBWORDS).is_file():
        return Subwords.of_official_folder(folder)
    file = folder / PIECES
    if not file.is_file():
        raise ModelFolderError(f"{str(folder)!r} has neither {PIECES} nor {SUBWORDS}", "copy or download it again")
    for library in ("sentencepiece", "google.protobuf"):
        if not _installed(library):
            raise MissingExtraError(
                f"{str(file)!r} cannot be read without sentencepiece and protobuf",
                f"pip install sentencepiece protobuf, or put the {SUBWORDS} of the same XLNet into the folder",
            )
    try:
        with panics_as_errors():
            return Subwords.of_transformers(XLNetTokenizerFast.from_pretrained(str(folder), local_files_only=True))
    except ModelFolderError:
        raise
    except Exception as error:  # what a damaged file raises is of no one kind
        raise ModelFolderError(
            f"{str(file)!r} cannot be read ({reason_of(error)})", "copy or download it again"
        ) from error


def _installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:  # of the package around it
        return False
