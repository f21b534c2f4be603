"""`from_pretrained` and `save_pretrained` for this package's models, in the manner of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import huggingface_hub
import torch

from textattack_xmtc.errors import InputError, ModelFolderError, reason_of
from textattack_xmtc.models.folder import CONFIG, load_model, save_model
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.scores import ComputeType

_FILES = ("*.json", "*.jsonl", "*.safetensors", "*.txt")  # what a model folder holds: nothing that could run


class PretrainedScorer(TorchScorer):
    """A `TorchScorer` that loads and saves itself.

    This is not `huggingface_hub.ModelHubMixin`: that one writes a model card and a configuration of the constructor's
    arguments into the folder, and reads a configuration without the checks of `models.folder`.
    """

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        device: torch.device | str | None = None,
        dtype: ComputeType = "float32",
        **hub: Any,
    ) -> Self:
        """A model of this class, from a folder or from a repository of the Hugging Face Hub. No code in it is run.

        Args:
            source: the folder, or the name of a repository that holds the files of one.
            device: "cpu", "cuda", ...; by default the GPU where there is one.
            dtype: what the encoder computes in.
            hub: options of `huggingface_hub.snapshot_download`: `revision`, `token`, `cache_dir`, `local_files_only`.

        Raises:
            ModelFolderError: as `load_model` says, or the model is of another class.
            InputError: there is no such folder, and the repository cannot be downloaded.
        """
        folder = Path(source)
        if not folder.exists() and not str(source).startswith((".", "/", "~")):
            try:
                folder = Path(huggingface_hub.snapshot_download(str(source), allow_patterns=[*_FILES], **hub))
            except Exception as error:  # of the network, of the hub, or of a name that no repository can have
                raise InputError(
                    f"there is no folder {str(source)!r}, and the repository cannot be downloaded ({reason_of(error)})",
                    "give the folder of a model, or the name of a repository that can be reached",
                ) from error
        model = load_model(folder, device, dtype)
        if not isinstance(model, cls):
            raise ModelFolderError(
                f"{str(source)!r} holds a model of the class {type(model).__name__}, not {cls.__name__}",
                f"call {type(model).__name__}.from_pretrained, or load_model, which reads every class",
            )
        return model

    def save_pretrained(self, folder: str | Path) -> Path:
        """Save the model as a folder that `from_pretrained` reads, with its masked language model where it has one.

        A model folder at that place is replaced. `training.json` and `test.jsonl` are not written.

        Raises:
            InputError: there is something else at that place.
        """
        folder = Path(folder)
        if folder.exists() and not (folder / CONFIG).is_file() and (folder.is_file() or any(folder.iterdir())):
            raise InputError(f"{str(folder)!r} exists and is not a model folder", "choose another folder")
        return save_model(self, folder, masked_lm=self.masked_lm_folder)
