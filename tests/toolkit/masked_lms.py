"""Random masked language models of many families, small enough to make in a test, over a vocabulary that is known."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers as hf
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

WORDS = [
    *("market", "Market", "MARKET", "study", "Study", "apple", "river", "River", "law", "policy", "Policy", "court"),
    *("energy", "water", "climate", "change", "school", "teacher", "history", "music", "city", "farm", "bank", "Bank"),
    *("price", "trade", "health", "doctor", "cell", "protein", "model", "theory", "number", "machine", "learning"),
]
STOP_WORDS = ["the", "The", "and", "of", "is", "in", "a", "not"]
PIECES = ["ing", "ed", "ation", "ket", "er", "mar", "stu", "dy"]
"""Never whole words here: they stand in a vocabulary as continuations only."""

SIGNS = [
    ".",
    ",",
    "-",
    "--",
    "'",
    "!",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "_",
    "2020",
    "3",
    "'s",
    "-like",
    "(see",
    "x)",
    "«",
]
"""Neither words nor pieces; those with a letter come with something that is not part of a word."""

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZé"
BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
POSITIONS = 64


def word_pieces(special: tuple[str, ...]) -> list[str]:
    """The vocabulary of a WordPiece tokenizer: continuations are marked, some words are continuations too."""
    continued = ["##" + piece for piece in [*PIECES, *LETTERS, "market", "law"]]
    return list(dict.fromkeys([*special, *WORDS, *STOP_WORDS, *SIGNS, *LETTERS, *continued, "##-", "[unused0]"]))


def byte_pieces(special: tuple[str, ...]) -> list[str]:
    """The vocabulary of a byte-level tokenizer: the first pieces of words are marked, words are there both ways."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    marked = ["Ġ" + word for word in [*WORDS, *STOP_WORDS, *SIGNS, "Ã©tude"]]
    return list(dict.fromkeys([*special, *alphabet, *marked, *WORDS[::2], *STOP_WORDS, *SIGNS, *PIECES, "ĠĠ", "Ċ"]))


def unigrams(special: tuple[str, ...]) -> list[tuple[str, float]]:
    """The vocabulary of a SentencePiece tokenizer, with scores that prefer long pieces."""
    marked = ["▁" + word for word in [*WORDS, *STOP_WORDS, *SIGNS]]
    pieces = list(dict.fromkeys([*marked, *PIECES, *WORDS[::2], *LETTERS, *SIGNS, "▁", "▁▁market", "▁étude"]))
    return [*((token, 0.0) for token in special), *((piece, -10.0 + len(piece)) for piece in pieces)]


def vocabulary_file(tokens: list[str], folder: Path) -> str:
    path = folder / "vocab.txt"
    path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return str(path)


def word_piece_tokenizer(kind: type, special: tuple[str, ...] = BERT_SPECIAL, **options: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = vocabulary_file(word_pieces(special), Path(folder))
        return kind(vocab_file=path, do_lower_case=False, model_max_length=POSITIONS, **options)


def byte_level(special: tuple[str, ...], begin: str, end: str) -> Tokenizer:
    vocabulary = {token: position for position, token in enumerate(byte_pieces(special))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges_for(vocabulary)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = [(begin, vocabulary[begin]), (end, vocabulary[end])]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=ends)
    return tokenizer


def merges_for(vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """The merges that a vocabulary allows: two of its tokens make a third."""
    cuts = [(token[:at], token[at:]) for token in vocabulary for at in range(1, len(token))]
    return [(left, right) for left, right in cuts if left in vocabulary and right in vocabulary]


def sentence_pieces(
    special: tuple[str, ...], begin: str, end: str, unknown: str, more: Sequence[str] = ()
) -> Tokenizer:
    pieces = [*unigrams(special), *((piece, 0.0) for piece in more)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=special.index(unknown)))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    ends = [(begin, special.index(begin)), (end, special.index(end))]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=ends)
    return tokenizer


