"""The loop on a model of one number, where every step can be told in advance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.training.loop import Training
from textattack_xmtc.models.training.settings import LoopSettings


class Number(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.zeros(1))


def training(settings: LoopSettings, texts: int = 6, rate: float = 0.1) -> tuple[Number, Training]:
    """The loss falls with the number, so that each step of Adam raises it by the learning rate."""
    module = Number()
    parameters = [(list(module.parameters()), rate)]
    return module, Training(
        module, parameters, lambda step, steps: 1.0, [1] * texts, lambda *_: -module.value, settings
    )


def measures(values: list[float]) -> Iterator[dict[str, float]]:
    return iter({"nDCG@5": value} for value in values)


def test_each_step_is_taken_once_and_the_last_weights_are_kept() -> None:
    module, loop = training(LoopSettings(epochs=3, batch_size=2))
    log = loop.run()
    assert module.value.item() == pytest.approx(9 * 0.1, rel=1e-4)
    assert [entry["number"] for entry in log] == [1, 2, 3]
    assert [entry["loss"] for entry in log] == pytest.approx([-0.1, -0.4, -0.7], rel=1e-3)
    assert loop.ended and not module.training


def test_the_best_epochs_weights_are_kept() -> None:
    module, loop = training(LoopSettings(epochs=4, batch_size=6))
    actual = measures([0.1, 0.5, 0.3, 0.2])
    log = loop.run(lambda: next(actual))
    assert module.value.item() == pytest.approx(0.2, rel=1e-4)
    assert [entry["nDCG@5"] for entry in log] == [0.1, 0.5, 0.3, 0.2]


def test_patience_ends_a_training_that_gets_no_better() -> None:
    module, loop = training(LoopSettings(epochs=9, batch_size=6, patience=2))
    actual = measures([0.1, 0.5, 0.5, 0.4, 0.9])
    assert len(loop.run(lambda: next(actual))) == 4
    assert module.value.item() == pytest.approx(0.2, rel=1e-4)


def test_averaged_weights_are_what_is_measured_and_kept() -> None:
    """Epochs end at 0.1, 0.2, 0.3, 0.4; from the second on, their running means are 0.2, 0.25, 0.3."""
    module, loop = training(LoopSettings(epochs=4, batch_size=6, average_from=2))
    seen: list[float] = []

    def validate() -> dict[str, float]:
        seen.append(module.value.item())
        return {"nDCG@5": seen[-1]}

    loop.run(validate)
    assert seen == pytest.approx([0.1, 0.2, 0.25, 0.3], rel=1e-4)
    assert module.value.item() == pytest.approx(0.3, rel=1e-4)
    module, loop = training(LoopSettings(epochs=4, batch_size=6, average_from=2))
    loop.run()
    assert module.value.item() == pytest.approx(0.3, rel=1e-4)


def test_it_is_measured_without_dropout() -> None:
    module, loop = training(LoopSettings(epochs=2, batch_size=6, average_from=2))
    seen: list[bool] = []

    def validate() -> dict[str, float]:
        seen.append(module.training)
        return {"nDCG@5": 1.0}

    loop.run(validate)
    assert seen == [False, False]


def test_the_rate_follows_the_schedule() -> None:
    module = Number()
    asked: list[tuple[int, int]] = []

    def share(step: int, steps: int) -> float:
        asked.append((step, steps))
        return 1.0 if step % 2 else 0.0

    settings = LoopSettings(epochs=2, batch_size=2)
    Training(module, [([module.value], 0.1)], share, [1] * 6, lambda *_: -module.value, settings).run()
    assert asked == [(step, 6) for step in range(6)]
    assert module.value.item() == pytest.approx(0.3, rel=1e-3)


def test_gradients_are_clipped() -> None:
    module = Number()
    seen: list[float] = []
    settings = LoopSettings(epochs=1, batch_size=1, clip=0.5)

    def loss(positions: list[int], random: np.random.Generator) -> torch.Tensor:
        if module.value.grad is not None:
            seen.append(module.value.grad.item())
        return 100 * module.value

    Training(module, [([module.value], 0.1)], lambda *_: 1.0, [1, 1], loss, settings).run()
    assert seen == pytest.approx([0.5], rel=1e-3)


@pytest.mark.parametrize("settings", [LoopSettings(epochs=0), LoopSettings(batch_size=0)])
def test_settings_that_cannot_be_are_refused(settings: LoopSettings) -> None:
    with pytest.raises(InputError, match="choose 1 or more"):
        training(settings)


def test_no_texts_are_refused() -> None:
    with pytest.raises(InputError, match="no training texts"):
        training(LoopSettings(), texts=0)
