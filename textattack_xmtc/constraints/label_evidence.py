"""What keeps a label's evidence: constraints, a `--preserve` option as a whole, and what a record says of changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from textattack.constraints import Constraint, PreTransformationConstraint
from textattack.shared import AttackedText

from textattack_xmtc.encoders.encoder import Encoder, cosines, encoded
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.evidence.protection import DEFAULT_SHARE, Preserve, PreserveMode, Protection, check_share, protect
from textattack_xmtc.evidence.protocol import Evidence, WordEvidence, evidence_for, is_content
from textattack_xmtc.search_options import require_choice
from textattack_xmtc.targets import Label
from textattack_xmtc.transformations.noise import Noise
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.transformations.word_swap_noise import WordSwapNoise
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapBySource, WordSwapSameSense
from textattack_xmtc.words import word_spans

_REMEMBERED = 256
"""Texts whose evidence is remembered: each is asked about several times in an attack, and some sources are slow."""


class LabelEvidence(PreTransformationConstraint):
    """Protects the words of the original text that speak most for the labels under attack; for any TextAttack attack.

    Of the m content words, round(q m) are protected (`evidence.protection.protect`). In mode "paraphrased" they may be
    exchanged for words of the same sense, which the constraint of `paraphrases()` checks; the attack needs both.

    Args:
        share: q, in [0, 1].
        mode: "frozen", "paraphrased", "random" or "none".
        evidence: how much words speak for a label; by default the label's name.
        goal: the goal of the attack, which knows the labels and the original text; `bind` sets it later.
        seed: of what is drawn.
        label_names: names by index, for a victim that has none.

    Raises:
        InputError: an unknown mode, or a share outside [0, 1].

    Example:
        ::

            goal = PositiveTargeted(model)
            constraint = LabelEvidence(0.2, "frozen", NameEvidence(), goal)
            Attack(goal, [RepeatModification(), constraint], transformation, search)
    """

    def __init__(
        self,
        share: float = DEFAULT_SHARE,
        mode: PreserveMode = "frozen",
        evidence: Evidence | None = None,
        goal: Any = None,
        seed: int = 0,
        label_names: Sequence[str] | None = None,
    ) -> None:
        require_choice("mode", mode, PreserveMode)
        check_share(share)
        self.share, self.mode, self.seed = share, mode, seed
        self.evidence: Evidence = evidence or NameEvidence()
        self._goal, self._paired, self._label_names = goal, False, label_names
        self._known: dict[tuple[str, tuple[Label, ...]], WordEvidence | None] = {}
        self._kept: tuple[tuple[str, tuple[Label, ...]], Protection] | None = None

    def bind(self, goal: Any) -> None:
        """Take the labels under attack and the original text from this goal."""
        self._goal = goal

    def paraphrases(self, sense: SameSense | None = None) -> SameSenseExchange:
        """The constraint that mode "paraphrased" needs beside this one."""
        self._paired = True
        return SameSenseExchange(sense, self)

    def labels(self) -> tuple[Label, ...]:
        """The labels under attack, by name where they have names.

        Raises:
            InputError: no goal was given.
        """
        return labels_of(self._need_goal(), self._label_names)

    def known(self, original: AttackedText, labels: Sequence[Label]) -> WordEvidence | None:
        """The evidence for the labels in a text; None where nothing is known of any."""
        key = (original.text, tuple(labels))
        if key not in self._known:
            if len(self._known) == _REMEMBERED:
                self._known.clear()
            self._known[key] = evidence_for(self.evidence, original.text, original.words, labels)
        return self._known[key]

    def protection(self, original: AttackedText, labels: Sequence[Label] | None = None) -> Protection:
        """What is protected in an original text: by evidence, or by the draw in mode "random"."""
        labels = self.labels() if labels is None else tuple(labels)
        key = (original.text, tuple(labels))
        if self._kept is None or self._kept[0] != key:
            share = 0.0 if self.mode == "none" else self.share
            evidence = None if self.mode in ("random", "none") else self.known(original, labels)
            self._kept = (key, protect(original.text, original.words, labels, share, evidence, self.seed))
        return self._kept[1]

    def _get_modifiable_indices(self, current_text: AttackedText) -> set[int]:
        everything = set(range(len(current_text.words)))
        if self.mode == "none":
            return everything
        if self.mode == "paraphrased":
            if not self._paired:
                raise InputError(
                    "mode 'paraphrased' of xmtc-label-evidence checks nothing alone",
                    "add the constraint that its paraphrases() gives",
                )
            return everything
        original = self._need_goal().initial_attacked_text
        places = current_text.attack_attrs.get("original_index_map")
        positions = self.protection(original).positions
        if places is None or len(places) != len(original.words):
            return everything - positions
        return everything - {int(places[position]) for position in positions}

    def _need_goal(self) -> Any:
        if self._goal is None:
            raise InputError("xmtc-label-evidence does not know the goal of the attack", "give goal=, or call bind")
        return self._goal

    def check_compatibility(self, transformation: Any) -> bool:
        """Any transformation."""
        return True

    def extra_repr_keys(self) -> list[str]:
        """What TextAttack prints about this constraint."""
        return ["share", "mode", "seed"]


class SameSenseExchange(Constraint):
    """Keeps the candidates whose exchanged content words have the sense of what stood there in the original.

    Args:
        sense: what tells; by default `SameSense()`.
        protection: where given, only its protected words are checked.

    Raises:
        MissingExtraError: WordNet or the tagger is missing.
    """

    def __init__(self, sense: SameSense | None = None, protection: LabelEvidence | None = None) -> None:
        super().__init__(compare_against_original=True)
        self.sense = sense or SameSense()
        self._protection = protection

    def _check_constraint(self, transformed_text: AttackedText, reference_text: AttackedText) -> bool:
        if len(transformed_text.words) != len(reference_text.words):
            return False  # what was inserted or joined stands for no word
        changed = transformed_text.all_words_diff(reference_text)
        if self._protection is not None:
            changed &= self._protection.protection(reference_text).positions
        return all(
            self.sense.same(reference_text, position, transformed_text.words[position])
            for position in changed
            if is_content(reference_text.words[position])
        )

    def extra_repr_keys(self) -> list[str]:
        """What TextAttack prints about this constraint."""
        return ["sense", *super().extra_repr_keys()]


class NoEvidenceAdded(Constraint):
    """Keeps the candidates whose new words do not speak for the labels under attack: for goals that want them in."""

    def __init__(self, protection: LabelEvidence) -> None:
        super().__init__(compare_against_original=True)
        self._protection = protection

    def _check_constraint(self, transformed_text: AttackedText, reference_text: AttackedText) -> bool:
        evidence = self._protection.known(transformed_text, self._protection.labels())
        if evidence is None:
            return True
        if len(transformed_text.words) == len(reference_text.words):
            new = transformed_text.all_words_diff(reference_text)
        else:
            new = set(transformed_text.attack_attrs["modified_indices"])
        return not any(evidence.weights[position] > 0 for position in new)


def labels_of(goal: Any, label_names: Sequence[str] | None = None) -> tuple[Label, ...]:
    """The labels that a goal attacks: its targets, by name; of TextAttack's own goals, the ground truth."""
    targets = getattr(goal, "targets", None)
    if targets is None:
        return (goal.ground_truth_output,)
    names = goal.model.labels.names or label_names
    return tuple(target if names is None else names[target] for target in targets)


