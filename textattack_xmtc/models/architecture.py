"""What training, hardening, model folders and commands ask of an architecture, and the registry of architectures.

A further architecture is one folder with an `Architecture`, and one line in `ARCHITECTURES`. The modules of these
descriptions, and those of their plans, import no network and no library that takes long to load: commands explain their
options from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

import numpy as np

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.importers.options import ImportOptions
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.options import option

if TYPE_CHECKING:
    import datasets
    import torch

    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.models.torch_scorer import TorchScorer
    from textattack_xmtc.models.training.checkpoint import Checkpoint

ARCHITECTURES = {
    "attention-xml": "textattack_xmtc.models.attention_xml.architecture:FLAT",
    "attention-xml-tree": "textattack_xmtc.models.attention_xml.architecture:TREE",
    "aplc-xlnet": "textattack_xmtc.models.aplc_xlnet.architecture:APLC_XLNET",
    "attention-xml-encoder": "textattack_xmtc.models.encoder_heads.architecture:ATTENTION_XML",
    "attention-xml-tree-encoder": "textattack_xmtc.models.encoder_heads.architecture:TREE",
    "aplc-xlnet-encoder": "textattack_xmtc.models.encoder_heads.architecture:APLC",
    "sentence-encoder": "textattack_xmtc.models.sentence_encoder.architecture:SENTENCE_ENCODER",
}
"""Where the description of each architecture is (module and name), by the name in `config.json`."""

Log = list[dict[str, Any]]
ParameterGroups: TypeAlias = "list[tuple[list[torch.nn.Parameter], float]]"
"""Parameters, and the learning rate of each group."""


@dataclass(frozen=True)
class TrainingPlan:
    """What to train and how; each architecture has a subclass with its own sizes and settings."""

    architecture: str
    settings: LoopSettings
    loss: LossSettings = field(default_factory=LossSettings)
    max_length: int = option(500, "words or sub-words read of a text", group="network", chosen=True)
    vocabulary_size: int = option(500_000, "most words or sub-words that the model knows", group="network", chosen=True)
    validation: int | None = option(
        None, "training texts held out to choose the best epoch; by default 1 in 20, at most 2,000", group="training"
    )
    reserve: float | None = option(
        None,
        "share of the training texts, drawn by their ids, that is set aside and never trained on",
        group="training",
    )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """This plan with other values of its fields, also of the fields of fields, by name.

        Raises:
            InputError: an invalid value, or a name that no field has: another architecture may have it.

        Example:
            >>> from textattack_xmtc.models.training.plan import small_plan
            >>> small_plan("attention-xml").changed({"epochs": 3}).settings.epochs
            3
        """
        names = list(_names(self))
        if unknown := sorted(set(values) - set(names)):
            raise InputError(
                f"a plan of {self.architecture!r} has no {', '.join(unknown)}",
                f"it has {', '.join(names)}; plans of other architectures may have others",
            )
        made: Self = _changed(self, values)
        return made


class TextLoss(Protocol):
    """The loss of batches of texts: what a training step asks for."""

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts (`TorchScorer.encode`) with these true labels from now on."""

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The mean loss of a batch, a scalar that autograd can follow.

        `positions` says which of the prepared texts it has. `encoded` are their token numbers, as many as before, which
        may be attacked. `rng` draws what the loss samples.
        """


@dataclass(frozen=True)
class Importer:
    """Reads checkpoints of another program.

    Attributes:
        reader: module and name of the function that gives the model in the files at a path, on the CPU.
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


