"""Attacks that keep the label: the constraints of a `--preserve` option, and what a record says of each change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.constraints.label_evidence import LabelEvidence, NoEvidenceAdded
from textattack_xmtc.encoders.encoder import Encoder, cosines, encoded
from textattack_xmtc.evidence.protection import DEFAULT_SHARE, Preserve, protect
from textattack_xmtc.evidence.protocol import Evidence
from textattack_xmtc.targets import Label
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapBySource, WordSwapSameSense
from textattack_xmtc.words import word_spans

WINDOW = 15
"""Words of a window around a change: TextFooler's and TextAttack's habit."""

NO_EVIDENCE = "no evidence"
"""Why a sample is skipped whose label has neither a name nor training texts."""


class Preservation:
    """What an attack keeps of its labels, and how that is measured.

    Args:
        preserve: mode and share.
        evidence: how much words speak for a label.
        sense: what tells words of the same sense; None where nothing tells (then it is recorded as unknown).
        encoder: measures windows; None for no window similarity.
        seed: of the protected words that are drawn.
        spoken_words_too: in mode "paraphrased", not only protected words but all that speak for the label at all may
            be exchanged for words of the same sense alone.
        label_names: names by index, for a victim that has none.
    """

    def __init__(
        self,
        preserve: Preserve,
        evidence: Evidence,
        sense: SameSense | None = None,
        encoder: Encoder | None = None,
        seed: int = 0,
        spoken_words_too: bool = False,
        label_names: Sequence[str] | None = None,
    ) -> None:
        self.preserve, self.evidence, self.sense = preserve, evidence, sense
        self.encoder, self.seed, self._spoken_words_too = encoder, seed, spoken_words_too
        self.constraint = LabelEvidence(preserve.share, preserve.mode, evidence, seed=seed, label_names=label_names)

    def install(self, attack: Any) -> None:
        """Add the protection to an attack.

        Raises:
            MissingExtraError: mode "paraphrased" without WordNet.
        """
        goal, constraint = attack.goal_function, self.constraint
        constraint.bind(goal)
        attack.pre_transformation_constraints.append(constraint)
        if self.preserve.mode == "paraphrased":
            self.sense = self.sense or SameSense()
            attack.constraints.append(constraint.paraphrases(self.sense))
            if not isinstance(attack.transformation, WordSwapSameSense):
                swap = WordSwapSameSense(sense=self.sense)
                attack.transformation = WordSwapBySource(
                    swap, attack.transformation, _Protected(constraint, self._spoken_words_too)
                )
        if rises(goal) and self.preserve.mode in ("frozen", "paraphrased"):
            attack.constraints.append(NoEvidenceAdded(constraint))

    def knows(self, text: str, labels: Sequence[Label]) -> bool:
        """Whether the evidence knows any of the labels; the control and "none" need none."""
        if self.preserve.mode in ("none", "random"):
            return True
        return self.constraint.known(AttackedText(text), labels) is not None

    def facts(self, original: AttackedText, final: AttackedText, labels: Sequence[Label]) -> dict[str, Any]:
        """What a record says: protected words, how much of them evidence backs, and each change.

        Returns:
            JSON. `evidence` are the positions of the share with the most evidence, whatever is protected. A change has
            `position`, `evidence` (is it among these), `sense` (kept; None where unknown) and `window`.
        """
        share = self.preserve.share or DEFAULT_SHARE
        known = self.constraint.known(original, labels)
        by_evidence = protect(original.text, original.words, labels, share, known, self.seed)
        protected = self.constraint.protection(original, labels)
        changed = sorted(original.all_words_diff(final))
        windows = window_similarities(self.encoder, original, final, changed) if self.encoder else [None] * len(changed)
        return {
            "mode": self.preserve.mode,
            "share": share,
            "seed": self.seed,
            "source": self.evidence.name,
            "known": known is not None,
            "content": by_evidence.content,
            "protected": sorted(protected.positions),
            "evidence": sorted(by_evidence.positions),
            "backed": by_evidence.backed,
            "changes": [
                {
                    "position": position,
                    "evidence": None if known is None else position in by_evidence.positions,
                    "sense": self.sense.same(original, position, final.words[position]) if self.sense else None,
                    "window": window,
                }
                for position, window in zip(changed, windows, strict=True)
            ],
        }


class _Protected:
    """Positions for words of the same sense alone, as an object that pickles with its attack."""

    def __init__(self, constraint: LabelEvidence, spoken_words_too: bool) -> None:
        self._constraint, self._spoken_words_too = constraint, spoken_words_too

    def __call__(self, original: AttackedText) -> frozenset[int]:
        positions = self._constraint.protection(original).positions
        known = self._constraint.known(original, self._constraint.labels()) if self._spoken_words_too else None
        return positions if known is None else positions | frozenset(np.flatnonzero(known.weights > 0).tolist())


def rises(goal: Any) -> bool:
    """Whether the labels under attack are to enter the k best."""
    return not getattr(getattr(goal, "goal", None), "minimize", True)


def window_similarities(
    encoder: Encoder, original: AttackedText, final: AttackedText, positions: Sequence[int]
) -> list[float]:
    """The cosine of the 15 words around each position in two texts of as many words; windows are cut at the ends."""
    pairs = [(window_of(original, position), window_of(final, position)) for position in positions]
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    if not texts:
        return []
    vectors = dict(zip(texts, encoded(encoder, texts), strict=True))
    return [float(cosines(vectors[one], vectors[other][None])[0]) for one, other in pairs]


def window_of(text: AttackedText, position: int, size: int = WINDOW) -> str:
    """The `size` words around one, half of them before it, with what stands between them.

    Example:
        >>> window_of(AttackedText("one, two three four five"), 2, 3)
        'two three four'
    """
    spans = word_spans(text.text, text.words)
    start = max(0, position - size // 2)
    end = min(len(spans), position + size // 2 + 1)
    return str(text.text[spans[start][0] : spans[end - 1][1]])
