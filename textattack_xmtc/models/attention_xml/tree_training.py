"""Training AttentionXML with a label tree, level by level from the top (You et al., 2019, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import datasets
import numpy as np
import torch
from scipy import sparse

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_clusters import hierarchical_clusters, label_vectors, tfidf
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.attention_xml.label_tree import LabelTree, depths_of_levels
from textattack_xmtc.models.attention_xml.plan import AttentionXMLConfig, AttentionXMLSettings, TreeSettings
from textattack_xmtc.models.attention_xml.training import (
    start_at_mean_rate,
    start_from_word_vectors,
    with_unknown_words,
)
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree, AttentionXMLTreeNetwork, best_nodes
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.batches import by_length, padded
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth


def build_label_tree(texts: Sequence[str], labels: sparse.csr_matrix, shape: TreeSettings, seed: int = 0) -> LabelTree:
    """The label tree of training texts and their labels.

    Args:
        texts: n texts.
        labels: 1 where a text has a label, shape `(n, labels)`.
        shape: of the tree.
        seed: of the clustering.

    Raises:
        DataError: no text has a word.
        InputError: there are no labels, or no tree can have this shape.

    Example:
        >>> labels = sparse.csr_matrix([[1, 1, 0, 0], [0, 0, 1, 1]])
        >>> build_label_tree(["boil an egg", "green tea"], labels, TreeSettings(max_leaf=2)).parents[0].tolist()
        [0, 0, 1, 1]
    """
    clusters = hierarchical_clusters(label_vectors(tfidf(texts), labels), shape.max_leaf, seed)
    depths = depths_of_levels(len(clusters) - 1, shape.first_groups, shape.branching)
    return LabelTree.from_clusters([clusters[depth] for depth in depths])


def train_attention_xml_tree(
    corpus: Corpus,
    config: AttentionXMLConfig,
    settings: AttentionXMLSettings,
    shape: TreeSettings | None = None,
    loss: LossSettings | None = None,
    validate_on: datasets.Dataset | None = None,
    vocabulary: Vocabulary | None = None,
    max_length: int = 500,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[AttentionXMLTree, list[dict[str, Any]]]:
    """Train an AttentionXML with a label tree on the training split of a corpus, from word vectors of its own texts.

    Each level is trained for `settings.epochs`; it starts from the word vectors, LSTM and MLP of the level above. The
    same corpus, settings and seed give the same weights on a CPU with the same number of threads, whether or not the
    training was interrupted and taken up from its checkpoint.

    Args:
        corpus: with a split "train".
        config: the sizes of the networks.
        settings: how to train; `label_sample` is not used.
        shape: of the tree; by default `TreeSettings()`.
        loss: what is trained on, on all levels: a group is a label that all texts of its labels have. Plain binary
            cross-entropy by default.
        validate_on: texts that the model is measured on after each epoch of the last level.
        vocabulary: the words to know; by default the most frequent of the training texts.
        max_length: words that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        checkpoint: where the state of the training is kept; an unfinished one is resumed.

    Returns:
        The model and the log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty, the tree's shape is invalid, or the checkpoint is of another training.
        DataError: no text has a word.
    """
    texts = list(corpus.split("train")["text"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    shape, loss = shape or TreeSettings(), loss or LossSettings()
    vocabulary = vocabulary or Vocabulary.of_texts(texts)
    labels = corpus.label_matrix("train")
    state = (checkpoint.read() if checkpoint else None) or {}
    tree = LabelTree([parents.numpy() for parents in state["tree"]]) if state else None
    tree = tree or build_label_tree(texts, labels, shape, settings.seed)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLTreeNetwork(len(vocabulary), tree, config)
    model = AttentionXMLTree(network, vocabulary, corpus.label_names, max_length, shape.beam, device)
    encoded = model.encode(texts)
    true = true_nodes(tree, labels)
    if state:
        network.load_state_dict(state["network"])
    else:
        start_at_mean_rate(network.network(0), true[0].nnz / (true[0].shape[0] * true[0].shape[1]))
        start_from_word_vectors(network.network(0), encoded, settings.seed)
    log: list[dict[str, Any]] = list(state.get("log", []))
    for level in range(state.get("level", 0), len(true)):
        groups = None
        if level:
            _start_from_above(network, level)
            groups = training_groups(network, encoded, true[level - 1], shape.beam, level - 1)
        training = level_training(network, level, encoded, true[level], groups, settings, loss)
        if state.get("level") == level:
            training.load_state_dict(state["training"])
        last = level == len(true) - 1
        # What the levels above have learnt is kept once a level; only the level under way changes.
        above = {"network": network.state_dict(), "tree": [torch.as_tensor(parents) for parents in tree.parents]}
        found = training.run(
            partial(validation, model, validate_on) if last and validate_on is not None else None,
            None if checkpoint is None else keeper(checkpoint, training, level=level, log=list(log), **above),
        )
        log += [{"level": level, **entry} for entry in found]
    network.eval()
    return model, log


def true_nodes(tree: LabelTree, labels: sparse.csr_matrix) -> list[sparse.csr_matrix]:
    """The true nodes of some texts on each level: a group is true where one of its labels is.

    Args:
        tree: the tree.
        labels: 1 where a text has a label, shape `(texts, labels)`.

    Returns:
        For each level, 1 where a node is true, shape `(texts, nodes)`.

    Example:
        >>> tree = LabelTree([np.array([0, 0, 1])])
        >>> [nodes.toarray().tolist() for nodes in true_nodes(tree, sparse.csr_matrix([[1, 1, 0], [0, 0, 0]]))]
        [[[1, 0], [0, 0]], [[1, 1, 0], [0, 0, 0]]]
    """
    found = [sparse.csr_matrix(labels)]
    for parents in reversed(tree.parents):
        nodes = found[0]
        shape = (nodes.shape[0], int(parents.max()) + 1)
        above = sparse.csr_matrix((nodes.data, parents[nodes.indices], nodes.indptr), shape=shape, copy=True)
        above.sum_duplicates()
        above.data[:] = 1
        found.insert(0, above)
    return found


def training_groups(
    network: AttentionXMLTreeNetwork,
    texts: Sequence[Sequence[int]],
    true: sparse.csr_matrix,
    beam: int,
    level: int,
    batch_size: int = 64,
) -> np.ndarray:
    """The groups of a level whose children a text is trained on: its true groups first, then the best predicted ones.

    Args:
        network: trained up to this level.
        texts: word numbers of each text.
        true: 1 where a group is true, shape `(texts, groups)`.
        beam: at most how many groups a text.
        level: the level of the groups.
        batch_size: texts at once.

    Returns:
        int32, shape `(texts, beam)`; -1 fills the end where there are no more groups.
    """
    network.eval()
    found = np.full((len(texts), beam), -1, dtype=np.int32)
    device = network.network(level).attention.device
    for positions in by_length([len(text) for text in texts], batch_size):
        words, lengths = padded([texts[position] for position in positions], PAD_ID, device)
        with torch.inference_mode():
            predicted = best_nodes(*network.reached(words, lengths, beam, level), beam)[0].cpu().numpy()
        for position, others in zip(positions, predicted, strict=True):
            own = true.indices[true.indptr[position] : true.indptr[position + 1]]
            chosen = np.concatenate([own, others[(others >= 0) & ~np.isin(others, own)]])[:beam]
            found[position, : len(chosen)] = chosen
    return found


def level_training(
    network: AttentionXMLTreeNetwork,
    level: int,
    texts: Sequence[Sequence[int]],
    true: sparse.csr_matrix,
    groups: np.ndarray | None,
    settings: AttentionXMLSettings,
    loss: LossSettings | None = None,
) -> Training:
    """The training of the network of one level; the other levels stay.

    Args:
        network: the networks; they are trained on the device they are on.
        level: which of them.
        texts: word numbers of each text, at least one.
        true: 1 where a node of this level is true, shape `(texts, nodes)`.
        groups: for each text the groups whose children are scored (`training_groups`); None for all nodes, at level 0.
        settings: how to train.
        loss: what is trained on.
    """
    own = network.network(level)
    device = own.attention.device
    counts = np.bincount(true.indices, minlength=true.shape[1])
    loss_of = (loss or LossSettings()).for_labels(counts, len(texts)).to(device)

    def batch_loss(positions: list[int], random: np.random.Generator) -> torch.Tensor:
        words, lengths = padded([texts[position] for position in positions], PAD_ID, device)
        words = with_unknown_words(words, settings.word_dropout)
        own = None if groups is None else groups[positions]
        return loss_of_level(network, level, words, lengths, own, true[positions], loss_of)

    return Training(
        own,
        [(list(own.parameters()), settings.learning_rate)],
        linear_to_a_tenth,
        [len(text) for text in texts],
        batch_loss,
        settings,
        f"AttentionXML, level {level + 1} of {len(network.levels)}",
        part=level,
    )


def loss_of_level(
    network: AttentionXMLTreeNetwork,
    level: int,
    words: torch.Tensor,
    lengths: torch.Tensor,
    groups: np.ndarray | None,
    true: sparse.csr_matrix,
    loss_of: ReweightedLoss,
) -> torch.Tensor:
    """The loss of a batch of texts on one level.

    Args:
        network: the networks.
        level: which of them.
        words: word numbers, shape `(texts, longest)`, padded at the end.
        lengths: words of each text, shape `(texts,)`.
        groups: for each text the groups whose children are scored, as `training_groups` gives them; None: all nodes.
        true: 1 where a node of this level is true, shape `(texts, nodes)`.
        loss_of: what is trained on.
    """
    if groups is None:
        targets = torch.from_numpy(true.toarray().astype(np.float32)).to(words.device)
        everything: torch.Tensor = loss_of(network.network(level)(words, lengths), targets)
        return everything
    nodes, _ = network.children_of(torch.from_numpy(groups.astype(np.int64)).to(words.device), level - 1)
    counts = np.diff(true.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    own = np.full((len(counts), max(1, counts.max())), -2, dtype=np.int64)  # -2 is neither a node nor a gap
    own[rows, np.arange(len(rows)) - np.repeat(true.indptr[:-1], counts)] = true.indices
    targets = (nodes[:, :, None] == torch.from_numpy(own).to(words.device)[:, None, :]).any(dim=2).float()
    logits = network.level_logits(level, words, lengths, nodes.clamp(min=0))
    loss: torch.Tensor = loss_of(logits, targets, labels=nodes, importance=(nodes >= 0).float())
    return loss


def _start_from_above(network: AttentionXMLTreeNetwork, level: int) -> None:
    """Let a level start from everything of the level above but its attention rows, which are of other nodes."""
    above = {key: value for key, value in network.network(level - 1).state_dict().items() if key != "attention"}
    network.network(level).load_state_dict(above, strict=False)


class TreeLoss:
    """The loss of texts on all levels of a label tree at once, summed.

    An attack pushes a label out of the k best on whichever level it finds easiest, often by its group. Candidates of a
    text are the children of its true groups and of the groups that the network finds best when the texts are prepared,
    as in training (You et al. 2019, section 3.3).
    """

    def __init__(
        self,
        model: AttentionXMLTree,
        settings: AttentionXMLSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> None:
        self._model, self._settings = model, settings
        # How many texts a group has is not known here: as many as its most frequent label has, at least.
        counts = [label_counts]
        for parents in reversed(model.network.tree.parents):
            above = np.zeros(int(parents.max()) + 1, dtype=np.int64)
            np.add.at(above, parents, counts[0])
            counts.insert(0, np.minimum(above, n_train))
        self._losses = [loss.for_labels(own, n_train).to(model.device) for own in counts]

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        network, beam = self._model.network, self._model.beam
        self._true = true_nodes(network.tree, label_matrix(labels, len(self._model.label_names)))
        self._groups = [None] + [
            training_groups(network, encoded, self._true[level], beam, level) for level in range(len(self._true) - 1)
        ]

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = padded(encoded, PAD_ID, self._model.device)
        words = with_unknown_words(words, self._settings.word_dropout)
        rows = list(positions)
        parts = [
            loss_of_level(
                self._model.network,
                level,
                words,
                lengths,
                None if groups is None else groups[rows],
                self._true[level][rows],
                self._losses[level],
            )
            for level, groups in enumerate(self._groups)
        ]
        return torch.stack(parts).sum()
