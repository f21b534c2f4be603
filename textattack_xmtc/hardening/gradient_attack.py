"""Attacks for training, made from gradients: many words exchanged at once, for the price of a few training steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from textattack_xmtc.models.torch_scorer import TorchScorer

LogitGoal = tuple[tuple[int, float], ...]
"""What an attack on a text wants: labels, and the weight of each label's logit (above 0: to rise, below 0: to fall)."""

PROPOSED = 200
"""Words that are drawn for a batch of texts: each may come into any place."""

LOOKS = 2
"""Gradients that an attack takes: words exchanged after one of them change the next."""

LEAST = 0.3
"""Of the words that may be exchanged: each text draws its number between this share and all."""


class GradientAttack:
    """Replaces words, as the network counts them, by those that move the logits most, to first order.

    With the gradient g of the weighted logits at the vector e of a word, the word w in its place changes them by about
    `g (e_w - e)`. All places and `PROPOSED` words, drawn as often as they stand in the training texts, are looked at
    with one gradient; the best places of a text take their best words. What is changed in half of the places is known
    to the second look at the other half. No masked LM is needed: a model that is robust against any word is
    robust against plausible ones.

    Only the scores of the labels in the goals are computed.

    Args:
        model: the network and what it makes of texts.
        words: word numbers of the training texts, which proposals are drawn from.
        exchanged: share of the words of a text that is exchanged at most; one word at least.

    Source: first-order word exchange is that of Ebrahimi et al. (2018), "HotFlip".
    """

    def __init__(self, model: TorchScorer, words: np.ndarray, exchanged: float) -> None:
        self._model, self._exchanged = model, exchanged
        self._fixed = model.fixed_tokens()
        self._words = words[~np.isin(words, self._fixed)]

    def attacked(
        self,
        encoded: Sequence[Sequence[int]],
        goals: Sequence[LogitGoal],
        rng: np.random.Generator,
        protected: Sequence[Sequence[int]] | None = None,
    ) -> list[list[int]]:
        """The texts, as token numbers, with words exchanged, each for its goal.

        Args:
            goals: one a text.
            rng: draws the words that are tried, and how many are replaced.
            protected: token numbers that are neither exchanged nor put in, by text; none by default.
        """
        if not len(self._words) or not encoded:
            return [list(text) for text in encoded]
        proposed = np.unique(rng.choice(self._words, PROPOSED))
        sizes = np.array([len(text) for text in encoded])
        most = np.ceil(rng.uniform(LEAST, 1, len(encoded)) * self._exchanged * sizes).astype(int)
        texts = [np.array(text, dtype=np.int64) for text in encoded]
        kept = [np.array(tokens, dtype=np.int64) for tokens in protected or [()] * len(texts)]
        free = [~np.isin(text, self._fixed) & ~np.isin(text, tokens) for text, tokens in zip(texts, kept, strict=True)]
        for look in range(LOOKS):
            effects = self._effects([text.tolist() for text in texts], goals, torch.from_numpy(proposed))
            for text, effect, left, tokens, number in zip(texts, effects, free, kept, most.tolist(), strict=True):
                effect[:, np.isin(proposed, tokens)] = -np.inf
                here = number // LOOKS + (look < number % LOOKS)
                best = effect.max(axis=1)
                places = [place for place in np.argsort(-best, kind="stable") if left[place] and best[place] > 0][:here]
                text[places] = proposed[effect[places].argmax(axis=1)]
                left[places] = False
        return [text.tolist() for text in texts]

    def _effects(
        self, encoded: list[list[int]], goals: Sequence[LogitGoal], proposed: torch.Tensor
    ) -> list[np.ndarray]:
        """How far each proposed word in each place brings each text, to first order; of shape `(words, proposed)`."""
        model = self._model
        training = model.network.training
        model.network.eval()
        labels = sorted({label for goal in goals for label, _ in goal})
        weights = torch.zeros(len(encoded), len(labels), device=model.device)
        for row, goal in zip(weights, goals, strict=True):
            for label, weight in goal:
                row[labels.index(label)] = weight
        tables = model.word_tables()
        with torch.enable_grad(), _watched(tables) as vectors:
            scores = model.differentiable(encoded, torch.tensor(labels, device=model.device))
            gradients = torch.autograd.grad((scores * weights).sum(), vectors)
        model.network.train(training)
        effects = torch.zeros(())
        for table, current, gradient in zip(tables, vectors, gradients, strict=True):
            before = (gradient * current.detach()).sum(dim=-1, keepdim=True)
            effects = effects + gradient @ table.weight.detach()[proposed.to(gradient.device)].T - before
        return [row.cpu().numpy() for row in model.by_text(effects, [len(text) for text in encoded])]


@contextmanager
def _watched(tables: Sequence[nn.Embedding]) -> Iterator[list[torch.Tensor]]:
    """The vectors that come out of each table, in their order, while the network computes."""
    outputs: list[torch.Tensor] = []

    def keep(_: nn.Module, __: object, vectors: torch.Tensor) -> torch.Tensor:
        # A leaf of its own: the gradient ends here, whatever the table's weights need.
        outputs.append(vectors.detach().requires_grad_())
        return outputs[-1]

    hooks = [table.register_forward_hook(keep) for table in tables]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
