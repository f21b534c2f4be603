"""Training AttentionXML with a label tree, level by level from the top (You et al., 2019, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import datasets
import numpy as np
import torch
from scipy import sparse

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_clusters import hierarchical_clusters, label_vectors, tfidf
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.architecture import Log
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLPlan, AttentionXMLSettings, TreeSettings
from textattack_xmtc.models.attention_xml.flat import AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.label_tree import LabelTree, depths_of_levels
from textattack_xmtc.models.attention_xml.training import (
    parameter_groups as parameter_groups,  # what `Architecture.parameter_groups` calls
)
from textattack_xmtc.models.attention_xml.training import (
    pretrained_vectors,
    start_from_word_vectors,
    with_unknown_words,
)
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree, AttentionXMLTreeNetwork, BeamScorer
from textattack_xmtc.models.attention_xml.tree_network import LabelTreeNetwork, best_nodes
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.batches import by_length, padded
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth


def build_label_tree(texts: Sequence[str], labels: sparse.csr_matrix, shape: TreeSettings, seed: int = 0) -> LabelTree:
    """The label tree of n training texts and their labels, a matrix of shape `(n, labels)` with 1 where a text has one.

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


def train(
    corpus: Corpus,
    plan: AttentionXMLPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[AttentionXMLTree, Log]:
    """Train an AttentionXML with a label tree, from word vectors as a flat one; see `Architecture.train`.

    Each level is trained for `settings.epochs`; it starts from the word vectors, LSTM and MLP of the level above. The
    loss is that of all levels: a group is a label that all texts of its labels have. Validated is the last level.

    Raises:
        DataError: no text has a word.
    """
    texts, settings, beam = list(corpus.split("train")["text"]), plan.settings, plan.tree.beam
    vocabulary = Vocabulary.of_texts(texts, plan.vocabulary_size)
    vectors, sizes = pretrained_vectors(plan, vocabulary)
    state = (checkpoint.read() if checkpoint else None) or {}
    tree = tree_of(state) or build_label_tree(texts, corpus.label_matrix("train"), plan.tree, settings.seed)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLTreeNetwork(len(vocabulary), tree, sizes)
    model = AttentionXMLTree(network, vocabulary, corpus.label_names, plan.max_length, beam, device)
    encoded = model.encode(texts)
    if not state:
        start_from_word_vectors(cast(AttentionXMLNetwork, network.network(0)), encoded, settings.seed, vectors)

    def inputs(positions: Sequence[int], training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        words, lengths = padded([encoded[position] for position in positions], PAD_ID, model.device)
        return with_unknown_words(words, settings.word_dropout if training else 0.0), lengths

    validate = None if validate_on is None else partial(validation, model, validate_on)
    levels = LevelTraining(network, inputs, [len(text) for text in encoded], settings, beam, plan.loss)
    return model, levels.run(corpus.label_matrix("train"), validate, checkpoint, state)


def tree_of(state: Mapping[str, Any]) -> LabelTree | None:
    """The label tree in the state of a training; None for a training that starts."""
    return LabelTree([parents.numpy() for parents in state["tree"]]) if state else None


class LevelTraining:
    """Trains the levels of a label tree, one after the other from the top.

    Args:
        network: the tree.
        inputs: what a level reads of the texts at some positions, padded at the end, and their lengths; with True, as a
            training reads them.
        lengths: words of each training text.
        settings: how a level is trained.
        beam: groups of a level whose children a text is trained on.
        loss: what is trained on.
    """

    def __init__(
        self,
        network: LabelTreeNetwork,
        inputs: Callable[[Sequence[int], bool], tuple[torch.Tensor, torch.Tensor]],
        lengths: Sequence[int],
        settings: AttentionXMLSettings,
        beam: int,
        loss: LossSettings,
    ) -> None:
        self._network, self._inputs, self._lengths = network, inputs, lengths
        self._settings, self._beam, self._loss = settings, beam, loss

    def run(
        self,
        labels: sparse.csr_matrix,
        validate: Callable[[], Mapping[str, float]] | None,
        checkpoint: Checkpoint | None,
        state: Mapping[str, Any],
    ) -> Log:
        """Train all levels, from the state of a training or from the start; the log has an entry an epoch and level.

        `labels` are those of the training texts, shape `(texts, labels)`.
        """
        network = self._network
        true = true_nodes(network.tree, labels)
        counts = [np.bincount(nodes.indices, minlength=nodes.shape[1]) for nodes in true]
        if state:
            network.load_state_dict(state["network"])
        else:
            network.network(0).start_at_rates(counts[0] / len(self._lengths))
        log: Log = list(state.get("log", []))
        for level in range(state.get("level", 0), len(true)):
            groups = None
            if level:
                _start_from_above(network, level)
                of_parents = counts[level - 1][network.tree.parents[level - 1]]
                network.network(level).start_below(counts[level] / np.maximum(of_parents, 1))
                groups = training_groups(
                    network,
                    lambda positions: self._inputs(positions, False),
                    self._lengths,
                    true[level - 1],
                    self._beam,
                    level - 1,
                )
            training = self.of_level(level, true[level], groups)
            if state.get("level") == level:
                training.load_state_dict(state["training"])
            # What the levels above have learnt is kept once a level; only the level under way changes.
            parents = [torch.as_tensor(nodes) for nodes in network.tree.parents]
            level_log = training.run(
                validate if level == len(true) - 1 else None,
                keeper(checkpoint, training, level=level, log=list(log), network=network.state_dict(), tree=parents),
            )
            log += [{"level": level, **entry} for entry in level_log]
        network.eval()
        return log

    def of_level(self, level: int, true: sparse.csr_matrix, groups: np.ndarray | None) -> Training:
        """The training of one level; the other levels stay.

        `true` has the shape `(texts, nodes)`. `groups` are those whose children are scored, for each text
        (`training_groups`); None for all nodes, at level 0.
        """
        of_level = self._network.network(level)
        counts = np.bincount(true.indices, minlength=true.shape[1])
        loss_of = self._loss.for_labels(counts, len(self._lengths)).to(of_level.attention.device)

        def batch_loss(positions: list[int], rng: np.random.Generator) -> torch.Tensor:
            words, lengths = self._inputs(positions, True)
            their_groups = None if groups is None else groups[positions]
            return loss_of_level(self._network, level, words, lengths, their_groups, true[positions], loss_of)

        return Training(
            of_level,
            [(list(of_level.parameters()), self._settings.learning_rate)],
            linear_to_a_tenth,
            self._lengths,
            batch_loss,
            self._settings,
            f"AttentionXML, level {level + 1} of {len(self._network.levels)}",
            part=level,
        )


def true_nodes(tree: LabelTree, labels: sparse.csr_matrix) -> list[sparse.csr_matrix]:
    """The true nodes of some texts on each level, shape `(texts, nodes)`: a group is true where one of its labels is.

    Example:
        >>> tree = LabelTree([np.array([0, 0, 1])])
        >>> [nodes.toarray().tolist() for nodes in true_nodes(tree, sparse.csr_matrix([[1, 1, 0], [0, 0, 0]]))]
        [[[1, 0], [0, 0]], [[1, 1, 0], [0, 0, 0]]]
    """
    levels = [sparse.csr_matrix(labels)]
    for parents in reversed(tree.parents):
        nodes = levels[0]
        shape = (nodes.shape[0], int(parents.max()) + 1)
        above = sparse.csr_matrix((nodes.data, parents[nodes.indices], nodes.indptr), shape=shape, copy=True)
        above.sum_duplicates()
        above.data[:] = 1
        levels.insert(0, above)
    return levels


def training_groups(
    network: LabelTreeNetwork,
    inputs: Callable[[Sequence[int]], tuple[torch.Tensor, torch.Tensor]],
    lengths: Sequence[int],
    true: sparse.csr_matrix,
    beam: int,
    level: int,
    batch_size: int = 64,
) -> np.ndarray:
    """The groups of a level whose children a text is trained on: its true groups first, then the best predicted ones.

    `network` is trained up to this level. `inputs` gives what it reads of the texts at some positions; `lengths` are
    those of all texts. `true` has the shape `(texts, groups)`. The answer, int32, has the shape `(texts, beam)`; -1
    fills the end where there are no more groups.
    """
    network.eval()
    groups = np.full((len(lengths), beam), -1, dtype=np.int32)
    for positions in by_length(lengths, batch_size):
        with torch.inference_mode():
            reached = network.reached(*inputs(positions), beam, level)
            predicted = best_nodes(*reached, beam)[0].cpu().numpy()
        for position, others in zip(positions, predicted, strict=True):
            of_text = true.indices[true.indptr[position] : true.indptr[position + 1]]
            chosen = np.concatenate([of_text, others[(others >= 0) & ~np.isin(others, of_text)]])[:beam]
            groups[position, : len(chosen)] = chosen
    return groups


def loss_of_level(
    network: LabelTreeNetwork,
    level: int,
    words: torch.Tensor,
    lengths: torch.Tensor,
    groups: np.ndarray | None,
    true: sparse.csr_matrix,
    loss_of: ReweightedLoss,
) -> torch.Tensor:
    """The loss of a batch of texts on one level, with arguments as for `LevelTraining.of_level`."""
    if groups is None:
        targets = torch.from_numpy(true.toarray().astype(np.float32)).to(words.device)
        everything: torch.Tensor = loss_of(network.network(level)(words, lengths), targets)
        return everything
    nodes, _ = network.children_of(torch.from_numpy(groups.astype(np.int64)).to(words.device), level - 1)
    counts = np.diff(true.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    of_texts = np.full((len(counts), max(1, counts.max())), -2, dtype=np.int64)  # -2 is neither a node nor a gap
    of_texts[rows, np.arange(len(rows)) - np.repeat(true.indptr[:-1], counts)] = true.indices
    targets = (nodes[:, :, None] == torch.from_numpy(of_texts).to(words.device)[:, None, :]).any(dim=2).float()
    logits = network.level_logits(level, words, lengths, nodes.clamp(min=0))
    loss: torch.Tensor = loss_of(logits, targets, labels=nodes, importance=(nodes >= 0).float())
    return loss


def _start_from_above(network: LabelTreeNetwork, level: int) -> None:
    """Let a level start from everything of the level above but its attention rows, which are of other nodes."""
    above = {key: value for key, value in network.network(level - 1).state_dict().items() if key != "attention"}
    network.network(level).load_state_dict(above, strict=False)


class TreeLoss:
    """The loss of texts on all levels of a label tree at once, summed.

    An attack pushes a label out of the k best on whichever level it finds easiest, often by its group. Candidates of a
    text are the children of its true groups and of the groups that the network finds best when the texts are prepared,
    as in training (You et al. 2019, section 3.3).
    """

    def __init__(self, model: BeamScorer, settings: AttentionXMLSettings, loss: CountedLoss) -> None:
        self._network = cast(LabelTreeNetwork, model.network)
        self._device, self._beam, self._settings = model.device, model.beam, settings
        # How many texts a group has is not known here: as many as its most frequent label has, at least.
        counts = [loss.label_counts]
        for parents in reversed(model.tree.parents):
            above = np.zeros(int(parents.max()) + 1, dtype=np.int64)
            np.add.at(above, parents, counts[0])
            counts.insert(0, np.minimum(above, loss.n_train))
        self._losses = [loss.settings.for_labels(of_level, loss.n_train).to(model.device) for of_level in counts]

    def prepare(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        network = self._network

        def inputs(positions: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
            return self._inputs([encoded[position] for position in positions])

        self._true = true_nodes(network.tree, label_matrix(labels, network.tree.sizes[-1]))
        lengths = [len(text) for text in encoded]
        self._groups = [None] + [
            training_groups(network, inputs, lengths, self._true[level], self._beam, level)
            for level in range(len(self._true) - 1)
        ]

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = self._inputs(encoded, self._settings.word_dropout)
        rows = list(positions)
        parts = [
            loss_of_level(
                self._network,
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

    def _inputs(self, encoded: Encoded, word_dropout: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        """What a level reads of texts, and their lengths."""
        words, lengths = padded(encoded, PAD_ID, self._device)
        return with_unknown_words(words, word_dropout), lengths


text_loss = TreeLoss
"""What `Architecture.text_loss` makes."""
