"""AttentionXML (You et al., 2019), flat: the network, and the scorer that reads only the wanted labels' rows."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.label_attention import LabelAttention
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID
from textattack_xmtc.models.attention_xml.word_scorer import WordScorer


class BidirectionalLSTM(nn.Module):
    """A BiLSTM that starts from a learned state and does not see the padding behind a text (section 3.2).

    The backward direction reads each text reversed within its own length. So padding only ever follows the words, in
    both directions, and neither packing nor a loop is needed: this keeps the fast kernels (measured on a CPU: about
    twice as fast as packed sequences) and makes a text's result independent of its batch.
    """

    def __init__(self, input_size: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        sizes = [input_size] + [2 * hidden_size] * (layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(size, hidden_size, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(nn.LSTM(size, hidden_size, batch_first=True) for size in sizes)
        # by layer, direction (forward, backward) and part (hidden state, cell state)
        self.initial_state = nn.Parameter(torch.zeros(layers, 2, 2, hidden_size))

    def forward(self, vectors: torch.Tensor, lengths: torch.Tensor, same: tuple[int, int] = (0, 0)) -> torch.Tensor:
        """Hidden states of shape `(texts, longest, 2 * hidden_size)`; those behind a text's length mean nothing.

        `vectors` has the shape `(texts, longest, input_size)`. `same` says how many words at the start and at the end
        of the texts are those of all texts (`same_ends`).
        """
        steps = torch.arange(vectors.shape[1], device=vectors.device)
        back = lengths[:, None] - 1 - steps
        first = torch.arange(0, vectors.shape[:2].numel(), vectors.shape[1], device=vectors.device)
        reverse = (first[:, None] + torch.where(back >= 0, back, steps)).flatten()
        for layer, (forwards, backwards) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            start, end = same if layer == 0 else (0, 0)  # what a layer gives depends on all words of a text
            ahead = self._read(forwards, vectors, self.initial_state[layer, 0], start)
            behind = self._read(backwards, _turned(vectors, reverse), self.initial_state[layer, 1], end)
            vectors = torch.cat([ahead, _turned(behind, reverse)], dim=-1)
        return vectors

    @staticmethod
    def _read(lstm: nn.Module, vectors: torch.Tensor, start: torch.Tensor, same: int) -> torch.Tensor:
        """Hidden states of one direction; the first `same` vectors are those of all texts and are read once."""
        hidden, cell = start[0].expand(1, 1, -1).contiguous(), start[1].expand(1, 1, -1).contiguous()
        parts = []
        if same:
            once, (hidden, cell) = lstm(vectors[:1, :same], (hidden, cell))
            parts.append(once.expand(len(vectors), -1, -1))
        if same < vectors.shape[1]:
            state = hidden.expand(-1, len(vectors), -1).contiguous(), cell.expand(-1, len(vectors), -1).contiguous()
            parts.append(lstm(vectors[:, same:], state)[0])
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def same_ends(words: torch.Tensor, lengths: torch.Tensor) -> tuple[int, int]:
    """How many words all texts have in common at their start and at their end; (0, 0) where lengths differ.

    The texts that an attack asks about differ from one another in a word or two. `words` has the shape `(texts,
    longest)`.

    Example:
        >>> same_ends(torch.tensor([[5, 6, 7, 8], [5, 9, 7, 8]]), torch.tensor([4, 4]))
        (1, 2)
    """
    if len(words) < 2 or not (lengths == words.shape[1]).all():
        return 0, 0
    differing = (words != words[0]).any(dim=0).nonzero()[:, 0].tolist()
    return (differing[0], words.shape[1] - 1 - differing[-1]) if differing else (words.shape[1], words.shape[1])


def _turned(vectors: torch.Tensor, reverse: torch.Tensor) -> torch.Tensor:
    """The vectors of all words, shape `(texts, longest, d)`, in another order; whole rows are copied at once."""
    return vectors.flatten(0, 1).index_select(0, reverse).view_as(vectors)


class AttentionXMLNetwork(LabelAttention):
    """Word vectors, a BiLSTM, and label attention over its states (You et al., 2019, section 3).

    Texts are word numbers of shape `(texts, longest)`, padded at the end.
    """

    def __init__(self, words: int, labels: int, config: AttentionXMLConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(words, config.embedding_size, padding_idx=PAD_ID)
        self.embedding_dropout = nn.Dropout(config.embedding_dropout)
        self.lstm = BidirectionalLSTM(config.embedding_size, config.hidden_size, config.layers)
        self.hidden_dropout = nn.Dropout(config.hidden_dropout)
        self.add_label_parts(labels, 2 * config.hidden_size, config.linear_sizes)

    def encode(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Hidden states of the texts, shape `(texts, longest, 2 * hidden_size)`: the part that knows no labels."""
        # A GPU reads all texts of a batch at once, and would have to be waited for to know what is the same.
        same = same_ends(words, lengths) if not self.training and words.device.type == "cpu" else (0, 0)
        vectors = self.embedding_dropout(self.embedding(words))
        hidden: torch.Tensor = self.hidden_dropout(self.lstm(vectors, lengths, same).to(self.attention.dtype))
        return hidden


class AttentionXML(WordScorer):
    """A trained AttentionXML that answers an attack's questions.

    `score` costs one pass of the BiLSTM and one attention row a label, however many labels there are. The mask is the
    word `<UNK>`. A text without words is read as one unknown word. Arguments are those of `WordScorer`.

    Example:
        >>> from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
        >>> sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
        >>> vocabulary = Vocabulary.of_texts(["how to boil an egg"])
        >>> model = AttentionXML(AttentionXMLNetwork(len(vocabulary), 3, sizes), vocabulary, ["eggs", "salad", "tea"])
        >>> model.score(["boil an egg", "tea?"], labels=[2, 0]).shape
        (2, 2)
    """

    architecture = "attention-xml"
    name = "AttentionXML"
    network: AttentionXMLNetwork

    @classmethod
    def _new_network(cls, folder: Path, words: int, labels: int, sizes: AttentionXMLConfig) -> nn.Module:
        return AttentionXMLNetwork(words, labels, sizes)

    def word_tables(self) -> list[nn.Embedding]:
        """The table of the word vectors."""
        return [self.network.embedding]

    def _encoder_parts(self) -> list[nn.Module]:
        return [self.network.embedding, self.network.lstm]
