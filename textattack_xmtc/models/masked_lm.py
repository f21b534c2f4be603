"""A small masked language model of whole words, trained in a minute or two on the texts that are to be attacked.

From random weights, minutes are enough to learn which words are frequent and no more. This one starts from word vectors
of its texts (see `word_vectors`), tied to its output, and its first layer starts by handing every word the sum of the
others' vectors: from the first step on, what is proposed are words that keep company with those around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch
from tokenizers import normalizers, pre_tokenizers, processors
from tqdm import tqdm
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from textattack_xmtc.models.attention_xml.word_vectors import word_vectors
from textattack_xmtc.models.batches import by_length, padded, shuffled_by_length
from textattack_xmtc.resources.function_words import ENGLISH

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_PAD, _UNK, _CLS, _SEP, _MASK = range(len(_SPECIAL))
_EMBEDDING_SCALE = 0.2  # with it the first scores of words spread about as far as their log frequencies
_CONTEXT_GAIN = 10.0  # what the others' vectors count against the word's own, in the first layer's start
_CONTEXT_WINDOW = 10


@dataclass(frozen=True)
class MaskedLMSettings:
    """The sizes of a small masked language model and how it is trained.

    Attributes:
        vocabulary_size: words it knows, the most frequent.
        hidden_size: width of its word vectors and layers.
        max_length: words that it reads of a text, once it is trained.
        training_length: words of a text that training reads.
        learning_rate: highest learning rate of AdamW; it rises over the first twentieth and falls to zero.
        masked_share: share of the content words that a step hides; of function words and marks it hides a third of
            that, because an attack asks for content words only.
    """

    vocabulary_size: int = 10_000
    hidden_size: int = 128
    layers: int = 2
    max_length: int = 512
    training_length: int = 64
    epochs: float = 0.8
    batch_size: int = 16
    learning_rate: float = 2e-3
    masked_share: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class MaskedAccuracy:
    """Of `words` hidden words: the share among the model's first ten, and that among the ten most frequent words."""

    top_10: float
    prior: float
    words: int


def train_masked_lm(texts: Sequence[str], folder: Path, settings: MaskedLMSettings) -> None:
    """Train a masked language model and save it as transformers does, to load with `AutoModelForMaskedLM`.

    The same texts, settings and seed give the same weights on a CPU with the same number of threads.
    """
    tokenizer = word_tokenizer(texts, settings.vocabulary_size, settings.max_length)
    encoded = [text[: settings.training_length] for text in _encoded(tokenizer, texts)]
    model = _new_model(len(tokenizer), encoded, settings)
    _fit(model, encoded, _is_content(tokenizer), settings)
    model.eval()
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)


