"""A model folder from a corpus: what is trained and how, and the way there in one go or in several."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.reserve import reserve_facts, set_aside
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import XMTCError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, propensities
from textattack_xmtc.models.architecture import TrainingPlan, architecture
from textattack_xmtc.models.evaluation import best_labels, measures
from textattack_xmtc.models.folder import save_model
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint
from textattack_xmtc.workdir.folders import check_writable
from textattack_xmtc.workdir.provenance import versions
from textattack_xmtc.workdir.resume import unfinished_folder

TEST_TEXTS = 2000
"""At most so many test texts are kept in a model folder, as the texts that an attack takes by default."""

_VALIDATION_SHARE = 20  # one training text in so many is held out by default
_MOST_VALIDATION = 2000


def small_plan(name: str, loss: LossSettings | None = None) -> TrainingPlan:
    """Sizes that learn from scratch in minutes on a CPU, up to some ten thousand texts and labels.

    Raises:
        InputError: there is no such architecture.
    """
    return architecture(name).small_plan(loss or LossSettings())


def train_folder(
    corpus: Corpus,
    plan: TrainingPlan,
    out: Path | str,
    *,
    resume: bool = False,
    device: torch.device | str | None = None,
    masked_lm: Path | None = None,
) -> dict[str, Any]:
    """Train as planned and save a model folder, which is there only when it is complete.

    Until then the state of the training lies beside it, in `OUT.unfinished`, renewed after each epoch and every ten
    minutes. On a CPU, a training that was interrupted and resumed gives the weights of one that was not.

    Args:
        corpus: with a split "train"; a split "test" is measured on in the end and kept with the model (a part of it).
        plan: what to train; the share `plan.reserve` of the training texts is set aside first (`datasets.reserve`).
        resume: resume from what lies in `OUT.unfinished`; where nothing does, start.
        masked_lm: a masked language model of the same texts, copied into the folder.

    Returns:
        What is saved as `training.json`: corpus, plan, log, seconds, peak memory (MB), test measures.

    Raises:
        InputError: the folder or an unfinished training exists, the folder cannot be written, or the training to resume
            is another one.
        XMTCError: the disk is full; the last checkpoint has been kept.
    """
    out = Path(out)
    unfinished = unfinished_folder(out, "training", resume)
    check_writable(out)
    whole, corpus = corpus, set_aside(corpus, plan.reserve)
    reserve, statistics = reserve_facts(corpus, plan.reserve), asdict(corpus_statistics(corpus))
    held_out = plan.validation
    if held_out is None:
        held_out = held_out_of(len(corpus.split("train")))
    corpus = corpus.holding_out(held_out, plan.settings.seed)
    validate_on = corpus.split("validation") if held_out else None
    config = json.loads(json.dumps({**asdict(plan), "corpus": whole.fingerprint}))
    checkpoint = Checkpoint(unfinished / "checkpoint.pt", config)
    start = time.monotonic()
    model, log = architecture(plan.architecture).train(corpus, plan, validate_on, device, checkpoint)
    seconds = sum(entry["seconds"] for entry in log)
    training = {
        "corpus": {"fingerprint": whole.fingerprint, "held_out": held_out, "reserve": reserve, **statistics},
        "plan": asdict(plan),
        "log": log,
        "seconds": round(max(seconds, time.monotonic() - start), 1),
        "peak_memory_mb": _peak_memory(),
        "device": str(model.device),
        "versions": versions(("torch", "transformers", "numpy")),
        "test": measured_on_test(model, corpus),
    }
    save_trained(model, out, training, corpus, masked_lm, unfinished)
    return training


def save_trained(
    model: TorchScorer,
    out: Path,
    training: Mapping[str, Any],
    corpus: Corpus,
    masked_lm: Path | None,
    unfinished: Path,
) -> None:
    """Save a trained model with a part of its corpus's test texts, and remove the state of its training, `unfinished`.

    Raises:
        XMTCError: it cannot be saved; the state stays.
    """
    try:
        save_model(model, out, training, _kept_tests(corpus), masked_lm)
    except Exception as error:  # safetensors reports a full disk in its own way, not as an OSError
        raise XMTCError(
            f"the trained model could not be saved to {str(out)!r} ({error})",
            f"make room and repeat the command with --resume: the training has been kept in {str(unfinished)!r}",
        ) from error
    shutil.rmtree(unfinished, ignore_errors=True)


def held_out_of(texts: int) -> int:
    """How many of so many training texts are held out by default: one in 20, at most 2,000."""
    return min(texts // _VALIDATION_SHARE, _MOST_VALIDATION)


def measured_on_test(model: TorchScorer, corpus: Corpus) -> dict[str, float] | None:
    """P@k, nDCG@k and PSP@k on the test split of the corpus that the model was trained on; None without one."""
    if "test" not in corpus.splits or not len(corpus.split("test")):
        return None
    counts, n_train = corpus.label_counts, len(corpus.split("train"))
    propensity = propensities(counts, n_train, *PROPENSITY_CONSTANTS["other"]) if n_train >= 3 else None
    return measures(best_labels(model, corpus.split("test")["text"]), corpus.label_matrix("test"), propensity)


def _kept_tests(corpus: Corpus) -> Iterator[Document]:
    """The test texts that the folder keeps: all, or so many drawn ones, in their order."""
    if "test" not in corpus.splits:
        return
    rows, names = corpus.split("test"), corpus.label_names
    drawn = np.sort(np.random.default_rng(0).permutation(len(rows))[:TEST_TEXTS])
    for row in rows.select(drawn):
        yield Document(row["id"], row["text"], [names[label] for label in row["labels"]])


def _peak_memory() -> int:
    """The most memory that this process has held so far, in MB; on a GPU, what it held there. 0: not known."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return round(torch.cuda.max_memory_allocated() / 2**20)
    try:
        import resource
    except ImportError:  # Windows has no such account
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / (2**20 if sys.platform == "darwin" else 2**10))
