"""What this package is measured against, written from the paper and TextAttack's documented parts; used nowhere else.

**One-by-one** is Algorithm 1 in the way of the published script: scores of all labels for every text, 12 texts a call
for the ranking, one candidate a call. **Stock** is TextAttack's own `GreedyWordSwapWIR`, `WordSwapMaskedLM` and
sentence encoder constraint with the smallest goal that a multilabel classifier needs. Both get the same weights,
texts, candidates and limits as the attack they are compared with, and both ask `published_scores` of an AttentionXML:
the network as it was published, which computes the MLP for every label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from textattack import Attack
from textattack.attack_results import SuccessfulAttackResult
from textattack.constraints.pre_transformation import RepeatModification
from textattack.constraints.semantics.sentence_encoders import SentenceEncoder
from textattack.goal_function_results import GoalFunctionResult
from textattack.goal_functions import GoalFunction
from textattack.models.wrappers import ModelWrapper
from textattack.search_methods import GreedyWordSwapWIR
from textattack.shared import AttackedText
from textattack.transformations import WordSwapMaskedLM

from benchmarks.speed.rows import clock
from textattack_xmtc.constraints import MaxChangeRate
from textattack_xmtc.constraints.words import FunctionWordModification
from textattack_xmtc.encoders.encoder import Encoder
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID
from textattack_xmtc.models.batches import padded
from textattack_xmtc.words import change_budget

Dense = Callable[[Sequence[str]], np.ndarray]
"""Texts to scores of all labels, shape `(texts, labels)`."""

RANKING_BATCH = 12
_CHUNK_FLOATS = 2**24  # labels are taken in parts of this size, which is kinder to a CPU than all at once


# The network as it was published -----------------------------------------------------------------------------------


def published_scores(model: AttentionXML, texts: Sequence[str]) -> np.ndarray:
    """Probabilities of all labels as You et al. (2019, section 3) write them, shape `(texts, labels)`."""
    with torch.inference_mode():
        words, lengths = padded(model.encode(texts), PAD_ID, model.device)
        return dense_part(model, encoded(model, words, lengths), lengths).cpu().numpy()


def encoded(model: AttentionXML, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Hidden states of texts of which every word is read, as nothing knows what they have in common."""
    hidden: torch.Tensor = model.network.lstm(model.network.embedding(words), lengths)
    return hidden


