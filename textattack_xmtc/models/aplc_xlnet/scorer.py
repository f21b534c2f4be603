"""APLC-XLNet (Ye et al., 2020) as a victim: texts in, scores of the wanted labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, XLNetModel

from textattack_xmtc.errors import InputError, ModelFolderError, reason_of
from textattack_xmtc.models.aplc_xlnet.network import APLCXLNetConfig, APLCXLNetNetwork
from textattack_xmtc.models.aplc_xlnet.subwords import MASK, Subwords
from textattack_xmtc.models.attention_xml.word_vectors import word_vectors
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.pretrained import PretrainedScorer
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.scores import ComputeType, ScoreKind


class APLCXLNet(PretrainedScorer):
    """A trained APLC-XLNet that answers an attack's questions.

    `score` costs one pass of XLNet, the clusters' projections and one row a label, however many labels there are.
    The mask is the word `<mask>`.

    Args:
        label_names: the names of its labels, by index: the most frequent first.
        max_length: sub-words that are read of a text, `<sep>` and `<cls>` included.
        device, masked_lm_folder, dtype: as for `TorchScorer`.

    Example:
        >>> model = build_small(["boil an egg", "boil tea"], ["eggs", "tea"], hidden_size=8, layers=1)
        >>> model.score(["an egg", "<mask> tea", ""], labels=[1]).shape
        (3, 1)
    """

    architecture = "aplc-xlnet"
    name = "APLC-XLNet"
    mask_word = MASK
    network: APLCXLNetNetwork

    def __init__(
        self,
        network: APLCXLNetNetwork,
        subwords: Subwords,
        label_names: Sequence[str],
        max_length: int = 512,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        if max_length < 3:
            raise InputError(f"max_length={max_length} leaves no room for a sub-word", "choose 3 or more")
        super().__init__(network, label_names, max_length, device, masked_lm_folder, dtype)
        self.subwords = subwords

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, sub-words and length."""
        subwords = Subwords.from_folder(folder, config.get("split_commas") is True)  # older folders: commas stay
        sizes = APLCXLNetConfig(**{**config["network"], "cutoffs": tuple(config["network"]["cutoffs"])})
        with torch.device("meta"):  # the weights are read next: do not draw random ones first
            network = APLCXLNetNetwork(labels, sizes)
        return {"network": network, "subwords": subwords, "max_length": int(config["max_length"])}

    def settings(self) -> dict[str, Any]:
        """Sizes, length, and how sub-words are read."""
        return {
            "network": asdict(self.network.config),
            "max_length": self.max_length,
            "split_commas": self.subwords.split_commas,
        }

    def write_own_files(self, folder: Path) -> None:
        """Write the sub-words."""
        self.subwords.write(folder)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of the first sub-words of each text, `<sep>` and `<cls>`; at most `max_length`."""
        return self.subwords.encode(texts, self.max_length)

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads before it cuts it off."""
        return self.subwords.characters_read(text, self.max_length)

    def padded(self, batch: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Texts as the network takes them: padded at the front to the longest, and their lengths."""
        turned, lengths = padded([text[::-1] for text in batch], self.subwords.pad_id)
        return turned.flip(1).to(self.device), lengths.to(self.device)

    def word_tables(self) -> list[torch.nn.Embedding]:
        """The table of the sub-words' vectors."""
        return [self.network.transformer.word_embedding]

    def fixed_tokens(self) -> np.ndarray:
        """`<sep>`, `<cls>` and the padding."""
        return np.array([self.subwords.sep_id, self.subwords.cls_id, self.subwords.pad_id])

    def by_text(self, values: torch.Tensor, lengths: Sequence[int]) -> list[torch.Tensor]:
        """As `TorchScorer.by_text`, of values of shape `(longest, texts, d)`, padded at the front: XLNet's order."""
        rows = values.transpose(0, 1)
        return [row[len(row) - length :] for row, length in zip(rows, lengths, strict=True)]

    def _floats(self, length: int) -> int:
        # Attention scores by content, by position (twice as many), their sum and their softmax; or the inner layer.
        config = self.network.config
        return length * (6 * config.heads * length + 4 * config.hidden_size + 2 * config.inner_size)

    def _encoder_parts(self) -> list[torch.nn.Module]:
        return [self.network.transformer]

    def _scores(self, batch: Encoded, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        scores: torch.Tensor = self.network(*self.padded(batch), labels, kind)
        return scores

    def _best(self, batch: Encoded, k: int, kind: ScoreKind) -> tuple[np.ndarray, np.ndarray]:
        # without rows of all labels
        best, scores = self.network.label_clusters.top_k(self.network.encode(*self.padded(batch)), k, kind)
        return best.cpu().numpy(), scores.cpu().numpy()


def build_small(
    texts: Sequence[str],
    label_names: Sequence[str],
    positives: Sequence[Sequence[int]] | None = None,
    *,
    vocabulary_size: int = 8000,
    hidden_size: int = 128,
    layers: int = 2,
    heads: int = 4,
    cutoffs: Sequence[int] | None = None,
    lowercase: bool = True,
    max_length: int = 256,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> APLCXLNet:
    """An untrained APLC-XLNet of a size that learns from scratch, with sub-words and word vectors of the texts at hand.

    With `positives`, the true labels of each training text, labels start at their rates, which training has to learn
    first otherwise. `hidden_size`, `layers`, `heads` and `cutoffs` are as in `APLCXLNetConfig`; the feed-forward parts
    are 4 times as wide. With `lowercase`, upper and lower case are the same. `seed` is that of the other first weights.

    Raises:
        InputError: the cut-offs do not fit the number of labels.
    """
    subwords = Subwords.of_texts(texts, vocabulary_size, lowercase)
    config = APLCXLNetConfig(
        vocabulary_size=len(subwords),
        cutoffs=default_cutoffs(len(label_names)) if cutoffs is None else tuple(cutoffs),
        hidden_size=hidden_size,
        layers=layers,
        heads=heads,
        inner_size=4 * hidden_size,
        first_spread=hidden_size**-0.5,  # 0.02 is made for 768 and more: narrow layers would hardly pass anything on
    )
    model = APLCXLNet(_drawn(len(label_names), config, seed), subwords, label_names, max_length, device)
    if hidden_size < len(subwords):
        embedding = model.network.transformer.word_embedding.weight
        special = [number for number in range(len(subwords)) if subwords.is_special(number)]
        vectors = word_vectors(model.encode(texts), len(subwords), hidden_size, ignore=special, seed=seed)
        known = torch.from_numpy(vectors.any(axis=1, keepdims=True)).to(embedding.device)
        with torch.no_grad():
            scaled = torch.from_numpy(vectors).to(embedding.device) * config.first_spread
            embedding.copy_(torch.where(known, scaled, embedding))
    if positives is not None:
        model.network.start_at_rates(positives)
    return model


def build_on_pretrained(
    source: str | Path,
    label_names: Sequence[str],
    positives: Sequence[Sequence[int]] | None = None,
    *,
    cutoffs: Sequence[int] | None = None,
    max_length: int = 512,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> APLCXLNet:
    """An APLC-XLNet whose encoder has been pretrained and whose summary and clusters have not: what is fine-tuned.

    `source` is an XLNet as transformers knows it: a folder, or a name such as "xlnet-base-cased". The other arguments
    are as for `build_small`.

    Raises:
        ModelFolderError: it is not an XLNet, or cannot be read.
        InputError: the cut-offs do not fit the number of labels.
    """
    try:
        # Where this is left open, transformers asks on the terminal whether to run the code that lies with a model.
        description = AutoConfig.from_pretrained(str(source), trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(str(source), use_fast=True, trust_remote_code=False)
        encoder = XLNetModel.from_pretrained(str(source)) if description.model_type == "xlnet" else None
    except (OSError, ValueError, ImportError) as error:
        raise ModelFolderError(
            f"{str(source)!r} cannot be read as an XLNet ({reason_of(error)})", "check the name or folder"
        ) from error
    if encoder is None:
        raise ModelFolderError(f"{str(source)!r} is a {description.model_type}, not an XLNet", "choose an XLNet")
    config = APLCXLNetConfig.of_xlnet(description, default_cutoffs(len(label_names)) if cutoffs is None else cutoffs)
    network = _drawn(len(label_names), config, seed)
    network.transformer.load_state_dict(encoder.state_dict())
    if positives is not None:
        network.start_at_rates(positives)
    return APLCXLNet(network, Subwords.of_transformers(tokenizer), label_names, max_length, device)


def default_cutoffs(labels: int) -> tuple[int, ...]:
    """The labels in two halves, as the authors cut Wiki10-31K's and AmazonCat-13K's.

    Example:
        >>> default_cutoffs(30938), default_cutoffs(1)
        ((15469,), ())
    """
    return (labels // 2,) if labels > 1 else ()


def _drawn(labels: int, config: APLCXLNetConfig, seed: int) -> APLCXLNetNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return APLCXLNetNetwork(labels, config)
