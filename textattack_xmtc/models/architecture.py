"""What training, hardening, model folders and commands ask of an architecture, and the registry of architectures.

A further architecture is one folder, whose class does what `Architecture` says, and one line in `ARCHITECTURES`. The
modules of these classes, and those of their plans, import no network and no library that takes long to load: commands
explain their options from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

import numpy as np

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.importers.options import ImportOptions
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.options import option

if TYPE_CHECKING:
    import datasets
    import torch

    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
    from textattack_xmtc.models.training.checkpoint import Checkpoint

ARCHITECTURES = {
    "attention-xml": "textattack_xmtc.models.attention_xml.architecture:FlatAttentionXML",
    "attention-xml-tree": "textattack_xmtc.models.attention_xml.architecture:TreeAttentionXML",
    "aplc-xlnet": "textattack_xmtc.models.aplc_xlnet.architecture:APLCXLNetArchitecture",
    "sentence-encoder": "textattack_xmtc.models.sentence_encoder.architecture:SentenceEncoderArchitecture",
}
"""The class of each architecture (module and name, imported when it is needed), by the name in `config.json`."""

Log = list[dict[str, Any]]
ParameterGroups: TypeAlias = "list[tuple[list[torch.nn.Parameter], float]]"
"""Parameters, and the learning rate of each group."""


@dataclass(frozen=True)
class TrainingPlan:
    """What to train and how; each architecture has a subclass with its own sizes and settings.

    Attributes:
        architecture: a name in `ARCHITECTURES`.
        settings: how to train; of the architecture's own kind.
        loss: what is trained on.
        max_length: words or sub-words that are read of a text.
        vocabulary_size: at most so many words or sub-words are known.
        validation: training texts held out to choose the best epoch; None for one in 20, at most 2,000.
    """

    architecture: str
    settings: LoopSettings
    loss: LossSettings = field(default_factory=LossSettings)
    max_length: int = option(500, "words or sub-words read of a text", group="network", chosen=True)
    vocabulary_size: int = option(500_000, "most words or sub-words that the model knows", group="network", chosen=True)
    validation: int | None = option(
        None, "training texts held out to choose the best epoch; by default 1 in 20, at most 2,000", group="training"
    )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """This plan with other values of its fields, also of the fields of fields, by name.

        Raises:
            InputError: an invalid value.

        Example:
            >>> from textattack_xmtc.models.training.plan import small_plan
            >>> small_plan("attention-xml").changed({"epochs": 3}).settings.epochs
            3
        """
        made: Self = _changed(self, values)
        return made


class TextLoss(Protocol):
    """The loss of batches of texts: what a training step asks for."""

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on.

        Args:
            encoded: token numbers of each text (`TorchScorer.encode`).
            labels: true labels of each text, as the model counts.
        """

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The mean loss of a batch, a scalar that autograd can follow.

        Args:
            positions: which of the prepared texts the batch has.
            encoded: their token numbers, which may be attacked: as many tokens as before.
            rng: draws what the loss samples.
        """


@dataclass(frozen=True)
class Importer:
    """Reads checkpoints of another program.

    Attributes:
        reader: module and name of the function that gives the model in the files at a path, on the CPU; it raises
            ModelFolderError or InputError.
        check: of the function that says whether the files can be of this architecture, where several share a format.
    """

    reader: str
    check: str | None = None

    def matches(self, source: Path) -> bool:
        """Whether the files at `source` can be of this architecture."""
        return self.check is None or bool(_load_name(self.check)(source))

    def read(self, source: Path, options: ImportOptions) -> TorchScorer:
        """The model in the files at `source`, on the CPU. Raises ModelFolderError or InputError."""
        model: TorchScorer = _load_name(self.reader)(source, options)
        return model


class Architecture(Protocol):
    """An architecture, as training, hardening, model folders and commands use it.

    What concerns a trained model (`word_tables`, `fixed_tokens`, scores) is asked of the model, a `TorchScorer`.

    Attributes:
        name: in `config.json`, records and commands.
        aliases: further names in commands.
        title: for people.
        plan: the kind of plan.
        importers: by kind of checkpoint, as the command `import` names it.
    """

    name: str
    aliases: tuple[str, ...]
    title: str
    plan: type[TrainingPlan]
    importers: Mapping[str, Importer]

    def small_plan(self, loss: LossSettings) -> TrainingPlan:
        """Sizes that learn from scratch in minutes on a CPU, up to some ten thousand texts and labels."""

    def paper_plan(self, loss: LossSettings) -> TrainingPlan:
        """The authors' sizes and settings."""

    def load(
        self, folder: Path, config: Mapping[str, Any], device: torch.device | str | None, dtype: ComputeType
    ) -> TorchScorer:
        """The model of a folder, whose configuration has been read. Raises ModelFolderError."""

    def train(
        self,
        corpus: Corpus,
        plan: Any,
        validate_on: datasets.Dataset | None,
        device: torch.device | str | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[TorchScorer, Log]:
        """A model trained on the split "train" of a corpus, and the log, one entry an epoch."""

    def parameter_groups(self, model: Any, settings: Any) -> ParameterGroups:
        """What is trained of a model, in groups, and the learning rate of each. Raises InputError: nothing can be."""

    def text_loss(
        self, model: Any, settings: Any, loss: LossSettings, label_counts: np.ndarray, n_train: int
    ) -> TextLoss:
        """The loss that a trained model is trained on further.

        Args:
            model: the model.
            settings: how to train, of the architecture's own kind.
            loss: what is trained on.
            label_counts: training texts of each label, shape `(labels,)`.
            n_train: training texts.
        """


def architecture(name: str) -> Architecture:
    """The architecture of this name or alias.

    Raises:
        InputError: there is none.

    Example:
        >>> architecture("aplc-xlnet").title
        'APLC-XLNet'
    """
    if name not in ARCHITECTURES:
        for one in architectures():
            if name in one.aliases:
                return one
        raise InputError(f"unknown architecture {name!r}", f"choose one of {', '.join(ARCHITECTURES)}")
    made: Architecture = _load_name(ARCHITECTURES[name])()
    return made


def architectures() -> list[Architecture]:
    """All architectures, in the order of the registry."""
    return [architecture(name) for name in ARCHITECTURES]


def importers() -> dict[str, list[Importer]]:
    """By kind of checkpoint, what reads it: of several, the first that matches."""
    found: dict[str, list[Importer]] = {}
    for one in architectures():
        for kind, importer in one.importers.items():
            found.setdefault(kind, []).append(importer)
    return found


def read_official(kind: str, source: Path, options: ImportOptions) -> TorchScorer:
    """The model in a checkpoint of another program, on the CPU.

    Args:
        kind: a key of `importers()`.
        source: the checkpoint's file or folder.
        options: what else is known.

    Raises:
        ModelFolderError: the files are missing, damaged or not trusted, or do not fit one another.
        InputError: an option does not apply to the model.
    """
    candidates = importers()[kind]
    if len(candidates) > 1 and not source.is_dir():
        raise ModelFolderError(f"there is no folder {str(source)!r}", "check the path")
    for importer in candidates:
        if importer.matches(source):
            return importer.read(source, options)
    raise ModelFolderError(
        f"{str(source)!r} does not hold a model of {kind}",
        "give the folder of one model, such as models/Wiki10/aplc/None",
    )


def _load_name(reference: str) -> Any:
    module, name = reference.split(":")
    return getattr(import_module(module), name)


def _changed(value: Any, changes: Mapping[str, Any]) -> Any:
    own: dict[str, Any] = {}
    for one in fields(value):
        inner = getattr(value, one.name)
        if is_dataclass(inner) and not isinstance(inner, type):
            own[one.name] = _changed(inner, changes)
        elif one.name in changes:
            own[one.name] = changes[one.name]
    return replace(value, **own)
