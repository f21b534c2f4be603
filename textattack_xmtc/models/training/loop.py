"""The training loop that all architectures share: steps, averaged weights, early stopping, and resuming."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.batches import shuffled_by_length
from textattack_xmtc.models.training.settings import LoopSettings

WATCHED = "nDCG@5"
"""Which measure of the validation texts tells the best epoch."""

SHOWN = ("P@1", "gradient attack success")
"""The measures that the progress bar shows."""

Weights = dict[str, torch.Tensor]


def linear_to_a_tenth(step: int, steps: int) -> float:
    """The share of the learning rate at a step: from 1 to 0.1 in a straight line.

    Example:
        >>> [round(linear_to_a_tenth(step, 10), 2) for step in (0, 5, 10)]
        [1.0, 0.55, 0.1]
    """
    return 1.0 - 0.9 * min(step / steps, 1.0)


class Training:
    """A training under way: what a step changes, apart from the weights.

    What is random in an epoch depends on the seed and the number of the epoch only: a training that is resumed from
    a `state_dict`, after an epoch or within one, ends as one that was never interrupted.

    Args:
        module: what is trained, on the device it is on.
        rates: parameters of it, and the learning rate of each group.
        rate_share: the share of these rates that holds at a step, from the step (from 0) and the number of all steps.
        lengths: words of each training text.
        batch_loss: the loss of the texts at some positions, given a random generator.
        title: what the progress bar says.
        part: tells the trainings of one model apart (the levels of a tree), for other random numbers in each.
        watched: which measure of a validation tells the best epoch, whose weights are kept; None: the last one's.

    Raises:
        InputError: there are no texts, or invalid settings.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        rates: Sequence[tuple[Sequence[torch.nn.Parameter], float]],
        rate_share: Callable[[int, int], float],
        lengths: Sequence[int],
        batch_loss: Callable[[list[int], np.random.Generator], torch.Tensor],
        settings: LoopSettings,
        title: str = "training",
        part: int = 0,
        watched: str | None = WATCHED,
    ) -> None:
        if not len(lengths):
            raise InputError("there are no training texts", "give some")
        if settings.epochs < 1 or settings.batch_size < 1:
            raise InputError(f"epochs={settings.epochs}, batch_size={settings.batch_size}", "choose 1 or more")
        self.module, self.settings, self.log = module, settings, list[dict[str, Any]]()
        self._lengths, self._batch_loss, self._title, self._part = lengths, batch_loss, title, part
        self._parameters = [parameter for group, _ in rates for parameter in group]
        self._optimizer = torch.optim.Adam([{"params": list(group), "lr": rate} for group, rate in rates])
        self._rates, self._rate_share = [rate for _, rate in rates], rate_share
        self._steps = -(-len(lengths) // settings.batch_size)  # an epoch
        self._step = 0  # of the epoch under way
        self._losses: list[float] = []
        self._randomness: dict[str, Any] | None = None
        self._mean: Weights | None = None
        self._in_mean = 0
        self._best: Weights | None = None
        self._best_value, self._best_epoch = float("-inf"), 0
        self._watched = watched

    @property
    def ended(self) -> bool:
        """Whether all epochs are done, or no better one is to be expected."""
        patience, done = self.settings.patience, len(self.log)
        waited = self._best is not None and patience is not None and done - self._best_epoch >= patience
        return done >= self.settings.epochs or waited

    def run(
        self,
        validate: Callable[[], Mapping[str, float]] | None = None,
        keep: Callable[[bool], None] | None = None,
        prepare: Callable[[int], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Train from the first step that is not done yet to the end; the module has the weights to keep, then.

        Args:
            validate: measures the module after an epoch: names and values, what is watched among them.
            keep: called after every step, and with True after an epoch, when a checkpoint can be written
                (`state_dict`).
            prepare: called with the number of an epoch before its first step. It may put as many other texts in the
                place of the training's: `lengths` is read, and `batch_loss` asked, after it.

        Returns:
            The log, one entry an epoch: its number, the mean loss of its steps, seconds, what `validate` gave.
        """
        texts = len(self._lengths)
        done = len(self.log) * texts + min(texts, self._step * self.settings.batch_size)
        with tqdm(total=self.settings.epochs * texts, initial=done, desc=self._title, unit=" texts") as bar:
            while not self.ended:
                began = time.monotonic()
                if prepare is not None and not self._step:
                    prepare(len(self.log) + 1)
                self._epoch(bar, keep)
                entry: dict[str, Any] = {"number": len(self.log) + 1, "loss": float(np.mean(self._losses))}
                self._average()
                if validate is not None:
                    entry.update(self._validated(validate))
                self.log.append({**entry, "seconds": round(time.monotonic() - began, 1)})
                self._step, self._losses, self._randomness = 0, [], None
                if keep is not None:
                    keep(True)
        weights = self._best or self._mean
        if weights is not None:
            self.module.load_state_dict(weights)
        self.module.eval()
        return self.log

    def state_dict(self) -> dict[str, Any]:
        """All that a later `Training` of the same kind needs to resume, the weights included."""
        return {
            "module": self.module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "log": list(self.log),
            "step": self._step,
            "losses": list(self._losses),
            "randomness": self._randomness,
            "mean": self._mean,
            "in_mean": self._in_mean,
            "best": self._best,
            "best_value": self._best_value,
            "best_epoch": self._best_epoch,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a state that `state_dict` gave."""
        self.module.load_state_dict(state["module"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.log, self._losses, self._step = list(state["log"]), list(state["losses"]), state["step"]
        self._randomness = state["randomness"]
        device, mean = self._parameters[0].device, state["mean"]  # a checkpoint is read to the CPU
        self._mean = None if mean is None else {key: value.to(device) for key, value in mean.items()}
        self._in_mean = state["in_mean"]
        self._best, self._best_value, self._best_epoch = state["best"], state["best_value"], state["best_epoch"]

    def _epoch(self, bar: Any, keep: Callable[[bool], None] | None) -> None:
        settings, number = self.settings, len(self.log) + 1
        rng = np.random.default_rng([settings.seed, self._part, number])
        device = self._parameters[0].device
        with torch.random.fork_rng():
            torch.manual_seed(int(rng.integers(2**31)))
            batches = shuffled_by_length(self._lengths, settings.batch_size, rng)
            if self._randomness is not None:
                rng.bit_generator.state = self._randomness["numpy"]
                torch.set_rng_state(self._randomness["torch"])
            for positions in batches[self._step :]:
                share = self._rate_share((number - 1) * self._steps + self._step, settings.epochs * self._steps)
                for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
                    group["lr"] = rate * share
                self.module.train()
                with torch.autocast(device.type, torch.bfloat16, enabled=settings.dtype == "bfloat16"):
                    loss = self._batch_loss(positions, rng)
                self._optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(self._parameters, settings.clip)
                self._optimizer.step()
                self._step += 1
                self._losses.append(float(loss.detach()))
                bar.update(len(positions))
                bar.set_postfix_str(f"epoch {number}, loss {np.mean(self._losses):.3f}{self._seen()}", refresh=False)
                if keep is not None:
                    self._randomness = {"numpy": rng.bit_generator.state, "torch": torch.get_rng_state()}
                    keep(False)

    def _seen(self) -> str:
        last = self.log[-1] if self.log else {}
        return "".join(f", {name} {last[name]:.3f}" for name in SHOWN if last.get(name) is not None)

    def _average(self) -> None:
        first = self.settings.average_from
        if first is None or len(self.log) + 1 < first:
            return
        self._in_mean += 1
        current = self.module.state_dict()
        if self._mean is None:
            self._mean = _copied(current)
        else:
            for key, value in self._mean.items():
                if value.is_floating_point():  # not a table of numbers, which is no weight
                    value += (current[key] - value) / self._in_mean

    def _validated(self, validate: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
        """What `validate` says of the weights that would be kept now; the best so far are put aside."""
        current = None
        if self._mean is not None:
            current = _copied(self.module.state_dict())
            self.module.load_state_dict(self._mean)
        self.module.eval()  # it may be a part of what is measured, which cannot tell
        measures = validate()
        if self._watched is not None and measures[self._watched] > self._best_value:
            self._best, self._best_value = _copied(self.module.state_dict()), measures[self._watched]
            self._best_epoch = len(self.log) + 1
        if current is not None:
            self.module.load_state_dict(current)
        return measures


def _copied(weights: Mapping[str, torch.Tensor]) -> Weights:
    return {key: value.detach().clone() for key, value in weights.items()}
