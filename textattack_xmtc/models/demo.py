"""The demo victim: trained once, on the machine it runs on, from the documentation of what is installed there.

`xmtc-demo` is an AttentionXML that labels paragraphs of the documentation of scientific Python packages with their
package, module and parameter names, with a masked language model of the same kind of text.
`python -m textattack_xmtc.models.demo` makes it, where it is not there yet, and prints where it is.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import datasets
import numpy as np
import torch

from textattack_xmtc.cache import cache_folder, cached_folder
from textattack_xmtc.datasets.api_docs import fingerprint, load_api_docs
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.metrics import label_matrix, precision_at_k
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig, AttentionXMLPlan, AttentionXMLSettings
from textattack_xmtc.models.attention_xml.training import train
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.folder import MASKED_LM, write_model
from textattack_xmtc.models.masked_lm import MaskedLMSettings, masked_accuracy, train_masked_lm
from textattack_xmtc.workdir.progress import say

DEMO = 2  # part of the cache key, as the settings below are: another number where the code makes another model of them

_PACKAGES = {"matplotlib", "networkx", "numpy", "pandas", "scipy", "sklearn"}
_WORDS = (20, 120)  # 10% of 20 words are 2 changes; more than 120 make an attack slow to watch
_LABEL_COUNT = 2  # training texts that a label has at least: with one, a model can only memorise it

_NETWORK = AttentionXMLConfig(embedding_size=100, hidden_size=96, linear_sizes=(64,), hidden_dropout=0.3)
_TRAINING = AttentionXMLSettings(epochs=7, batch_size=64, learning_rate=5e-3, label_sample=400, word_dropout=0.05)
_MASKED_LM = MaskedLMSettings()
_VOCABULARY = 12_000


def demo_folder() -> Path:
    """The model folder of `xmtc-demo`; the first call trains it, which takes minutes, with progress lines.

    What is kept is named for the installed versions that its texts come from and for how it is trained. Later calls
    return at once.
    """
    where = cache_folder()
    sizes = (_WORDS, _LABEL_COUNT, _VOCABULARY)
    config = (DEMO, fingerprint(), sorted(_PACKAGES), *sizes, _NETWORK, _TRAINING, _MASKED_LM)
    key = hashlib.sha256(repr(config).encode()).hexdigest()[:12]
    return cached_folder(where / f"demo-{key}", lambda folder: _build(folder, where), "the demo model")


def demo_part(corpus: Corpus) -> Corpus:
    """The part of `api-docs` that the demo is about: few enough texts to learn in a minute, still with a long tail.

    Kept are texts of 20 to 120 words from six scientific packages, and labels with at least two of their training
    texts.
    """
    names = corpus.label_names
    documents = {
        split: [
            Document(row["id"], row["text"], [names[label] for label in row["labels"]])
            for row in rows.select_columns(["id", "text", "labels"])
            if _belongs(row["id"], row["text"])
        ]
        for split, rows in corpus.splits.items()
    }
    counts = Counter(label for document in documents["train"] for label in document.labels)
    return Corpus.from_documents(
        "xmtc-demo", {split: list(_with_labels(rows, counts)) for split, rows in documents.items()}
    )


def prior_precision(corpus: Corpus) -> dict[str, float]:
    """P@1, P@3 and P@5 of always predicting the labels most frequent in training."""
    rows = corpus.split("test")
    best = np.tile(np.argsort(-corpus.label_counts, kind="stable")[:5], (len(rows), 1))
    truth = label_matrix(rows["labels"], len(corpus.label_names))
    return {f"P@{k}": precision_at_k(best, truth, k) for k in (1, 3, 5)}


def _build(folder: Path, cache_dir: Path) -> None:
    start = time.monotonic()
    say("making the demo model; this takes a few minutes, once")
    everything = load_api_docs(cache_dir)
    part = demo_part(everything)
    training_rows, test = part.split("train"), part.split("test")
    tail = float(np.mean(part.label_counts <= 5))
    say(
        f"api-docs: {len(everything.split('train')) + len(everything.split('test')):,} texts, "
        f"{len(everything.label_names):,} labels; the demo's part: {len(training_rows) + len(test):,} texts, "
        f"{len(part.label_names):,} labels, {tail:.0%} of them with at most 5 texts"
    )
    texts = list(everything.split("train")["text"])
    # Two models on one core each: no thread waits for another, whatever else the machine does, and the weights do
    # not depend on the number of cores.
    plan = AttentionXMLPlan("attention-xml", _TRAINING, network=_NETWORK, vocabulary_size=_VOCABULARY)
    with _one_thread_each(), ThreadPoolExecutor(2) as threads:
        masked_lm = threads.submit(train_masked_lm, texts, folder / MASKED_LM, _MASKED_LM)
        victim = threads.submit(train, part, plan, device="cpu")
        model, log = victim.result()
        masked_lm.result()
    measures, prior = validation(model, test), prior_precision(part)
    say(
        f"AttentionXML: P@1 {measures['P@1']:.2f}, P@5 {measures['P@5']:.2f} "
        f"(most frequent labels: {prior['P@1']:.2f}, {prior['P@5']:.2f})"
    )
    guessed = masked_accuracy(folder / MASKED_LM, texts, list(test["text"]))
    say(
        f"masked LM: {guessed.top_10:.0%} of hidden content words among its first ten "
        f"(ten most frequent words: {guessed.prior:.0%})"
    )
    training = {
        "corpus": {
            "name": part.name,
            "fingerprint": fingerprint(),
            "texts": len(training_rows),
            "labels": len(part.label_names),
        },
        "settings": asdict(_TRAINING),
        "log": log,
        "test": {"texts": len(test), **measures, "most_frequent_labels": prior},
        "masked_lm": {"settings": asdict(_MASKED_LM), "content_words": asdict(guessed)},
    }
    write_model(model, folder, training, _documents(test, part.label_names))
    say(f"demo model ready after {time.monotonic() - start:.0f} s")


def _belongs(name: str, text: str) -> bool:
    package = name.partition(":")[0].partition(".")[0]
    return package in _PACKAGES and _WORDS[0] <= len(text.split()) <= _WORDS[1]


def _with_labels(documents: Iterable[Document], counts: Counter[str]) -> Iterator[Document]:
    for document in documents:
        labels = [label for label in document.labels if counts[label] >= _LABEL_COUNT]
        if labels:
            yield document._replace(labels=labels)


def _documents(rows: datasets.Dataset, label_names: tuple[str, ...]) -> Iterator[Document]:
    """The documents in an order that mixes the packages, the same on every machine: the first few show them all."""
    for row in sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).digest()):
        yield Document(row["id"], row["text"], [label_names[label] for label in row["labels"]])


@contextmanager
def _one_thread_each() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    print(demo_folder())
