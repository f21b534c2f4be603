"""Training a head over a pretrained encoder: on token states that are computed once, or together with the encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.encoders.token_states import States, TokenStates, kept_states
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.aplc_xlnet.scorer import default_cutoffs
from textattack_xmtc.models.architecture import Log, ParameterGroups, TextLoss
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.training import FlatLoss
from textattack_xmtc.models.attention_xml.tree_training import LevelTraining, TreeLoss, build_label_tree, tree_of
from textattack_xmtc.models.batches import by_length
from textattack_xmtc.models.encoder_heads.architecture import EncoderHeadPlan, EncoderHeadSettings
from textattack_xmtc.models.encoder_heads.heads import LabelClusterHead, StateAttention, StateNetwork
from textattack_xmtc.models.encoder_heads.scorer import (
    AttentionOnEncoder,
    AttentionTreeOnEncoder,
    ClustersOnEncoder,
    EncoderScorer,
)
from textattack_xmtc.models.evaluation import validation, watched_measures
from textattack_xmtc.models.loss_settings import CountedLoss
from textattack_xmtc.models.sentence_encoder.network import PooledEncoder, SentenceEncoderNetwork, width_of
from textattack_xmtc.models.sentence_encoder.pretrained import check_length, read_encoder
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.models.training.checkpoint import Checkpoint, run_with_checkpoint
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth

_BATCH = 32  # texts that the encoder reads at once to compute states: larger batches are no faster on a CPU
_NOT_STATES = ("_name_or_path", "transformers_version", "torch_dtype", "dtype", "architectures")


def train(
    corpus: Corpus,
    plan: EncoderHeadPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[EncoderScorer, Log]:
    """Train a head over a pretrained encoder, as `Architecture.train` says.

    A frozen encoder reads each text once, before the training: its token states are kept in `plan.states`, or else
    beside the checkpoint until the training ends.

    Raises:
        ModelFolderError: the encoder or its tokenizer cannot be read.
        InputError: no encoder is named, it has fewer positions than `max_length`, or an option does not apply.
    """
    _check(plan)
    state = (checkpoint.read() if checkpoint else None) or {}
    model = _new_model(corpus, plan, device, tree_of(state) if "tree" in state else None)
    rows, settings = corpus.split("train"), plan.settings
    model.top_k([], min(5, len(model.label_names)))  # refuses a beam that reaches fewer: it could not be measured
    encoded = model.encode(rows["text"])
    loss = text_loss(model, settings, CountedLoss(plan.loss, corpus.label_counts, len(rows)))
    if plan.fine_tune:
        loss.prepare(encoded, rows["labels"])
        training = Training(
            model.network,
            parameter_groups(model, settings),
            linear_to_a_tenth,
            [len(text) for text in encoded],
            lambda positions, rng: loss(positions, [encoded[position] for position in positions], rng),
            settings,
            model.name,
        )
        return model, run_with_checkpoint(
            training, checkpoint, None if validate_on is None else partial(validation, model, validate_on)
        )
    folder = Path(plan.states) if plan.states else checkpoint.file.parent / "states" if checkpoint else None
    states = _states(model, encoded, folder, settings.dtype)
    validate = None
    if validate_on is not None:
        of_validation = _states(model, model.encode(validate_on["text"]), folder, settings.dtype)
        validate = partial(_validated, model, of_validation, validate_on["labels"])

    def inputs(positions: Sequence[int], training: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
        of_texts, lengths = states.batch(positions)
        return of_texts.to(model.device), lengths.to(model.device)

    if isinstance(model, AttentionTreeOnEncoder):
        levels = LevelTraining(model.levels, inputs, states.lengths, settings, plan.tree.beam, plan.loss)
        return model, levels.run(corpus.label_matrix("train"), validate, checkpoint, state)
    assert isinstance(loss, StateLoss | ClusterLoss)
    loss.prepare(encoded, rows["labels"])
    training = Training(
        model.network.head,
        parameter_groups(model, settings),
        linear_to_a_tenth,
        states.lengths,
        lambda positions, rng: loss.of_states(*inputs(positions), positions, rng),
        settings,
        model.name,
    )
    return model, run_with_checkpoint(training, checkpoint, validate)


def parameter_groups(model: EncoderScorer, settings: EncoderHeadSettings) -> ParameterGroups:
    """The head, and the encoder where it is fine-tuned, which has a rate of its own."""
    groups = [(list(model.network.head.parameters()), settings.learning_rate)]
    if model.network.encoder.trainable:
        groups.append((list(model.network.encoder.parameters()), settings.encoder_rate))
    return groups


class StateLoss(FlatLoss):
    """The loss of texts of label attention over token states: a `TextLoss`, as `FlatLoss`."""

    def __init__(self, model: AttentionOnEncoder, settings: EncoderHeadSettings, loss: CountedLoss) -> None:
        super().__init__(model, settings, loss)
        assert isinstance(model.network.head, StateAttention)
        self._model, self._network = model, model.network.head

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        return self.of_states(*self._model.states(encoded, self._settings.word_dropout), positions, rng)

    def of_states(
        self, states: torch.Tensor, lengths: torch.Tensor, positions: Sequence[int], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch whose token states are at hand."""
        return self.of_inputs(states, lengths, positions, rng)