def from_file(kind: type, tokenizer: Tokenizer, **options: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "tokenizer.json")
        tokenizer.save(path)
        return kind(tokenizer_file=path, model_max_length=POSITIONS, **options)


def bert() -> tuple[Any, Any]:
    return hf.BertConfig, word_piece_tokenizer(hf.BertTokenizerFast)


def distilbert() -> tuple[Any, Any]:
    return hf.DistilBertConfig, word_piece_tokenizer(hf.DistilBertTokenizerFast)


def electra() -> tuple[Any, Any]:
    return hf.ElectraConfig, word_piece_tokenizer(hf.ElectraTokenizerFast)


def mpnet() -> tuple[Any, Any]:
    special = ("<s>", "<pad>", "</s>", "[UNK]", "<mask>")
    return hf.MPNetConfig, word_piece_tokenizer(hf.MPNetTokenizerFast, special)


def roberta() -> tuple[Any, Any]:
    mask = AddedToken("<mask>", lstrip=True, special=True)
    return hf.RobertaConfig, from_file(
        hf.RobertaTokenizerFast, byte_level(ROBERTA_SPECIAL, "<s>", "</s>"), mask_token=mask
    )


def modernbert() -> tuple[Any, Any]:
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    mask = AddedToken("[MASK]", lstrip=True, special=True)
    parts = byte_level(BERT_SPECIAL, "[CLS]", "[SEP]")
    return hf.ModernBertConfig, from_file(hf.PreTrainedTokenizerFast, parts, mask_token=mask, **names)


def albert() -> tuple[Any, Any]:
    special = ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    return hf.AlbertConfig, from_file(hf.AlbertTokenizerFast, sentence_pieces(special, "[CLS]", "[SEP]", "<unk>"))


def deberta() -> tuple[Any, Any]:
    parts = sentence_pieces(("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"), "[CLS]", "[SEP]", "[UNK]")
    return hf.DebertaV2Config, from_file(hf.DebertaV2TokenizerFast, parts)


def xlm_roberta() -> tuple[Any, Any]:
    parts = sentence_pieces(ROBERTA_SPECIAL, "<s>", "</s>", "<unk>")
    return hf.XLMRobertaConfig, from_file(hf.XLMRobertaTokenizerFast, parts)


def camembert() -> tuple[Any, Any]:
    parts = sentence_pieces(ROBERTA_SPECIAL, "<s>", "</s>", "<unk>")
    return hf.CamembertConfig, from_file(hf.CamembertTokenizerFast, parts)


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {
    family.__name__: family
    for family in (
        *(bert, distilbert, electra, mpnet),
        *(roberta, modernbert),
        *(albert, deberta, xlm_roberta, camembert),
    )
}
MARKS = dict.fromkeys(["bert", "distilbert", "electra", "mpnet"], "wordpiece")
MARKS |= dict.fromkeys(["roberta", "modernbert"], "byte-level")
MARKS |= dict.fromkeys(["albert", "deberta", "xlm_roberta", "camembert"], "sentencepiece")


@cache
def masked_lm(family: str) -> tuple[Any, Any]:
    """A random model in double precision, so that no order hangs on rounding, and its tokenizer."""
    kind, tokenizer = FAMILIES[family]()
    return random_model(kind, tokenizer), tokenizer


def random_model(kind: Any, tokenizer: Any, auto: Any = hf.AutoModelForMaskedLM, **options: Any) -> Any:
    torch.manual_seed(0)
    counts_behind_padding = kind.model_type in {"roberta", "xlm-roberta", "camembert", "mpnet"}
    sizes = {
        **{"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
        **{"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},  # DistilBERT's names for the same
        "embedding_size": 16,
        "max_position_embeddings": POSITIONS + (tokenizer.pad_token_id + 1 if counts_behind_padding else 0),
    }
    known = kind().to_dict()
    own = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "initializer_range": 1.0}
    config = kind(**own | {name: size for name, size in sizes.items() if name in known} | options)
    return auto.from_config(config).double().eval()
