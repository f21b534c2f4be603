"""Word swaps by the names that recipes and campaigns give the sources of their candidates."""

from __future__ import annotations

from typing import Any

from textattack.transformations import WordSwap

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_options import CandidateSource, is_noise, require_choice
from textattack_xmtc.transformations.label_word_sources import LabelWords, NameWords
from textattack_xmtc.transformations.word_swap_label_aware import WordSwapLabelAware, WordSwapLearning
from textattack_xmtc.transformations.word_swap_masked_lm import XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.word_swap_noise import WordSwapNoise
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapSameSense


def word_swap_named(
    source: CandidateSource,
    masked_lm: XMTCWordSwapMaskedLM | None,
    goal: Any,
    training_words: LabelWords | None = None,
    candidates: int = 48,
    seed: int = 0,
) -> WordSwap:
    """The word swap whose candidates come from this source.

    Args:
        source: "masked-lm" (the paper's), "label-texts", "label-names", "answers", "same-sense" or a
            kind of noise.
        masked_lm: the word swap with the masked LM; "same-sense" and noise need none.
        goal: what the attack wants; label-aware word swaps ask it what is under attack.
        training_words: what "label-texts" takes the words from, with the labels' names where it knows none.
        candidates: how many forms of a word noise tries at most.
        seed: of the draw of these.

    Raises:
        InputError: a name that there is not; no masked LM, or "label-texts" without training words.
    """
    require_choice("candidate_source", source, CandidateSource)
    if source == "same-sense":
        return WordSwapSameSense()
    if is_noise(source):
        return WordSwapNoise(source, candidates, seed)
    if masked_lm is None:
        raise InputError(f"candidate_source={source!r} needs a masked language model", "give masked_lm")
    if source == "masked-lm":
        return masked_lm
    if source == "answers":
        return WordSwapLearning(masked_lm, goal)
    names = NameWords(masked_lm)
    if source == "label-names":
        return WordSwapLabelAware(masked_lm, goal, [names])
    if training_words is None:
        raise InputError(
            "the words of labels are to come from their training texts, and there are none",
            "give data=FOLDER, or candidate_source='label-names'",
        )
    return WordSwapLabelAware(masked_lm, goal, [training_words, names])
