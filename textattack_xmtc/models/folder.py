"""A model as a folder: JSON and safetensors, nothing that runs code when it is read.

config.json        format, architecture, hyper-parameters, what the scores are
model.safetensors  the weights
vocabulary.json    the words, by number (AttentionXML)
tree.safetensors   the label tree (AttentionXML as label tree)
tokenizer.json     the sub-words (APLC-XLNet)
encoder/           configuration and tokenizer of a pretrained encoder, as transformers saves them
labels.json        the label names, by index
training.json      what it was trained on, and the log (optional)
test.jsonl         its test split, one {"id", "text", "labels"} a line (optional)
masked_lm/         a masked language model of the same texts, as transformers saves it (optional)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save_file

from textattack_xmtc._version import __version__
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.architecture import ARCHITECTURES, architecture
from textattack_xmtc.models.hugging_face import check_layer_counts
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.scores import ComputeType
from textattack_xmtc.workdir.files import write_json
from textattack_xmtc.workdir.folders import atomic_folder

FORMAT = 1
CONFIG, WEIGHTS, VOCABULARY, LABELS = "config.json", "model.safetensors", "vocabulary.json", "labels.json"
TRAINING, TEST, MASKED_LM = "training.json", "test.jsonl", "masked_lm"

_AGAIN = "save or copy the model again"


def load_model(
    folder: Path | str, device: torch.device | str | None = None, dtype: ComputeType = "float32"
) -> TorchScorer:
    """The model of a folder that this package saved, ready to score.

    Args:
        folder: the folder.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        dtype: what the encoder computes in; "bfloat16" has the tolerance that the class states.

    Raises:
        ModelFolderError: the folder or one of its files is missing, damaged, of an unknown architecture or a newer
            format, or its weights do not fit its configuration (the message names the key).
    """
    folder = Path(folder)
    config = read_config(folder)
    kind = architecture(config["architecture"])
    labels, model_class = read_words(folder, LABELS), kind.model_class()
    check_layer_counts(config, len(weight_shapes(folder)), str(folder / CONFIG))

    def undescribed(error: Exception) -> ModelFolderError:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        return ModelFolderError(
            f"{CONFIG} in {str(folder)!r} does not describe a model of kind {kind.title} ({reason})",
            "save the model again",
        )

    try:
        parts = model_class.parts_of_folder(folder, config, len(labels))
    except ModelFolderError:
        raise
    except Exception as error:  # transformers and torch have no common error for sizes that cannot be
        raise undescribed(error) from error
    read_weights(folder, parts["network"])
    try:
        return model_class(
            **parts, label_names=labels, device=device, masked_lm_folder=masked_lm_of(folder), dtype=dtype
        )
    except InputError as error:
        raise undescribed(error) from error


def save_model(
    model: TorchScorer,
    folder: Path | str,
    training: Mapping[str, Any] | None = None,
    test: Iterable[Document] | None = None,
    masked_lm: Path | None = None,
) -> Path:
    """Save a model as a folder; what was there before stays until the new one is complete.

    `training` is what it was trained on and the log, kept as `training.json`; `test` its test split, kept as
    `test.jsonl`; `masked_lm` a folder with a masked language model of the same texts, which is copied. Returns the
    folder.
    """
    with atomic_folder(folder) as new:
        write_model(model, new, training, test)
        if masked_lm is not None:
            shutil.copytree(masked_lm, new / MASKED_LM)
    return Path(folder)


def write_model(
    model: TorchScorer,
    folder: Path,
    training: Mapping[str, Any] | None = None,
    test: Iterable[Document] | None = None,
) -> None:
    """Write a model's files into a folder that is there; `save_model` is the safe way to replace one."""
    config = {
        "format": FORMAT,
        "architecture": model.architecture,
        "written_by": f"textattack-xmtc {__version__}",
        "score_kinds": list(model.score_kinds),
        "mask_word": model.mask_word,
        **model.settings(),
    }
    write_json(folder / CONFIG, config)
    write_json(folder / LABELS, model.label_names)
    model.write_own_files(folder)
    weights = {key: value.detach().cpu().contiguous() for key, value in model.network.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    if training is not None:
        write_json(folder / TRAINING, training)
    if test is not None:
        with (folder / TEST).open("w", encoding="utf-8") as lines:
            for row in test:
                values = {"id": row.id, "text": row.text, "labels": list(row.labels)}
                lines.write(json.dumps(values, ensure_ascii=False) + "\n")


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model folder, once it is clear that this version can read the folder.

    Raises:
        ModelFolderError: as `load_model` says.
    """
    if not folder.is_dir():
        raise ModelFolderError(f"there is no model folder {str(folder)!r}", "check the path, or train a model first")
    config = read_dict(folder, CONFIG)
    if "format" not in config and "model_type" in config:
        raise ModelFolderError(
            f"{str(folder)!r} is a Hugging Face model ({config['model_type']}), not one that this package saved",
            "load it with textattack_xmtc.wrappers.HuggingFaceWrapper",
        )
    version, name = config.get("format"), config.get("architecture")
    if not isinstance(version, int) or version < 1:
        raise ModelFolderError(f"{CONFIG} in {str(folder)!r} has the format {version!r}, not a number", _AGAIN)
    if version > FORMAT:
        raise ModelFolderError(
            f"{str(folder)!r} has format {version}; this version reads up to format {FORMAT}",
            "upgrade textattack-xmtc",
        )
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ModelFolderError(
            f"{str(folder)!r} holds a model of the unknown architecture {name!r}",
            f"this version knows {', '.join(ARCHITECTURES)}",
        )
    return config


def masked_lm_of(folder: Path) -> Path | None:
    """The masked language model kept in a model folder, or None."""
    return folder / MASKED_LM if (folder / MASKED_LM / CONFIG).is_file() else None


def read_dict(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file of a model folder.

    Raises:
        ModelFolderError: the file is missing or does not hold that.
    """
    value = _read_json(folder, name)
    if not isinstance(value, dict):
        raise ModelFolderError(f"{name} in {str(folder)!r} holds a {type(value).__name__}, not an object", _AGAIN)
    return value


def read_words(folder: Path, name: str) -> list[str]:
    """The JSON list of strings in a file of a model folder.

    Raises:
        ModelFolderError: the file is missing or does not hold that.
    """
    value = _read_json(folder, name)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ModelFolderError(f"{name} in {str(folder)!r} does not hold a list of strings", _AGAIN)
    try:
        "".join(value).encode()
    except UnicodeEncodeError as error:
        raise ModelFolderError(f"{name} in {str(folder)!r} does not hold valid Unicode ({error})", _AGAIN) from None
    return value


def weight_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each weight of a model folder, from the header of its file: no weight is read.

    Raises:
        ModelFolderError: the file is missing or damaged.
    """
    file = folder / WEIGHTS
    if not file.is_file():
        raise ModelFolderError(f"{str(folder)!r} has no {WEIGHTS}", _AGAIN)
    try:
        with safetensors.safe_open(file, "pt") as opened:
            return {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFolderError(f"{str(file)!r} is damaged or cut off ({error})", _AGAIN) from error


def check_shapes(
    file: Path,
    shapes: Mapping[str, Sequence[int]],
    wanted: Mapping[str, Sequence[int]],
    asked_by: str,
    names: Mapping[str, str] | None = None,
) -> None:
    """See that a file of weights has exactly those that are wanted, by name and shape.

    `asked_by` says in the message what asks for them; `names` has their names in the file, where these are others.

    Raises:
        ModelFolderError: a weight is missing, unknown or of another shape.
    """
    fix = "put the files that belong together into one folder"
    for key in wanted:
        if key not in shapes:
            raise ModelFolderError(f"{str(file)!r} lacks the weight {key!r}", fix)
    for key, shape in sorted(shapes.items(), key=lambda item: item[0] in wanted):  # first those that are unknown
        weight = f"the weight {(names or {}).get(key, key)!r}"
        if key not in wanted:
            raise ModelFolderError(f"{str(file)!r} holds {weight}; by {asked_by}, there should be none", fix)
        if tuple(shape) != tuple(wanted[key]):
            raise ModelFolderError(
                f"{weight} in {str(file)!r} has the shape {tuple(shape)}; by {asked_by}, it should be "
                f"{tuple(wanted[key])}",
                fix,
            )


def read_weights(folder: Path, network: torch.nn.Module) -> None:
    """Give `network`, which may be on the device "meta", the weights of a model folder, on the CPU.

    Weights in float16 or bfloat16 become float32.

    Raises:
        ModelFolderError: the file is missing or damaged; a weight is missing, unknown, of another shape, of whole
            numbers where the network has others, or not finite.
    """
    file, shapes, wanted = folder / WEIGHTS, weight_shapes(folder), network.state_dict()
    check_shapes(
        file, shapes, {key: value.shape for key, value in wanted.items()}, f"its {CONFIG}, vocabulary and labels"
    )
    try:
        weights = load_file(file)
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelFolderError(f"{str(file)!r} is damaged or cut off ({error})", _AGAIN) from error
    for key, value in wanted.items():
        weight = weights[key]
        if weight.is_floating_point() != value.is_floating_point():
            raise ModelFolderError(f"the weight {key!r} in {str(file)!r} is of type {weight.dtype}", _AGAIN)
        if not bool(torch.isfinite(weight).all()):
            raise ModelFolderError(f"the weight {key!r} in {str(file)!r} has NaN or infinite values", _AGAIN)
        weights[key] = weight.to(value.dtype)
    network.load_state_dict(weights, assign=True)


def _read_json(folder: Path, name: str) -> Any:
    file = folder / name
    if not file.is_file():
        raise ModelFolderError(f"{str(folder)!r} has no {name}", "check that it is a folder that this package saved")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise ModelFolderError(f"{str(file)!r} cannot be read as JSON ({error})", _AGAIN) from error