def dense_part(model: AttentionXML, hidden: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Attention for every label, a text vector for every label, and the MLP on each of these vectors."""
    network = model.network
    padding = (torch.arange(hidden.shape[1], device=hidden.device) >= lengths[:, None])[:, None, :]
    step = max(1, _CHUNK_FLOATS // (hidden.shape[0] * (hidden.shape[1] + hidden.shape[2])))
    scores = []
    for rows in torch.split(network.attention, step):
        attention = (rows @ hidden.transpose(1, 2)).masked_fill(padding, -torch.inf).softmax(dim=-1)
        vectors = attention @ hidden
        for layer in network.linear:
            vectors = layer(vectors).relu()
        scores.append(network.output(vectors).squeeze(-1).sigmoid())
    return torch.cat(scores, dim=1)


# One-by-one --------------------------------------------------------------------------------------------------------


def ranked(text: str, target: int, dense: Dense, mask: str) -> list[int]:
    """The words of a text (between single spaces), the one first whose absence takes most from the target's score."""
    words = text.split(" ")
    own = dense([text])[0, target]
    masked = [" ".join([*words[:i], mask, *words[i + 1 :]]) for i in range(len(words))]
    parts = [dense(masked[i : i + RANKING_BATCH])[:, target] for i in range(0, len(masked), RANKING_BATCH)]
    order: list[int] = np.argsort(-(own - np.concatenate(parts)), kind="stable").tolist()
    return order


def one_by_one(
    text: str,
    target: int,
    dense: Dense,
    mask: str,
    propose: Callable[[str, int], Sequence[str]],
    k: int = 5,
    max_change_rate: float = 0.1,
) -> str:
    """The text that the positive-targeted Algorithm 1 ends with."""
    budget = change_budget(max_change_rate, len(text.split(" ")))
    words, score, changed = text.split(" "), dense([text])[0, target], 0
    for index in ranked(text, target, dense, mask):
        if changed == budget:
            break
        best, best_row = None, None
        for word in propose(" ".join(words), index):
            candidate = [*words[:index], word, *words[index + 1 :]]
            row = dense([" ".join(candidate)])[0]
            if row[target] < (score if best_row is None else best_row[target]):
                best, best_row = candidate, row
        if best is None or best_row is None:
            continue
        words, score, changed = best, best_row[target], changed + 1
        if target not in top_k(best_row, k):
            break
    return " ".join(words)


def top_k(row: np.ndarray, k: int) -> list[int]:
    """The k best labels of a row, best first; ties by the lower index."""
    best: list[int] = np.argsort(-row, kind="stable")[:k].tolist()
    return best


# Stock -------------------------------------------------------------------------------------------------------------


class DenseVictim(ModelWrapper):
    """A function to dense scores as TextAttack's model wrappers are written."""

    def __init__(self, dense: Dense) -> None:
        self.model, self.dense = dense, dense

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.from_numpy(self.dense(texts))


class DenseGoalResult(GoalFunctionResult):
    """TextAttack wants a class of results for every goal."""

    def get_text_color_input(self) -> str:
        return "red"

    def get_text_color_perturbed(self) -> str:
        return "green"

    def get_colored_output(self, color_method: str | None = None) -> str:
        return str(self.output)


class LeaveTopK(GoalFunction):
    """The smallest goal for a multilabel classifier: one label, the ground truth, is to leave the k best."""

    def __init__(self, victim: ModelWrapper, k: int = 5) -> None:
        super().__init__(victim)
        self.k = k

    def _is_goal_complete(self, output: torch.Tensor, _: AttackedText) -> bool:
        return self.ground_truth_output not in output.topk(self.k).indices.tolist()

    def _get_score(self, output: torch.Tensor, _: AttackedText) -> float:
        return -output[self.ground_truth_output].item()

    def _get_displayed_output(self, output: torch.Tensor) -> list[int]:
        return output.topk(self.k).indices.tolist()

    def _process_model_outputs(self, _: Any, outputs: torch.Tensor) -> torch.Tensor:
        return outputs

    def _goal_function_result_type(self) -> type[GoalFunctionResult]:
        return DenseGoalResult


class StockEncoder(SentenceEncoder):
    """TextAttack's sentence encoder constraint around an encoder of this package."""

    def __init__(self, encoder: Encoder, threshold: float) -> None:
        super().__init__(threshold=threshold, metric="cosine")
        self.encoder = encoder

    def encode(self, texts: list[str]) -> np.ndarray:
        return self.encoder.encode(texts)


def stock_attack(
    dense: Dense,
    mask: str,
    masked_lm: tuple[Any, Any],
    encoder: Encoder,
    min_similarity: float,
    k: int = 5,
    max_change_rate: float = 0.1,
    candidates: int = 48,
) -> Attack:
    """What somebody would put together from TextAttack's parts; it takes the target's index as the ground truth."""
    swap = WordSwapMaskedLM("bae", masked_lm[0], tokenizer=masked_lm[1], max_candidates=candidates, min_confidence=0.0)
    limits = [RepeatModification(), FunctionWordModification(), MaxChangeRate(max_change_rate)]
    goal = LeaveTopK(DenseVictim(dense), k)
    search = GreedyWordSwapWIR("unk", unk_token=mask)
    return Attack(goal, [*limits, StockEncoder(encoder, min_similarity)], swap, search)


def side_by_side(text: str, ours: Attack, truth: str, stock: Attack, target: int) -> tuple[list[Any], list[float]]:
    """Results and seconds of this package's attack and of TextAttack's own on the same text and label."""
    results, seconds = [], []
    for attack, ground_truth in ((ours, truth), (stock, target)):
        start = clock()
        results.append(attack.attack(text, ground_truth))
        seconds.append(clock() - start)
    return results, seconds


def same_attack(ours: Any, stock: Any) -> bool:
    """Whether two results are of the same attack, as far as the two searches are the same.

    Of several last words that reach the goal, TextAttack's search takes the one whose text is most similar to the
    original, and Algorithm 1 the one with the best score. So a success may end with another word, at the same place.
    """
    if isinstance(ours, SuccessfulAttackResult) != isinstance(stock, SuccessfulAttackResult):
        return False
    one, other = (result.perturbed_result.attacked_text for result in (ours, stock))
    different = one.all_words_diff(other)
    last = set(one.attack_attrs.get("newly_modified_indices", ()))
    return not different or (isinstance(ours, SuccessfulAttackResult) and different == last)