class StateTreeLoss(TreeLoss):
    """The loss of texts on all levels of a label tree over token states: a `TextLoss`, as `TreeLoss`."""

    def __init__(self, model: AttentionTreeOnEncoder, settings: EncoderHeadSettings, loss: CountedLoss) -> None:
        super().__init__(model, settings, loss)
        self._model, self._network = model, model.levels

    def _inputs(self, encoded: Encoded, word_dropout: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        return self._model.states(encoded, word_dropout)


class ClusterLoss:
    """The loss of texts of label clusters over an encoder: a `TextLoss`."""

    def __init__(self, model: ClustersOnEncoder, settings: EncoderHeadSettings, loss: CountedLoss) -> None:
        self._model, self._settings = model, settings
        self._loss_of = loss.of_labels().to(model.device)

    def prepare(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = [list(map(int, row)) for row in labels]

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        return self.of_states(*self._model.states(encoded, self._settings.word_dropout), positions, rng)

    def of_states(
        self, states: torch.Tensor, lengths: torch.Tensor, positions: Sequence[int], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch whose token states are at hand."""
        vectors = self._model.pooled(states, lengths)
        return self._model.head.loss(vectors, [self._true[position] for position in positions], self._loss_of)


def text_loss(model: EncoderScorer, settings: EncoderHeadSettings, loss: CountedLoss) -> TextLoss:
    """What `Architecture.text_loss` makes."""
    if isinstance(model, AttentionTreeOnEncoder):
        return StateTreeLoss(model, settings, loss)
    if isinstance(model, AttentionOnEncoder):
        return StateLoss(model, settings, loss)
    assert isinstance(model, ClustersOnEncoder)
    return ClusterLoss(model, settings, loss)


def _check(plan: EncoderHeadPlan) -> None:
    if not plan.encoder:
        raise InputError("a head over a pretrained encoder needs one", "give --encoder FOLDER")
    if plan.fine_tune and plan.architecture == AttentionTreeOnEncoder.architecture:
        raise InputError(
            "--fine-tune does not apply to a label tree: its levels are trained one after the other on one encoder",
            "fine-tune the flat model, and give its encoder here",
        )
    if plan.fine_tune and plan.states:
        raise InputError("--states keeps the states of a frozen encoder", "leave out --states or --fine-tune")
    if plan.settings.word_dropout and not plan.fine_tune:
        raise InputError(
            "--word-dropout does not apply to a frozen encoder, which reads each text once",
            "leave it out, or --fine-tune",
        )


def _new_model(
    corpus: Corpus, plan: EncoderHeadPlan, device: torch.device | str | None, tree: LabelTree | None
) -> EncoderScorer:
    """An untrained head, whose labels start at their rates, on the encoder of a plan."""
    rows, number, seed = corpus.split("train"), len(corpus.label_names), plan.settings.seed
    read, tokenizer, pooling = read_encoder(str(plan.encoder))
    check_length(read, plan.max_length, str(plan.encoder))
    encoder, width = PooledEncoder(read, plan.pooling or pooling, plan.fine_tune), width_of(read)
    common: dict[str, Any] = {"max_length": plan.max_length, "device": device}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if plan.architecture == AttentionTreeOnEncoder.architecture:
            if tree is None:
                tree = build_label_tree(list(rows["text"]), corpus.label_matrix("train"), plan.tree, seed)
            network = AttentionTreeOnEncoder.network_of(encoder, tree, plan.head_dropout)
            return AttentionTreeOnEncoder(network, tokenizer, corpus.label_names, beam=plan.tree.beam, **common)
        if plan.architecture == AttentionOnEncoder.architecture:
            attention = StateAttention(number, width, plan.head_dropout)
            attention.start_at_rates(corpus.label_counts / len(rows))
            return AttentionOnEncoder(StateNetwork(encoder, attention), tokenizer, corpus.label_names, **common)
        head = LabelClusterHead(number, width, default_cutoffs(number), plan.head_dropout)
        head.start_at_rates(rows["labels"])
        return ClustersOnEncoder(SentenceEncoderNetwork(encoder, head), tokenizer, corpus.label_names, **common)


def _validated(model: EncoderScorer, states: TokenStates, labels: Sequence[Sequence[int]]) -> Mapping[str, float]:
    """What a training watches, from states at hand."""
    best = np.empty((len(states.lengths), min(5, len(model.label_names))), dtype=np.int64)
    for positions in by_length(states.lengths, _BATCH):
        of_texts, lengths = states.batch(positions)
        with torch.inference_mode():
            best[positions] = model.best_of(of_texts.to(model.device), lengths.to(model.device), best.shape[1])
    return watched_measures(best, label_matrix(labels, len(model.label_names)))


def _states(
    model: EncoderScorer, encoded: Encoded, folder: Path | None, dtype: Literal["float32", "bfloat16"]
) -> TokenStates:
    """The token states of texts by the encoder of a model, computed in `dtype`."""

    def encode(texts: Encoded) -> list[States]:
        states: list[States] = [np.empty((0, 0), dtype=np.float16)] * len(texts)
        for positions in by_length([len(text) for text in texts], _BATCH):
            with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=dtype != "float32"):
                batch, _ = model.states([texts[position] for position in positions])
            for position, of_text in zip(positions, batch.cpu().numpy(), strict=True):
                states[position] = of_text[: len(texts[position])].astype(np.float16)
        return states

    encoder = model.network.encoder
    return kept_states(f"{fingerprint(encoder)} {dtype}", encode, encoded, width_of(encoder.model), folder)


def fingerprint(encoder: PooledEncoder) -> str:
    """What tells encoders apart that give other states: sizes and settings, and all weights."""
    config: Any = encoder.model.config
    sizes = {key: value for key, value in config.to_dict().items() if key not in _NOT_STATES}
    digest = hashlib.sha256(json.dumps(sizes, sort_keys=True, default=str).encode())
    for key, value in sorted(encoder.state_dict().items()):
        digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
