"""A sentence encoder as a victim: texts in, scores of the wanted labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.batches import by_length, float_budget, padded
from textattack_xmtc.models.folder import CONFIG, LABELS, masked_lm_of, read_weights, read_words, weight_shapes
from textattack_xmtc.models.sentence_encoder.network import (
    LinearHead,
    NearestTexts,
    PooledEncoder,
    SentenceEncoderNetwork,
    width_of,
)
from textattack_xmtc.models.sentence_encoder.pretrained import build_encoder, check_length, write_encoder
from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
from textattack_xmtc.scores import ScoreKind


class SentenceEncoder(TorchScorer):
    """A sentence encoder whose vectors are scored by one row a label, or by the nearest training texts.

    `score` costs one pass of the encoder and the rows of the wanted labels, however many labels there are. The mask is
    the tokenizer's mask token.

    Args:
        network: encoder and head.
        tokenizer: the encoder's tokenizer, a fast one of transformers.
        label_names: the names of its labels, by index.
        max_length: tokens that are read of a text, special ones included.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        masked_lm_folder: a masked language model kept with this model, or None.
        dtype: what the encoder computes in; the head is always float32.
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
        network.float().encoder.to(torch.bfloat16 if dtype == "bfloat16" else torch.float32)
        super().__init__(network, label_names, device, masked_lm_folder)
        self.tokenizer, self.max_length = tokenizer, max_length
        self.mask_word = str(tokenizer.mask_token or tokenizer.unk_token or "[MASK]")
        if isinstance(network.head, NearestTexts):
            self.name = "nearest texts"

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
        encoded = self.encode(texts)
        found = np.empty((len(texts), width_of(self.network.encoder.model)), dtype=np.float32)
        lengths = [len(text) for text in encoded]
        for positions in by_length(lengths, batch_size, self._floats, float_budget(self.device)):
            with torch.inference_mode():
                part = self.network.encoder(*self._padded([encoded[position] for position in positions]))
            found[positions] = part.cpu().numpy()
        return found

    def word_tables(self) -> list[torch.nn.Embedding]:
        """The table of the tokens' vectors."""
        return [self.network.encoder.model.get_input_embeddings()]  # type: ignore[operator]

    def fixed_tokens(self) -> np.ndarray:
        """The special tokens."""
        return np.array(sorted(self.tokenizer.all_special_ids))

    def settings(self) -> dict[str, Any]:
        """What a model folder's configuration must say to build this model again."""
        head = self.network.head
        nearest = {"neighbours": head.neighbours, "sharpness": head.sharpness} if isinstance(head, NearestTexts) else {}
        return {
            "head": "nearest-texts" if nearest else "linear",
            **nearest,
            "pooling": self.network.encoder.pooling,
            "max_length": self.max_length,
        }

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        config: Mapping[str, Any],
        device: torch.device | str | None = None,
        dtype: ComputeType = "float32",
    ) -> Self:
        """The model of a folder, whose configuration has been read (see `models.folder`).

        Raises:
            ModelFolderError: a setting is missing or unknown, or the weights do not fit.
        """
        labels = read_words(folder, LABELS)
        shapes = weight_shapes(folder)
        try:
            model, tokenizer = build_encoder(folder, shapes)
            width, pooling, max_length = width_of(model), config["pooling"], int(config["max_length"])
            check_length(model, max_length, folder)
            if pooling not in ("mean", "cls"):
                raise InputError(f"pooling is {pooling!r}", "choose mean or cls")
            head: LinearHead | NearestTexts
            if config["head"] == "nearest-texts":
                texts, most = shapes.get("head.true", (1, 1))
                head = NearestTexts(
                    texts, width, most, len(labels), int(config["neighbours"]), float(config["sharpness"])
                )
            elif config["head"] == "linear":
                head = LinearHead(width, len(labels))
            else:
                raise InputError(f"head is {config['head']!r}", "choose linear or nearest-texts")
            network = SentenceEncoderNetwork(PooledEncoder(model, pooling), head)
        except ModelFolderError:
            raise
        except Exception as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ModelFolderError(
                f"{CONFIG} in {str(folder)!r} does not describe a sentence encoder ({reason})", "save the model again"
            ) from error
        read_weights(folder, network)
        if isinstance(head, NearestTexts) and int(head.true.max()) >= len(labels):
            raise ModelFolderError(
                f"'head.true' in {str(folder)!r} names label {int(head.true.max())} of {len(labels)}",
                "save or copy the model again",
            )
        return cls(network, tokenizer, labels, max_length, device, masked_lm_of(folder), dtype)

    def write_own_files(self, folder: Path) -> None:
        """Write the encoder's configuration and the tokenizer."""
        write_encoder(self.network.encoder.model, self.tokenizer, folder)

    @property
    def _any_token(self) -> int:
        """Stands for a text without tokens, where the tokenizer adds none."""
        unknown = self.tokenizer.unk_token_id
        return int(self.tokenizer.pad_token_id if unknown is None else unknown)

    def _padded(self, batch: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token numbers padded at the end, and the mask."""
        tokens, lengths = padded(batch, self.tokenizer.pad_token_id, self.device)
        mask = torch.arange(tokens.shape[1], device=self.device) < lengths[:, None]
        return tokens, mask.long()

    def _floats(self, length: int) -> int:
        config: Any = self.network.encoder.model.config
        heads = int(getattr(config, "num_attention_heads", 12))
        return length * (3 * heads * length + 12 * width_of(self.network.encoder.model))

    def _scores(self, batch: Sequence[Sequence[int]], labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        scores: torch.Tensor = self.network(*self._padded(batch), labels, kind)
        return scores