@dataclass(frozen=True)
class Architecture:
    """An architecture, as training, hardening, model folders and commands use it.

    What concerns a trained model (`word_tables`, `fixed_tokens`, scores) is asked of the model, a `TorchScorer`. What
    needs a network is named here by module, and imported when it is asked for.

    Attributes:
        name: in `config.json`, records and commands.
        plan: the kind of plan.
        small_plan: gives sizes that learn from scratch in minutes on a CPU, up to some ten thousand texts and labels.
        paper_plan: gives the authors' sizes and settings.
        model: module and name of the class of its models.
        training: the module with `train`, `parameter_groups` and `text_loss`, which the methods of these names explain.
        importers: by kind of checkpoint, as the command `import` names it.
    """

    name: str
    title: str
    plan: type[TrainingPlan]
    small_plan: Callable[[LossSettings], TrainingPlan]
    paper_plan: Callable[[LossSettings], TrainingPlan]
    model: str
    training: str
    aliases: tuple[str, ...] = ()
    importers: Mapping[str, Importer] = field(default_factory=dict)

    def model_class(self) -> type[TorchScorer]:
        """The class of its models."""
        model_class: type[TorchScorer] = _load_name(self.model)
        return model_class

    def train(
        self,
        corpus: Corpus,
        plan: TrainingPlan,
        validate_on: datasets.Dataset | None = None,
        device: torch.device | str | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> tuple[TorchScorer, Log]:
        """Train a model on the training split of a corpus.

        The same corpus, plan and seed give the same weights on a CPU with the same number of threads, whether or not
        the training was interrupted and resumed from its checkpoint.

        Args:
            corpus: with a split "train".
            plan: what to train and how.
            validate_on: texts that the model is measured on after each epoch; the best epoch's weights are kept.
            device: "cpu", "cuda", ...; by default the GPU where there is one.
            checkpoint: where the state of the training is kept; an unfinished one is resumed.

        Returns:
            The model and the log, one entry an epoch.

        Raises:
            InputError: there are no training texts, the plan is invalid, or the checkpoint is of another training.
        """
        if not len(corpus.split("train")):
            raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
        trained: tuple[TorchScorer, Log] = self._of_training("train")(corpus, plan, validate_on, device, checkpoint)
        return trained

    def parameter_groups(self, model: TorchScorer, settings: LoopSettings) -> ParameterGroups:
        """What is trained of a model, in groups, and the learning rate of each. Raises InputError: nothing can be."""
        groups: ParameterGroups = self._of_training("parameter_groups")(model, settings)
        return groups

    def text_loss(self, model: TorchScorer, settings: LoopSettings, loss: CountedLoss) -> TextLoss:
        """The loss that a trained model is trained on further."""
        made: TextLoss = self._of_training("text_loss")(model, settings, loss)
        return made

    def _of_training(self, name: str) -> Any:
        return _load_name(f"{self.training}:{name}")


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
    made: Architecture = _load_name(ARCHITECTURES[name])
    return made


def architectures() -> list[Architecture]:
    """All architectures, in the order of the registry."""
    return [architecture(name) for name in ARCHITECTURES]


def importers() -> dict[str, list[Importer]]:
    """By kind of checkpoint, what reads it: of several, the first that matches."""
    by_kind: dict[str, list[Importer]] = {}
    for one in architectures():
        for kind, importer in one.importers.items():
            by_kind.setdefault(kind, []).append(importer)
    return by_kind


def read_official(kind: str, source: Path, options: ImportOptions) -> TorchScorer:
    """The model in a checkpoint of another program, on the CPU; `kind` is a key of `importers()`.

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


def _names(value: Any) -> Iterator[str]:
    """The fields of a plan and of its parts that can be changed."""
    for one in fields(value):
        inner = getattr(value, one.name)
        if is_dataclass(inner) and not isinstance(inner, type):
            yield from _names(inner)
        else:
            yield one.name


def _changed(value: Any, changes: Mapping[str, Any]) -> Any:
    new: dict[str, Any] = {}
    for one in fields(value):
        inner = getattr(value, one.name)
        if is_dataclass(inner) and not isinstance(inner, type):
            new[one.name] = _changed(inner, changes)
        elif one.name in changes:
            new[one.name] = changes[one.name]
    return replace(value, **new)
