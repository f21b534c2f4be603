"""A model folder from a corpus: what is trained and how, and the way there in one go or in several."""

from __future__ import annotations

import json
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import datasets
import numpy as np
import torch
import transformers

from textattack_xmtc._version import __version__
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, propensities
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet, build_on_pretrained, build_small
from textattack_xmtc.models.aplc_xlnet.training import APLCXLNetSettings, train_aplc_xlnet
from textattack_xmtc.models.attention_xml.flat import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.training import AttentionXMLSettings, train_attention_xml
from textattack_xmtc.models.attention_xml.tree_training import TreeSettings, train_attention_xml_tree
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.evaluation import best_labels, measures
from textattack_xmtc.models.folder import save_model
from textattack_xmtc.models.losses import LossSettings
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint

Architecture = Literal["attention-xml", "attention-xml-tree", "aplc-xlnet"]

TEST_TEXTS = 2000
"""At most so many test texts are kept in a model folder, as the texts that an attack takes by default."""

_VALIDATION_SHARE = 20  # one training text in so many is held out, unless said otherwise
_MOST_VALIDATION = 2000


@dataclass(frozen=True)
class TrainingPlan:
    """What to train and how.

    Attributes:
        architecture: as in `models.folder.ARCHITECTURES`.
        network: AttentionXML: its sizes.
        settings: how to train; of the architecture's own kind.
        loss: what is trained on.
        tree: shape of the label tree (AttentionXML as label tree).
        hidden_size, layers: APLC-XLNet from scratch: width and layers of XLNet.
        pretrained: APLC-XLNet: the XLNet to start from, a folder or a hub name; None for one from scratch.
        max_length: words (AttentionXML) or sub-words (APLC-XLNet) that are read of a text.
        vocabulary_size: at most so many words or sub-words are known.
        validation: training texts held out to choose the best epoch; None for one in 20, at most 2,000.
    """

    architecture: Architecture
    settings: AttentionXMLSettings | APLCXLNetSettings
    loss: LossSettings = field(default_factory=LossSettings)
    network: AttentionXMLConfig = field(default_factory=AttentionXMLConfig)
    tree: TreeSettings = field(default_factory=TreeSettings)
    hidden_size: int = 128
    layers: int = 2
    pretrained: str | None = None
    max_length: int = 500
    vocabulary_size: int = 500_000
    validation: int | None = None


