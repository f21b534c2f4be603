"""AttentionXML with a label tree, written from its equations in loops: what the fast one is compared with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree, AttentionXMLTreeNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary

WORDS = ["boil", "an", "egg", "salad", "with", "tea", "or", "soup", "and", "fry", "some", "rice"]
# Two different words at least: attention over a single one is 1 for every label.
TEXTS = [
    "boil an egg",
    "tea with rice",
    "fry some rice with an egg and soup " * 3,
    "unheard words and salad",
    "salad or rice or tea",
    "an egg",
]
LABELS = 30
BEAM = 2


def make_tree() -> Any:
    """Groups of unequal sizes, whose children are not neighbours."""
    random = np.random.default_rng(5)
    fine = np.concatenate([np.arange(9), random.integers(0, 9, LABELS - 9)])
    return LabelTree([np.array([0, 1, 2, 3, 0, 1, 2, 3, 0]), random.permutation(fine)])


def make_model() -> Any:
    """A model with random weights: 4 groups, 9 groups, 30 labels."""
    torch.manual_seed(0)
    config = AttentionXMLConfig(embedding_size=6, hidden_size=5, layers=2, linear_sizes=(9, 8))
    vocabulary = Vocabulary.of_texts([" ".join(WORDS)])
    network = AttentionXMLTreeNetwork(len(vocabulary), make_tree(), config)
    with torch.no_grad():  # spread the scores, so that no two labels come near a tie
        for key, parameter in network.named_parameters():
            parameter.normal_(std=3 if key.endswith("attention") else 0.8)
            if "linear" in key and key.endswith("bias"):
                parameter.fill_(1.5)
            if key.endswith("output.bias"):
                parameter.fill_(3)
    names = [f"label {number}" for number in range(LABELS)]
    return AttentionXMLTree(network, vocabulary, names, max_length=20, beam=BEAM, device="cpu")


def plain_node(network: Any, hidden: Any, node: Any) -> Any:
    """The logit of a node from the hidden states of one text: attention, weighted sum, MLP; equation by equation."""
    row = network.attention[node].detach().double()
    weights = [math.exp(float(state @ row)) for state in hidden]
    vector = sum(weight * state for weight, state in zip(weights, hidden, strict=True)) / sum(weights)
    for layer in network.linear:
        vector = (layer.weight.double() @ vector + layer.bias.double()).clamp(min=0)
    return float((network.output.weight.double() @ vector + network.output.bias.double()).detach())


def plain_probabilities(model: Any, text: str) -> Any:
    """For each level, the probability of each node by its path; of one text, on its own and without padding."""
    words = torch.tensor(model.encode([text]))
    probabilities: list[Any] = []
    with torch.no_grad():
        for level, size in enumerate(model.network.tree.sizes):
            network = model.network.network(level)
            hidden = list(network.encode(words, torch.tensor([words.shape[1]]))[0].double())
            nodes = [1 / (1 + math.exp(-plain_node(network, hidden, node))) for node in range(size)]
            if level:
                parents = model.network.tree.parents[level - 1]
                nodes = [probability * probabilities[-1][parents[node]] for node, probability in enumerate(nodes)]
            probabilities.append(nodes)
    return probabilities


def plain_beam(model: Any, probabilities: Any, beam: int) -> Any:
    """The labels that are left when each level keeps the children of the best groups."""
    nodes = list(range(model.network.tree.sizes[0]))
    for level, parents in enumerate(model.network.tree.parents):
        kept = sorted(nodes, key=lambda node: (-probabilities[level][node], node))[:beam]
        nodes = [child for child, parent in enumerate(parents) if parent in kept]
    return nodes
