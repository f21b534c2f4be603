"""How each architecture is trained on: its loss on any texts and its learning rates, for the common loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.gradient_attack import Aim, GradientAttack
from textattack_xmtc.hardening.schedule import Clock, Schedule
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.aplc_xlnet.training import APLCXLNetSettings
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.attention_xml.training import (
    AttentionXMLSettings,
    falling_to_a_tenth,
    loss_of_words,
    with_unknown_words,
)
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.models.attention_xml.tree_training import loss_of_level, training_groups, true_nodes
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.losses import LossSettings
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.training.loop import LoopSettings, Training

TRAINABLE = "AttentionXML (flat or with a label tree) and APLC-XLNet"

WARM_UP = 0.05
"""Share of the steps in which the rates rise: Adam knows nothing of the model yet."""


class FineTuning:
    """A trained model, the texts of the round that it is trained on, and the common loop around them.

    A round is an epoch of the loop. The weights of the second half of the rounds are averaged, as training from
    scratch averages those of its last epochs: that is what is measured and kept.

    Args:
        model: what is trained, in place.
        settings: what it was trained with (see `settings_of`); batch size, clipping, word dropout and rates count.
        loss: what is trained on.
        counts: training texts of each label, as the model counts.
        n_train: training texts.
        rate: learning rates, as a share of those of `settings`.
        schedule: how long.
        seed: of the order of texts and of dropout.
        exchanged: share of the words of a text with an aim that its attack exchanges at most.

    Raises:
        InputError: the model is none that can be trained.
    """

    def __init__(
        self,
        model: TorchScorer,
        settings: AttentionXMLSettings | APLCXLNetSettings,
        loss: LossSettings,
        counts: np.ndarray,
        n_train: int,
        rate: float,
        schedule: Schedule,
        seed: int,
        exchanged: float,
    ) -> None:
        self.model, self._settings, self._exchanged = model, settings, exchanged
        self.lengths: list[int] = [1] * (schedule.round_steps * settings.batch_size)
        self._encoded: list[list[int]] = []
        self._labels: list[list[int]] = []
        self._aims: list[Aim | None] = []
        average_from = schedule.rounds // 2 + 1 if schedule.rounds > 1 else None
        loop = LoopSettings(
            schedule.rounds,
            settings.batch_size,
            settings.clip,
            settings.word_dropout,
            average_from,
            dtype=settings.dtype,
            seed=seed,
        )
        self._losses = self._losses_of(loss, counts, n_train)
        self.training = Training(
            model.network,
            [(parameters, rate * own) for parameters, own in _rates(model, settings)],
            _rate_share,
            self.lengths,
            self.loss,
            loop,
            f"hardening {model.name}",
            watched=None,
        )

    def take(self, texts: Sequence[str], labels: Sequence[Sequence[int]], aims: Sequence[Aim | None]) -> None:
        """Train on these texts from now on: as many as there were before.

        A text with an aim is attacked with gradients of the network as it is in the step that trains on it.

        A label tree is trained on all its levels at once: an attack pushes a label out of the k best on whichever
        level it finds easiest, often by its group. Candidates of a text are the children of its true groups and of
        the groups that the network, as it is now, finds best, as in training (You et al. 2019, section 3.3).
        """
        assert len(texts) == len(self.lengths)
        self._encoded = self.model.encode(texts)
        self._labels = [list(own) for own in labels]
        self._aims = list(aims)
        self._attack = GradientAttack(self.model, np.concatenate(self._encoded), self._exchanged)
        self.lengths[:] = [len(text) for text in self._encoded]
        if isinstance(self.model, AttentionXMLTree):
            network, beam = self.model.network, self.model.beam
            self._true = true_nodes(network.tree, label_matrix(self._labels, len(self.model.label_names)))
            self._groups = [None] + [
                training_groups(network, self._encoded, self._true[level], beam, level)
                for level in range(len(self._true) - 1)
            ]

    def loss(self, positions: list[int], random: np.random.Generator) -> torch.Tensor:
        """The loss of the texts at these positions, summed over the levels of a tree."""
        model, settings = self.model, self._settings
        encoded = self._attacked(positions, random)
        labels = [self._labels[position] for position in positions]
        if isinstance(model, APLCXLNet):
            words, lengths = model.padded(encoded)
            if settings.word_dropout:
                special = torch.tensor([model.subwords.sep_id, model.subwords.cls_id], device=model.device)
                hidden = torch.rand(words.shape, device=words.device) < settings.word_dropout
                words = words.masked_fill(hidden & ~torch.isin(words, special), model.subwords.mask_id)
            return model.network.loss(words, lengths, labels, self._losses[0])
        words, lengths = padded(encoded, PAD_ID, model.device)
        words = with_unknown_words(words, settings.word_dropout)
        if isinstance(model, AttentionXMLTree):
            parts = [
                loss_of_level(
                    model.network,
                    level,
                    words,
                    lengths,
                    None if groups is None else groups[positions],
                    self._true[level][positions],
                    self._losses[level],
                )
                for level, groups in enumerate(self._groups)
            ]
            return torch.stack(parts).sum()
        assert isinstance(model, AttentionXML) and isinstance(settings, AttentionXMLSettings)
        true = [np.asarray(own, dtype=np.int64) for own in labels]
        return loss_of_words(model.network, words, lengths, true, self._losses[0], settings.label_sample, random)

    def _attacked(self, positions: list[int], random: np.random.Generator) -> list[list[int]]:
        """The texts at these positions, those with an aim attacked."""
        encoded = [self._encoded[position] for position in positions]
        aims = {row: aim for row, place in enumerate(positions) if (aim := self._aims[place]) is not None}
        new = self._attack.attacked([encoded[row] for row in aims], list(aims.values()), random)
        for row, text in zip(aims, new, strict=True):
            encoded[row] = text
        return encoded

    def seconds_a_step(self, steps: int = 6) -> float:
        """How long a step takes on the texts at hand, but for what Adam adds; changes nothing."""
        random = np.random.default_rng(0)
        size = self._settings.batch_size
        with torch.random.fork_rng():
            begun = Clock()
            for _ in range(steps):
                self.model.network.train()
                positions = random.choice(len(self.lengths), min(size, len(self.lengths)), replace=False).tolist()
                self.loss(positions, random).backward()  # type: ignore[no-untyped-call]
            taken = begun.seconds
        self.model.network.zero_grad()
        self.model.network.eval()
        return taken / steps

    def _losses_of(self, loss: LossSettings, counts: np.ndarray, n_train: int) -> list[Any]:
        if not isinstance(self.model, AttentionXMLTree):
            return [loss.for_labels(counts, n_train).to(self.model.device)]
        # Texts of a group are not known here: as many as its most frequent label's, at least.
        of_levels = [counts]
        for parents in reversed(self.model.network.tree.parents):
            above = np.zeros(int(parents.max()) + 1, dtype=np.int64)
            np.add.at(above, parents, of_levels[0])
            of_levels.insert(0, np.minimum(above, n_train))
        return [loss.for_labels(own, n_train).to(self.model.device) for own in of_levels]


def settings_of(model: TorchScorer, kept: Mapping[str, Any] | None) -> AttentionXMLSettings | APLCXLNetSettings:
    """The settings that a model was trained with, from its `training.json`; those of `small_plan` where none are there.

    Raises:
        InputError: the model is none that can be trained.
    """
    from textattack_xmtc.models.training.plan import small_plan

    if not isinstance(model, (AttentionXML, AttentionXMLTree, APLCXLNet)):
        raise InputError(f"{model.name} cannot be trained here", f"harden one of those that can: {TRAINABLE}")
    default = small_plan(model.architecture).settings  # type: ignore[arg-type]
    found = ((kept or {}).get("plan") or {}).get("settings") or {}
    names = set(default.__dataclass_fields__)
    if not names <= set(found):
        return default
    return type(default)(**{name: found[name] for name in names})


def _rates(model: TorchScorer, settings: LoopSettings) -> list[tuple[list[torch.nn.Parameter], float]]:
    if isinstance(model, APLCXLNet):
        assert isinstance(settings, APLCXLNetSettings)
        network = model.network
        return [
            (list(network.transformer.parameters()), settings.encoder_rate),
            (list(network.sequence_summary.parameters()), settings.summary_rate),
            (list(network.label_clusters.parameters()), settings.cluster_rate),
        ]
    assert isinstance(settings, AttentionXMLSettings)
    return [(list(model.network.parameters()), settings.learning_rate)]


def _rate_share(step: int, steps: int) -> float:
    """Rising over the warm-up, times what falls to a tenth."""
    rising = max(1, round(steps * WARM_UP))
    return min(1.0, (step + 1) / rising) * falling_to_a_tenth(step, steps)