def small_plan(architecture: Architecture, loss: LossSettings | None = None) -> TrainingPlan:
    """Sizes that learn from scratch in minutes on a CPU, up to some ten thousand texts and labels."""
    loss = loss or LossSettings()
    if architecture == "aplc-xlnet":
        encoder, summary, clusters = 1e-3, 1e-3, 5e-3
        settings = APLCXLNetSettings(
            6, 16, word_dropout=0.05, encoder_rate=encoder, summary_rate=summary, cluster_rate=clusters
        )
        return TrainingPlan(architecture, settings, loss, max_length=256, vocabulary_size=8000)
    epochs = 4 if architecture == "attention-xml-tree" else 8
    # Small batches: few texts teach little in few steps (cooking: P@1 0.59 with 64 texts a step, 0.68 with 16).
    return TrainingPlan(
        architecture,
        AttentionXMLSettings(epochs, 16, word_dropout=0.05, learning_rate=3e-3, average_from=epochs // 2),
        loss,
        AttentionXMLConfig(embedding_size=128, hidden_size=128, linear_sizes=(128,), hidden_dropout=0.3),
        TreeSettings(beam=16),  # a wide beam is for many more groups than small corpora have
        vocabulary_size=50_000,
    )


def paper_plan(architecture: Architecture, loss: LossSettings | None = None) -> TrainingPlan:
    """The authors' sizes and settings for Wiki10-31K (AttentionXML: You et al. 2019; APLC-XLNet: Ye et al. 2020)."""
    loss = loss or LossSettings()
    if architecture == "aplc-xlnet":
        settings = APLCXLNetSettings()
        return TrainingPlan(architecture, settings, loss, pretrained="xlnet-base-cased", max_length=512, validation=0)
    return TrainingPlan(
        architecture, AttentionXMLSettings(30, 40, average_from=4), loss, AttentionXMLConfig(), validation=200
    )


def train_folder(
    corpus: Corpus,
    plan: TrainingPlan,
    out: Path | str,
    *,
    resume: bool = False,
    device: torch.device | str | None = None,
    masked_lm: Path | None = None,
    checkpoint_seconds: float = 600.0,
) -> dict[str, Any]:
    """Train as planned and save a model folder, which is there only when it is complete.

    Until then the state of the training lies beside it, in `OUT.unfinished`, renewed after each epoch and every ten
    minutes. On a CPU, a training that was interrupted and resumed gives the weights of one that was not.

    Args:
        corpus: with a split "train"; a split "test" is measured on in the end and kept with the model (a part of it).
        plan: what to train.
        out: the folder to make.
        resume: go on from what lies in `OUT.unfinished`; where nothing does, start.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        masked_lm: a masked language model of the same texts, copied into the folder.
        checkpoint_seconds: how often the state is written within an epoch.

    Returns:
        What is saved as `training.json`: corpus, plan, log, seconds, peak memory (MB), test measures.

    Raises:
        InputError: the folder or an unfinished training is there already, or the training to resume is another one.
        XMTCError: the disk is full; the last checkpoint has been kept.
    """
    out = Path(out)
    unfinished = out.with_name(out.name + ".unfinished")
    if out.exists():
        raise InputError(f"{str(out)!r} is there already", "choose another folder, or remove it first")
    if unfinished.exists() and not resume:
        raise InputError(
            f"there is an unfinished training in {str(unfinished)!r}", "go on with it (--resume), or remove that folder"
        )
    whole = corpus
    held_out = plan.validation
    if held_out is None:
        held_out = held_out_of(len(corpus.split("train")))
    corpus = corpus.holding_out(held_out, plan.settings.seed)
    validate_on = corpus.split("validation") if held_out else None
    made_of = json.loads(json.dumps({**asdict(plan), "corpus": whole.fingerprint, "torch": torch.__version__}))
    checkpoint = Checkpoint(unfinished / "checkpoint.pt", made_of, checkpoint_seconds)
    start = time.monotonic()
    model, log = _trained(corpus, plan, validate_on, device, checkpoint)
    seconds = sum(entry["seconds"] for entry in log)
    training = {
        "corpus": {"fingerprint": whole.fingerprint, "held_out": held_out, **asdict(corpus_statistics(whole))},
        "plan": asdict(plan),
        "log": log,
        "seconds": round(max(seconds, time.monotonic() - start), 1),
        "peak_memory_mb": _peak_memory(),
        "device": str(model.device),
        "versions": _versions(),
        "test": measured_on_test(model, corpus),
    }
    try:
        save_model(model, out, training, kept_tests(corpus), masked_lm)
    except Exception as error:  # safetensors reports a full disk in its own way, not as an OSError
        raise XMTCError(
            f"the trained model could not be saved to {str(out)!r} ({error})",
            f"make room and repeat the command with --resume: the training has been kept in {str(unfinished)!r}",
        ) from error
    shutil.rmtree(unfinished, ignore_errors=True)
    return training


def held_out_of(texts: int) -> int:
    """How many of so many training texts are held out, unless said otherwise: one in 20, at most 2,000."""
    return min(texts // _VALIDATION_SHARE, _MOST_VALIDATION)


def measured_on_test(model: TorchScorer, corpus: Corpus) -> dict[str, float] | None:
    """P@k, nDCG@k and PSP@k on the test split of the corpus that the model was trained on; None without one."""
    if "test" not in corpus.splits or not len(corpus.split("test")):
        return None
    counts, n_train = corpus.label_counts, len(corpus.split("train"))
    propensity = propensities(counts, n_train, *PROPENSITY_CONSTANTS["other"]) if n_train >= 3 else None
    return measures(best_labels(model, corpus.split("test")), corpus.label_matrix("test"), propensity)


def _trained(
    corpus: Corpus,
    plan: TrainingPlan,
    validate_on: datasets.Dataset | None,
    device: torch.device | str | None,
    checkpoint: Checkpoint,
) -> tuple[TorchScorer, list[dict[str, Any]]]:
    texts = list(corpus.split("train")["text"])
    settings = plan.settings
    if isinstance(settings, APLCXLNetSettings):
        model = _untrained_aplc(corpus, texts, plan, device)
        return model, train_aplc_xlnet(model, corpus, settings, plan.loss, validate_on, checkpoint)
    vocabulary = Vocabulary.of_texts(texts, plan.vocabulary_size)
    common = (vocabulary, plan.max_length, device, checkpoint)
    if plan.architecture == "attention-xml-tree":
        return train_attention_xml_tree(corpus, plan.network, settings, plan.tree, plan.loss, validate_on, *common)
    return train_attention_xml(corpus, plan.network, settings, plan.loss, validate_on, *common)


def _untrained_aplc(
    corpus: Corpus, texts: list[str], plan: TrainingPlan, device: torch.device | str | None
) -> APLCXLNet:
    positives = list(corpus.split("train")["labels"])
    names, seed = corpus.label_names, plan.settings.seed
    if plan.pretrained is not None:
        return build_on_pretrained(
            plan.pretrained, names, positives, max_length=plan.max_length, device=device, seed=seed
        )
    return build_small(
        texts,
        names,
        positives,
        vocabulary_size=plan.vocabulary_size,
        hidden_size=plan.hidden_size,
        layers=plan.layers,
        max_length=plan.max_length,
        device=device,
        seed=seed,
    )


def kept_tests(corpus: Corpus) -> Iterator[Document]:
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


def _versions() -> Mapping[str, str]:
    return {
        "textattack-xmtc": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "threads": str(torch.get_num_threads()),
    }