WINDOW = 15
"""Words of a window around a change: TextFooler's and TextAttack's habit."""

NO_EVIDENCE = "no evidence"
"""Why a sample is skipped whose label has neither a name nor training texts."""


class Preservation:
    """What an attack keeps of its labels, and how that is measured.

    Args:
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
        self._noise: Noise | None = None
        self.constraint = LabelEvidence(preserve.share, preserve.mode, evidence, seed=seed, label_names=label_names)

    def install(self, attack: Any) -> None:
        """Add the protection to an attack.

        Raises:
            MissingExtraError: mode "paraphrased" without WordNet.
            InputError: mode "paraphrased" with noise, which has no words of the same sense.
        """
        goal, constraint = attack.goal_function, self.constraint
        if isinstance(attack.transformation, WordSwapNoise):
            self._noise = attack.transformation.noise
            if self.preserve.mode == "paraphrased":
                raise InputError("noise has no words of the same sense", "choose preserve frozen, random or none")
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
            `position`, `evidence` (is it among these), `sense` (kept; None where unknown; of noise, what its kind
            keeps) and `window`.
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
                    "sense": self._sense_kept(original, final, position),
                    "window": window,
                }
                for position, window in zip(changed, windows, strict=True)
            ],
        }

    def _sense_kept(self, original: AttackedText, final: AttackedText, position: int) -> bool | None:
        if self._noise is not None:
            return self._noise.keeps_sense
        return self.sense.same(original, position, final.words[position]) if self.sense else None


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
