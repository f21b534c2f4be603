"""A sentence encoder as a victim: texts in, scores of the wanted labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.folder import weight_shapes
from textattack_xmtc.models.pretrained import PretrainedScorer
from textattack_xmtc.models.sentence_encoder.network import (
    Head,
    LinearHead,
    MemoryHead,
    NearestTexts,
    PooledEncoder,
    SentenceEncoderNetwork,
    width_of,
)
from textattack_xmtc.models.sentence_encoder.pretrained import build_encoder, check_length, write_encoder
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.scores import ComputeType, ScoreKind


class SentenceEncoder(PretrainedScorer):
    """A sentence encoder whose vectors are scored by one row a label, or by the nearest training texts.

    `score` costs one pass of the encoder and the rows of the wanted labels, however many labels there are. The mask is
    the tokenizer's mask token.

    Args:
        tokenizer: the encoder's tokenizer, a fast one of transformers.
        max_length: tokens that are read of a text, special ones included.
        device, masked_lm_folder: as for `TorchScorer`.
        dtype: what the encoder computes in; the head is always float32.

    Raises:
        InputError: the nearest texts have labels that the model has not.
    """

    architecture = "sentence-encoder"
    name = "sentence encoder"
    network: SentenceEncoderNetwork

    def __init__(
        self,
        network: SentenceEncoderNetwork,
        tokenizer: Any,
        label_names: Sequence[str],
        max_length: int = 256,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        super().__init__(network, label_names, max_length, device, masked_lm_folder, dtype)
        self.tokenizer = tokenizer
        self.mask_word = str(tokenizer.mask_token or tokenizer.unk_token or "[MASK]")
        memory = _memory(network.head)
        if memory is not None:
            self.name = "nearest texts" if memory is network.head else "sentence encoder with a memory"
            if (highest := int(memory.true.max())) >= len(label_names):
                raise InputError(f"the memory names label {highest} of {len(label_names)}", "copy the model again")

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, tokenizer and length."""
        shapes = weight_shapes(folder)
        model, tokenizer = build_encoder(folder, shapes)
        width, pooling, max_length = width_of(model), config["pooling"], int(config["max_length"])
        check_length(model, max_length, folder)
        if pooling not in ("mean", "cls"):
            raise InputError(f"pooling is {pooling!r}", "choose mean or cls")
        head: Head
        if config["head"] == "linear":
            head = LinearHead(width, labels)
        elif config["head"] in ("nearest-texts", "memory"):
            alone = config["head"] == "nearest-texts"
            texts, most = shapes.get("head.true" if alone else "head.memory.true", (1, 1))
            nearest = NearestTexts(texts, width, most, labels, int(config["neighbours"]), float(config["sharpness"]))
            head = nearest if alone else MemoryHead(nearest, width, labels, float(config["share"]))
        else:
            raise InputError(f"head is {config['head']!r}", "choose linear, nearest-texts or memory")
        network = SentenceEncoderNetwork(PooledEncoder(model, pooling), head)
        return {"network": network, "tokenizer": tokenizer, "max_length": max_length}

    def settings(self) -> dict[str, Any]:
        """Head, pooling and length."""
        head = self.network.head
        memory = _memory(head)
        nearest = {} if memory is None else {"neighbours": memory.neighbours, "sharpness": memory.sharpness}
        return {
            "head": "linear" if memory is None else "nearest-texts" if memory is head else "memory",
            **nearest,
            **({"share": head.share} if isinstance(head, MemoryHead) else {}),
            "pooling": self.network.encoder.pooling,
            "max_length": self.max_length,
        }

    def write_own_files(self, folder: Path) -> None:
        """Write the encoder's configuration and the tokenizer."""
        write_encoder(self.network.encoder.model, self.tokenizer, folder)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of each text, special ones included; at most `max_length`."""
        if not len(texts):
            return []
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encoded = self.tokenizer(readable, truncation=True, max_length=self.max_length)["input_ids"]
        return [row or [self._any_token] for row in encoded]

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads before it cuts it off."""
        text = text.encode("utf-8", "replace").decode("utf-8")
        whole = self.tokenizer(text, return_offsets_mapping=True, verbose=False)
        if len(whole["input_ids"]) <= self.max_length:
            return len(text)
        read = self.tokenizer(text, truncation=True, max_length=self.max_length, return_offsets_mapping=True)
        return max(int(end) for _, end in read["offset_mapping"])

    def vectors(self, texts: Sequence[str], batch_size: int = 32) -> np.ndarray:
        """The unit vectors of texts, float32, shape `(len(texts), d)`."""
        vectors = np.empty((len(texts), width_of(self.network.encoder.model)), dtype=np.float32)
        for positions, batch in self._batches(self.encode(texts), "logit", batch_size):
            with torch.inference_mode():
                vectors[positions] = self.network.encoder(*self.padded(batch)).cpu().numpy()
        return vectors

    def word_tables(self) -> list[torch.nn.Embedding]:
        """The table of the tokens' vectors."""
        return [self.network.encoder.model.get_input_embeddings()]  # type: ignore[operator]

    def fixed_tokens(self) -> np.ndarray:
        """The special tokens."""
        return np.array(sorted(self.tokenizer.all_special_ids))

    @property
    def _any_token(self) -> int:
        """Stands for a text without tokens, where the tokenizer adds none."""
        unknown = self.tokenizer.unk_token_id
        return int(self.tokenizer.pad_token_id if unknown is None else unknown)

    def padded(self, batch: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Token numbers padded at the end, and the mask."""
        tokens, lengths = padded(batch, self.tokenizer.pad_token_id, self.device)
        mask = torch.arange(tokens.shape[1], device=self.device) < lengths[:, None]
        return tokens, mask.long()

    def _floats(self, length: int) -> int:
        config: Any = self.network.encoder.model.config
        heads = int(getattr(config, "num_attention_heads", 12))
        return length * (3 * heads * length + 12 * width_of(self.network.encoder.model))

    def _encoder_parts(self) -> list[torch.nn.Module]:
        return [self.network.encoder]

    def _scores(self, batch: Encoded, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        scores: torch.Tensor = self.network(*self.padded(batch), labels, kind)
        return scores


def _memory(head: torch.nn.Module) -> NearestTexts | None:
    """The training texts that a head asks."""
    return head.memory if isinstance(head, MemoryHead) else head if isinstance(head, NearestTexts) else None
