"""A corpus, two trained models and a masked language model that are small enough to attack in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.folder import save_model

LABELS = 18
TRAIN, TEST = 240, 90
FILLERS = ["granite", "meadow", "lantern", "harbour", "violin", "saddle", "copper", "thistle", "the", "of", "and"]

OPTIONS = {
    "models": ["plain", "other"],
    "data": "data",
    "k": 2,
    "labels_per_bin": 5,
    "samples_per_bin": 4,
    "max_change_rate": 0.2,
    "candidates": 8,
    "encoder": "embedded",
}
"""A campaign on them that takes a second."""


def make_data(folder: Path) -> Path:
    """Texts of 20 words; each label has two words of its own; some labels are on very few training texts."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    weights = 1 / np.arange(1, LABELS + 1)
    for split, texts in (("train", TRAIN), ("test", TEST)):
        share = weights / weights.sum() if split == "train" else np.full(LABELS, 1 / LABELS)
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as lines:
            for number in range(texts):
                true = random.choice(LABELS, 2, replace=False, p=share)
                words = [f"{part}{'abcdefghijklmnopqr'[label]}" for label in true for part in ("topic", "about")]
                words += random.choice(FILLERS, 16).tolist()
                row = {"id": f"{split}{number}", "text": " ".join(random.permutation(words))}
                lines.write(json.dumps({**row, "labels": [f"label {label}" for label in true]}) + "\n")
    return folder


def make_masked_lm(folder: Path, corpus: Corpus) -> Path:
    """A random BERT over the words of the corpus."""
    folder.mkdir(parents=True)
    words = sorted({word for text in corpus.split("train")["text"] for word in text.split()})
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForMaskedLM(BertConfig(vocab_size=len(words) + 5, **sizes)).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def make_model(folder: Path, corpus: Corpus, seed: int, masked_lm: Path | None = None, reverse: bool = False) -> Path:
    """An AttentionXML trained for a few seconds; `reverse`: it counts labels from the other end."""
    torch.manual_seed(seed)
    names = list(corpus.label_names)[:: -1 if reverse else 1]
    texts = list(corpus.split("train")["text"])
    vocabulary = Vocabulary.of_texts(texts)
    sizes = AttentionXMLConfig(embedding_size=16, hidden_size=8, linear_sizes=(8,), hidden_dropout=0.0)
    network = AttentionXMLNetwork(len(vocabulary), len(names), sizes)
    model = AttentionXML(network, vocabulary, names, device="cpu")
    words, lengths = padded(model.encode(texts), 0, model.device)
    truth = torch.from_numpy(corpus.label_matrix("train").toarray()[:, [corpus.label_names.index(n) for n in names]])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    network.train()
    for _ in range(120):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network.dense_logits(words, lengths), truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.eval()
    return save_model(model, folder, masked_lm=masked_lm)


def make_all(root: Path) -> Path:
    """`data`, `plain` (with a masked LM), `other` (labels in another order), below one folder."""
    corpus = load_corpus(make_data(root / "data"), cache=root / "cache")
    masked_lm = make_masked_lm(root / "words", corpus)
    make_model(root / "plain", corpus, 0, masked_lm)
    make_model(root / "other", corpus, 1, reverse=True)
    return root


def records(out: Path) -> dict[str, list[dict[str, Any]]]:
    """The records by model, without what a clock said."""
    models = {}
    for file in sorted((out / "records").iterdir()):
        rows = [json.loads(line) for line in file.read_bytes().split(b"\n") if line]
        models[file.stem] = [{key: value for key, value in row.items() if key != "seconds"} for row in rows]
    return models
