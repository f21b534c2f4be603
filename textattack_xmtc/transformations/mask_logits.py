"""What a masked language model answers at its masks, without what it would answer everywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch


def logits_at(model: Any, inputs: Mapping[str, torch.Tensor], positions: Sequence[int]) -> torch.Tensor:
    """Logits over the vocabulary at one position a text.

    The head of a masked language model takes every token of a text for itself, and costs as much as some of its layers
    (a fifth of BERT-base's time, as it has 30,522 words). So it is only shown the tokens that are asked about. A model
    whose parts transformers does not name the usual way is run as a whole.

    Args:
        model: a masked language model of transformers, or anything that answers with `logits`.
        inputs: what the model takes, texts in rows.
        positions: a token of each text.

    Returns:
        Shape `(texts, vocabulary)`.
    """
    rows = torch.arange(len(positions))
    encoder = getattr(model, "base_model", None)
    with torch.inference_mode():
        if not isinstance(encoder, torch.nn.Module) or encoder is model:
            return _of(model(**inputs).logits, rows, positions)
        cut = False

        def keep(_module: torch.nn.Module, _inputs: Any, answer: Any) -> Any:
            nonlocal cut
            states = getattr(answer, "last_hidden_state", None)
            if states is None or states.shape[:2] != inputs["input_ids"].shape:
                return answer
            answer["last_hidden_state"] = _of(states, rows, positions)[:, None]
            cut = True
            return answer

        hook = encoder.register_forward_hook(keep)
        try:
            logits: torch.Tensor = model(**inputs).logits
        finally:
            hook.remove()
        return logits[:, 0] if cut else _of(logits, rows, positions)


def _of(values: torch.Tensor, rows: torch.Tensor, positions: Sequence[int]) -> torch.Tensor:
    return values[rows.to(values.device), torch.tensor(positions, device=values.device)]
