"""Training APLC-XLNet: three learning rates, warm-up and linear decay, only the clusters that a batch needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import datasets
import numpy as np
import torch
from tqdm import tqdm

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet import APLCXLNet, EncoderType
from textattack_xmtc.models.batches import shuffled_by_length
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training import Epoch, precision


@dataclass(frozen=True)
class APLCTrainingSettings:
    """How to train; the learning rates are the authors' for Wiki10-31K, where XLNet has been pretrained.

    Attributes:
        epochs: passes over the training texts.
        batch_size: texts a step.
        encoder_rate: learning rate of XLNet. A small one from scratch wants about 1e-3, and 5e-3 for the clusters.
        summary_rate: of the layer behind it.
        cluster_rate: of the label clusters.
        warm_up: share of the steps in which the rates rise from 0; then they fall to 0. Both in a straight line.
        clip: largest norm of a gradient.
        word_dropout: share of the sub-words that training replaces by `<mask>`, so that a model from scratch knows
            what to make of a hidden word.
        dtype: "bfloat16" computes in mixed precision; the weights stay float32.
        seed: of the order of the texts, the hidden words and dropout.
    """

    epochs: int = 6
    batch_size: int = 12
    encoder_rate: float = 1e-5
    summary_rate: float = 1e-4
    cluster_rate: float = 1e-3
    warm_up: float = 0.1
    clip: float = 1.0
    word_dropout: float = 0.0
    dtype: EncoderType = "float32"
    seed: int = 0


def train_aplc_xlnet(
    model: APLCXLNet,
    corpus: Corpus,
    settings: APLCTrainingSettings,
    validation: datasets.Dataset | None = None,
    loss: ReweightedLoss | None = None,
) -> list[dict[str, Any]]:
    """Train a model (see `build_small`, `build_on_pretrained`) in place on the training split of a corpus.

    The same model, corpus, settings and seed give the same weights on a CPU with the same number of threads.

    Args:
        model: the model; its labels are the corpus's, the most frequent first.
        corpus: with a split "train".
        settings: how to train.
        validation: texts whose P@1, P@3 and P@5 are measured after each epoch.
        loss: binary cross-entropy by default.

    Returns:
        The log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty, or the model has other labels.
    """
    rows = corpus.split("train")
    texts = list(rows["text"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    if tuple(model.label_names) != tuple(corpus.label_names):
        raise InputError(
            f"the model's {len(model.label_names)} labels are not the {len(corpus.label_names)} of {corpus.name!r}",
            "build the model with the corpus's label_names",
        )
    training = APLCTraining(model, len(texts), settings, loss)
    log: list[dict[str, Any]] = []
    for epoch in training.epochs(model.encode(texts), list(rows["labels"])):
        entry = asdict(epoch)
        if validation is not None:
            entry.update(precision(model, validation))
        log.append(entry)
    model.network.eval()
    return log


class APLCTraining:
    """A training under way: what a step changes, apart from the weights.

    What is random in an epoch depends on the seed and the number of the epoch only: a training that is taken up
    after an epoch, with `state_dict` and the weights of then, ends as one that was never interrupted.

    Args:
        model: the model; it is trained on the device it is on.
        texts: number of training texts.
        settings: how to train.
        loss: binary cross-entropy by default.

    Raises:
        InputError: the model is in bfloat16; `settings.dtype` is what speeds up training.
    """

    def __init__(
        self, model: APLCXLNet, texts: int, settings: APLCTrainingSettings, loss: ReweightedLoss | None = None
    ) -> None:
        network = model.network
        if network.transformer.dtype != torch.float32:
            raise InputError(
                "a model in bfloat16 cannot be trained", 'load it in float32 and train with dtype="bfloat16"'
            )
        self.model = model
        self.settings = settings
        self.loss = (loss or ReweightedLoss()).to(model.device)
        self.finished = 0  # epochs
        self._parameters = list(network.parameters())
        self._optimizer = torch.optim.AdamW(
            [
                {"params": list(network.transformer.parameters()), "lr": settings.encoder_rate},
                {"params": list(network.sequence_summary.parameters()), "lr": settings.summary_rate},
                {"params": list(network.label_clusters.parameters()), "lr": settings.cluster_rate},
            ],
            weight_decay=0.0,
        )
        steps = settings.epochs * -(-texts // settings.batch_size)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: rate_share(step, steps, settings.warm_up)
        )

    def epochs(self, texts: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> Iterator[Epoch]:
        """Train epoch by epoch, from the first unfinished one. Stop by leaving the loop.

        Args:
            texts: the sub-word numbers of each text, as `APLCXLNet.encode` gives them.
            labels: indices of each text's true labels.
        """
        settings = self.settings
        while self.finished < settings.epochs:
            number = self.finished + 1
            random = np.random.default_rng([settings.seed, number])
            losses = []
            with torch.random.fork_rng(), tqdm(total=len(texts), desc=f"epoch {number}/{settings.epochs}") as bar:
                torch.manual_seed(int(random.integers(2**31)))
                for positions in shuffled_by_length([len(text) for text in texts], settings.batch_size, random):
                    batch = [texts[position] for position in positions]
                    losses.append(self.step(batch, [labels[position] for position in positions]))
                    bar.update(len(positions))
                    bar.set_postfix_str(f"loss {np.mean(losses):.3f}", refresh=False)
            self.finished = number
            yield Epoch(number, float(np.mean(losses)))

    def step(self, texts: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> float:
        """Train on one batch; returns its loss before the step."""
        model, settings = self.model, self.settings
        model.network.train()
        words, lengths = model.padded(texts)
        if settings.word_dropout:
            hidden = torch.rand(words.shape, device=words.device) < settings.word_dropout
            special = torch.tensor([model.subwords.sep_id, model.subwords.cls_id], device=words.device)
            words = words.masked_fill(hidden & ~torch.isin(words, special), model.subwords.mask_id)
        half = settings.dtype == "bfloat16"
        with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
            loss = model.network.loss(words, lengths, labels, self.loss)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._parameters, settings.clip)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """What, with the weights, a later `APLCTraining` needs to go on."""
        return {
            "finished": self.finished,
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self.finished = int(state["finished"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])


def rate_share(step: int, steps: int, warm_up: float) -> float:
    """What share of a learning rate holds at a step (from 0): rising over the warm-up, then falling to 0.

    Example:
        >>> [round(rate_share(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = round(steps * warm_up)
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))