def word_tokenizer(texts: Sequence[str], size: int, max_length: int) -> PreTrainedTokenizerFast:
    """A tokenizer of lower-cased whole words and marks, the `size` most frequent, with BERT's special tokens."""
    core = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token=_SPECIAL[_UNK]))
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordLevelTrainer(vocab_size=size, special_tokens=_SPECIAL, show_progress=False)
    core.train_from_iterator(texts, trainer)
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", _CLS), ("[SEP]", _SEP)]
    )
    names = dict(zip(["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"], _SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=core, model_max_length=max_length, **names)


def masked_accuracy(
    folder: Path, training_texts: Sequence[str], texts: Sequence[str], words: int = 2000
) -> MaskedAccuracy:
    """Hide words of texts that were not trained on, one at a time, and see whether the model proposes them.

    Measured on whole content words, which an attack asks for, drawn with a fixed seed: proposals are content words, not
    marks or special tokens, and a hidden word outside the vocabulary counts as a miss. The prior proposes, everywhere,
    the ten words most frequent in training.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    wanted = _is_content(tokenizer)
    prior = _most_frequent(tokenizer, training_texts, wanted, 10)
    hidden = _hidden_words(tokenizer, texts, wanted, words)
    hits = prior_hits = 0
    forbidden = torch.from_numpy(~wanted)
    for positions in by_length([len(numbers) for numbers, _, _ in hidden], 64):
        batch = [hidden[position] for position in positions]
        numbers, lengths = padded([item[0] for item in batch], _PAD)
        places = torch.tensor([item[1] for item in batch])
        attention = torch.arange(numbers.shape[1]) < lengths[:, None]
        with torch.inference_mode():
            scores = model(input_ids=numbers, attention_mask=attention.long()).logits[torch.arange(len(batch)), places]
        best = scores.masked_fill(forbidden, float("-inf")).topk(10).indices.tolist()
        hits += sum(item[2] in row for item, row in zip(batch, best, strict=True))
        prior_hits += sum(item[2] in prior for item in batch)
    total = max(len(hidden), 1)
    return MaskedAccuracy(hits / total, prior_hits / total, len(hidden))


def _new_model(words: int, encoded: Sequence[Sequence[int]], settings: MaskedLMSettings) -> BertForMaskedLM:
    config = BertConfig(
        vocab_size=words,
        hidden_size=settings.hidden_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=max(1, settings.hidden_size // 32),
        intermediate_size=2 * settings.hidden_size,
        max_position_embeddings=settings.max_length,
        type_vocab_size=2,
        hidden_dropout_prob=0.0,  # one pass over the texts: nothing is seen often enough to overfit
        attention_probs_dropout_prob=0.0,
        pad_token_id=_PAD,
    )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        model = BertForMaskedLM(config)
    special = range(len(_SPECIAL))
    vectors = word_vectors(encoded, words, settings.hidden_size, _CONTEXT_WINDOW, [*special], settings.seed)
    counts = np.bincount(np.concatenate([np.asarray(text) for text in encoded]), minlength=words).astype(np.float64)
    counts[list(special)] = 0
    with torch.no_grad():
        embedding = model.bert.embeddings.word_embeddings.weight
        embedding[len(_SPECIAL) :] = torch.from_numpy(vectors[len(_SPECIAL) :]) * _EMBEDDING_SCALE
        embedding[[_PAD, _CLS, _SEP, _MASK]] = 0.0
        model.cls.predictions.bias.copy_(torch.from_numpy(np.log((counts + 0.1) / counts.sum())))
        # With small random queries and keys, attention starts even; what it passes on is then the mean of the context.
        passed = torch.eye(settings.hidden_size)
        first = model.bert.encoder.layer[0].attention
        first.self.value.weight.copy_(passed)
        first.output.dense.weight.copy_(_CONTEXT_GAIN * passed)
        model.cls.predictions.transform.dense.weight.copy_(passed)
    return model


def _fit(
    model: BertForMaskedLM, encoded: Sequence[Sequence[int]], content: np.ndarray, settings: MaskedLMSettings
) -> None:
    rng = np.random.default_rng(settings.seed)
    lengths = [len(text) for text in encoded]
    steps = int(settings.epochs * -(-len(encoded) // settings.batch_size))
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps + 1, pct_start=0.05, cycle_momentum=False
    )
    content_share = torch.from_numpy(np.where(content, settings.masked_share, settings.masked_share / 3))
    content_share[: len(_SPECIAL)] = 0.0
    mean = 0.0
    model.train()
    batches = _endless(lengths, settings.batch_size, rng)
    with tqdm(total=steps, desc="masked LM", unit=" steps") as bar:
        for step in range(steps):
            numbers, sizes = padded([encoded[position] for position in next(batches)], _PAD)
            draws = torch.from_numpy(rng.random(numbers.shape))
            hidden = draws < content_share[numbers]
            if not hidden.any():
                continue
            loss = _loss(model, numbers, sizes, hidden)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            mean += (float(loss.detach()) - mean) / min(step + 1, 50)
            bar.update()
            bar.set_postfix_str(f"loss {mean:.2f}", refresh=False)


def _loss(model: BertForMaskedLM, numbers: torch.Tensor, sizes: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the hidden words; the others are not put through the output, which is most of the work."""
    attention = (torch.arange(numbers.shape[1]) < sizes[:, None]).long()
    states = model.bert(numbers.masked_fill(hidden, _MASK), attention_mask=attention).last_hidden_state
    logits: Any = model.cls(states[hidden])
    return torch.nn.functional.cross_entropy(logits, numbers[hidden])


def _endless(lengths: Sequence[int], batch_size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    while True:
        yield from shuffled_by_length(lengths, batch_size, rng)


def _encoded(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    encoded: list[list[int]] = tokenizer(list(texts), truncation=True, return_attention_mask=False)["input_ids"]
    return encoded


def _is_content(tokenizer: Any) -> np.ndarray:
    """Which tokens are content words: no marks, special tokens, bare numbers or function words; `(vocabulary,)`."""
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    words = [token not in _SPECIAL and any(letter.isalpha() for letter in token) for token in tokens]
    return np.array([word and token not in ENGLISH for word, token in zip(words, tokens, strict=True)], dtype=bool)


def _most_frequent(tokenizer: Any, texts: Sequence[str], wanted: np.ndarray, number: int) -> set[int]:
    counts = np.bincount(
        np.concatenate([np.asarray(text) for text in _encoded(tokenizer, texts)]), minlength=len(wanted)
    )
    return set(np.argsort(-np.where(wanted, counts, -1), kind="stable")[:number].tolist())


def _hidden_words(
    tokenizer: Any, texts: Sequence[str], wanted: np.ndarray, number: int
) -> list[tuple[list[int], int, int]]:
    """Texts with one word hidden, where it stood, and which it was; words outside the vocabulary are hidden too."""
    places = []
    encoding = tokenizer(list(texts), truncation=True)
    for position, text in enumerate(texts):
        encoded = encoding[position]
        for place, (token, (start, end)) in enumerate(zip(encoded.ids, encoded.offsets, strict=True)):
            word = text[start:end].lower()
            unknown = token == _UNK and any(letter.isalpha() for letter in word)
            if wanted[token] or (unknown and word not in ENGLISH):
                places.append((encoded.ids, place))
    drawn = np.random.default_rng(0).permutation(len(places))[:number]
    hidden = []
    for position in drawn:
        numbers, place = places[position]
        # an unknown word can never be proposed: -1 is not a token
        answer = numbers[place] if numbers[place] != _UNK else -1
        hidden.append(([*numbers[:place], _MASK, *numbers[place + 1 :]], place, answer))
    return hidden
