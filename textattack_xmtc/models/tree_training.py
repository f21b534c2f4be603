"""Training AttentionXML with a label tree, level by level from the top (You et al., 2019, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import datasets
import numpy as np
import torch
from scipy import sparse
from tqdm import tqdm

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_clusters import hierarchical_clusters, label_vectors, tfidf
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml import AttentionXMLConfig
from textattack_xmtc.models.attention_xml_tree import AttentionXMLTree, AttentionXMLTreeNetwork, best_nodes
from textattack_xmtc.models.batches import by_length, padded, shuffled_by_length
from textattack_xmtc.models.label_tree import LabelTree, depths_of_levels
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training import Epoch, TrainingSettings, precision
from textattack_xmtc.models.vocabulary import PAD_ID, UNK_ID, Vocabulary
from textattack_xmtc.models.word_vectors import word_vectors

Reweight = Callable[[np.ndarray], np.ndarray]
"""From the number of training texts of each node to the weights of its positive part.

For instance `functools.partial(label_weights, "pw", n_train=n)`.
"""


@dataclass(frozen=True)
class TreeSettings:
    """The shape of a label tree and how much of it is searched.

    Attributes:
        max_leaf: most labels of a group of the last level of groups.
        first_groups: most groups of level 0.
        branching: most children of the groups of the other levels; a power of 2 (the paper's K).
        beam: groups of each level whose children are trained on and scored (the paper's C).
    """

    max_leaf: int = 8
    first_groups: int = 2048
    branching: int = 8
    beam: int = 64


def build_label_tree(texts: Sequence[str], labels: sparse.csr_matrix, shape: TreeSettings, seed: int = 0) -> LabelTree:
    """The label tree of training texts and their labels.

    Args:
        texts: n texts.
        labels: 1 where a text has a label, shape `(n, labels)`.
        shape: of the tree.
        seed: of the clustering.

    Raises:
        DataError: no text has a word.
        InputError: there are no labels, or the shape is none.

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
    settings: TrainingSettings,
    shape: TreeSettings | None = None,
    validation: datasets.Dataset | None = None,
    vocabulary: Vocabulary | None = None,
    max_length: int = 500,
    device: torch.device | str | None = None,
    reweight: Reweight | None = None,
) -> tuple[AttentionXMLTree, list[dict[str, Any]]]:
    """Train an AttentionXML with a label tree on the training split of a corpus, from word vectors of its own texts.

    Each level is trained for `settings.epochs`; it starts from the word vectors, LSTM and MLP of the level above. The
    same corpus, settings and seed give the same weights on a CPU with the same number of threads.

    Args:
        corpus: with a split "train".
        config: the sizes of the networks.
        settings: how to train; `label_sample` is not used.
        shape: of the tree; by default `TreeSettings()`.
        validation: texts whose P@1, P@3 and P@5 are measured after each epoch of the last level.
        vocabulary: the words to know; by default the most frequent of the training texts.
        max_length: words that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        reweight: of the loss, on all levels: a group is a label that all texts of its labels have.

    Returns:
        The model and the log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty, or the shape is no tree's.
        DataError: no text has a word.
    """
    texts = list(corpus.split("train")["text"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    shape = shape or TreeSettings()
    vocabulary = vocabulary or Vocabulary.of_texts(texts)
    labels = corpus.label_matrix("train")
    tree = build_label_tree(texts, labels, shape, settings.seed)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLTreeNetwork(len(vocabulary), tree, config)
    model = AttentionXMLTree(network, vocabulary, corpus.label_names, max_length, shape.beam, device)
    encoded = model.encode(texts)
    true = true_nodes(tree, labels)
    _start(network, encoded, true[0], settings.seed)
    log: list[dict[str, Any]] = []
    groups = None
    for level, nodes in enumerate(true):
        if level:
            _start_from_above(network, level)
            groups = training_groups(network, encoded, true[level - 1], shape.beam, level - 1)
        for epoch in fit_level(network, level, encoded, nodes, groups, settings, reweight):
            entry = {"level": level, **asdict(epoch)}
            if validation is not None and level == len(true) - 1:
                entry.update(precision(model, validation))
            log.append(entry)
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


def fit_level(
    network: AttentionXMLTreeNetwork,
    level: int,
    texts: Sequence[Sequence[int]],
    true: sparse.csr_matrix,
    groups: np.ndarray | None,
    settings: TrainingSettings,
    reweight: Reweight | None = None,
) -> Iterator[Epoch]:
    """Train the network of one level in place with Adam, yielding after each epoch; the other levels stay.

    What is random in an epoch depends on the seed, the level and the number of the epoch only. Stop by leaving the
    loop.

    Args:
        network: the networks; they are trained on the device they are on.
        level: which of them.
        texts: word numbers of each text, at least one.
        true: 1 where a node of this level is true, shape `(texts, nodes)`.
        groups: for each text the groups whose children are scored (`training_groups`); None for all nodes, at level 0.
        settings: how to train.
        reweight: of the loss.
    """
    own = network.network(level)
    device = own.attention.device
    weights = None if reweight is None else reweight(np.bincount(true.indices, minlength=true.shape[1]))
    loss_of = ReweightedLoss(weights).to(device)
    optimizer = torch.optim.Adam(own.parameters(), lr=settings.learning_rate)
    steps = settings.epochs * -(-len(texts) // settings.batch_size)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    title = f"AttentionXML, level {level + 1} of {len(network.levels)}, {settings.epochs} epochs"
    with tqdm(total=settings.epochs * len(texts), desc=title, unit=" texts") as bar:
        for number in range(1, settings.epochs + 1):
            random = np.random.default_rng([settings.seed, level, number])
            losses = []
            with torch.random.fork_rng():
                torch.manual_seed(int(random.integers(2**31)))
                own.train()
                for positions in shuffled_by_length([len(text) for text in texts], settings.batch_size, random):
                    words, lengths = padded([texts[position] for position in positions], PAD_ID, device)
                    words = _with_unknown_words(words, settings.word_dropout)
                    nodes = None
                    if groups is not None:
                        chosen = torch.from_numpy(groups[positions].astype(np.int64)).to(device)
                        nodes, _ = network.children_of(chosen, level - 1)
                    loss = _loss(network, level, words, lengths, nodes, true[positions], loss_of)
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    torch.nn.utils.clip_grad_norm_(own.parameters(), settings.clip)
                    optimizer.step()
                    schedule.step()
                    losses.append(float(loss.detach()))
                    bar.update(len(positions))
                    bar.set_postfix_str(f"loss {np.mean(losses):.2f}", refresh=False)
            yield Epoch(number, float(np.mean(losses)))


def _with_unknown_words(words: torch.Tensor, share: float) -> torch.Tensor:
    if not share:
        return words
    hidden = torch.rand(words.shape, device=words.device) < share
    return words.masked_fill(hidden & (words != PAD_ID), UNK_ID)


def _loss(
    network: AttentionXMLTreeNetwork,
    level: int,
    words: torch.Tensor,
    lengths: torch.Tensor,
    nodes: torch.Tensor | None,
    true: sparse.csr_matrix,
    loss_of: ReweightedLoss,
) -> torch.Tensor:
    """The loss over the candidates of each text: `nodes`, where -1 is no candidate, or all nodes of the level."""
    if nodes is None:
        targets = torch.from_numpy(true.toarray().astype(np.float32)).to(words.device)
        everything: torch.Tensor = loss_of(network.network(level)(words, lengths), targets)
        return everything
    counts = np.diff(true.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    own = np.full((len(counts), max(1, counts.max())), -2, dtype=np.int64)  # -2 is neither a node nor a gap
    own[rows, np.arange(len(rows)) - np.repeat(true.indptr[:-1], counts)] = true.indices
    targets = (nodes[:, :, None] == torch.from_numpy(own).to(words.device)[:, None, :]).any(dim=2).float()
    logits = network.level_logits(level, words, lengths, nodes.clamp(min=0))
    loss: torch.Tensor = loss_of(logits, targets, labels=nodes, importance=(nodes >= 0).float())
    return loss


def _start(
    network: AttentionXMLTreeNetwork, texts: Sequence[Sequence[int]], true: sparse.csr_matrix, seed: int
) -> None:
    """Let level 0 start from word vectors of the texts and from the mean rate of its groups."""
    first = network.network(0)
    words, size = first.embedding.weight.shape
    rate = min(max(true.nnz / (true.shape[0] * true.shape[1]), 1e-6), 0.5)
    with torch.no_grad():
        first.output.bias.fill_(float(np.log(rate / (1 - rate))))
        if size < words:
            vectors = word_vectors(texts, words, size, ignore=[PAD_ID, UNK_ID], seed=seed)
            first.embedding.weight.copy_(torch.from_numpy(vectors))


def _start_from_above(network: AttentionXMLTreeNetwork, level: int) -> None:
    """Let a level start from everything of the level above but its attention rows, which are of other nodes."""
    above = {key: value for key, value in network.network(level - 1).state_dict().items() if key != "attention"}
    network.network(level).load_state_dict(above, strict=False)
