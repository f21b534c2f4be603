"""The sub-words of a text as XLNet reads them: numbers, and how far into the text they reach."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from textattack_xmtc.errors import ModelFolderError, panics_as_errors

SUBWORDS = "tokenizer.json"
_SPACE = "▁"
UNK, SEP, CLS, PAD, MASK = "<unk>", "<sep>", "<cls>", "<pad>", "<mask>"
_SPECIAL = (UNK, "<s>", "</s>", CLS, SEP, PAD, MASK, "<eod>", "<eop>")  # numbered as in XLNet's own vocabulary
_PENALTY = 100  # what transformers takes from the scores of sub-words that end in a digit and a comma
_STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}


class Subwords:
    """XLNet's way to read a text: its sub-words, then `<sep>` and `<cls>`.

    Args:
        tokenizer: a tokenizer of the `tokenizers` library that knows `<sep>`, `<cls>`, `<pad>` and `<mask>`.
        split_commas: whether a sub-word of a digit and a comma is split, as the official tokenizer does: `▁5,` is read
            as `▁5` and `,`.

    Raises:
        ModelFolderError: it lacks one of these.

    Example:
        >>> subwords = Subwords.of_texts(["boil an egg", "boil tea"], size=40)
        >>> numbers = subwords.encode(["Boil <mask>"], limit=8)[0]
        >>> [subwords.token(number) for number in numbers]
        ['▁boil', '<mask>', '<sep>', '<cls>']
    """

    def __init__(self, tokenizer: Tokenizer, split_commas: bool = False) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.split_commas = split_commas
        self._parts = _parts_before_commas(tokenizer) if split_commas else {}
        self.sep_id, self.cls_id, self.pad_id, self.mask_id = (self._id(token) for token in (SEP, CLS, PAD, MASK))

    @classmethod
    def of_texts(cls, texts: Iterable[str], size: int = 8000, lowercase: bool = True) -> Self:
        """Learn `size` sub-words, special ones included, from texts: the same texts give the same sub-words.

        The pieces are merged as in byte-pair encoding. XLNet's own are from a unigram model, but what the library
        trains of that kind differs from run to run.
        """
        tokenizer = Tokenizer(models.BPE(unk_token=UNK, fuse_unk=True))
        steps = [normalizers.NFKC(), *([normalizers.Lowercase()] if lowercase else [])]
        tokenizer.normalizer = normalizers.Sequence(
            [*steps, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        # a special token takes the space before it along, as a word would
        special = [AddedToken(token, lstrip=True, special=True) for token in _SPECIAL]
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, limit_alphabet=min(1000, size // 2), show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def of_transformers(cls, tokenizer: Any) -> Self:
        """The sub-words of a fast XLNet tokenizer of transformers, read as the official one reads them."""
        return cls._official(tokenizer.backend_tokenizer)

    @classmethod
    def of_official_folder(cls, folder: Path) -> Self:
        """Read `tokenizer.json` of an XLNet that another program wrote; raises as `from_folder`."""
        return cls._official(cls.from_folder(folder)._tokenizer)

    @classmethod
    def _official(cls, tokenizer: Tokenizer) -> Self:
        """Read texts as the official tokenizer, which is sentencepiece and a few rules.

        The fast tokenizer differs in three ways: it makes a sub-word of the spaces at the end of a text, another of
        those before a special token, and it avoids sub-words of a digit and a comma (their scores are 100 lower), which
        the official one finds first and splits then.
        """
        description = json.loads(tokenizer.to_str())
        for token in description["added_tokens"]:
            token["lstrip"] = True
        if description["model"]["type"] == "Unigram":
            for entry in description["model"]["vocab"]:
                if _is_number_comma(entry[0]) and entry[1] < -_PENALTY / 2:
                    entry[1] += _PENALTY
        steps = [step for step in (description["normalizer"], _STRIP) if step]
        description["normalizer"] = {"type": "Sequence", "normalizers": steps}
        return cls(Tokenizer.from_str(json.dumps(description)), split_commas=True)

    @classmethod
    def from_folder(cls, folder: Path, split_commas: bool = False) -> Self:
        """Read the sub-words of a model folder.

        Raises:
            ModelFolderError: the file is missing, damaged, or lacks a special token.
        """
        file = folder / SUBWORDS
        if not file.is_file():
            raise ModelFolderError(f"{str(folder)!r} has no {SUBWORDS}", "save or copy the model again")
        try:
            with panics_as_errors():
                tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more specific
            raise ModelFolderError(f"{str(file)!r} is damaged ({error})", "save or copy the model again") from error
        return cls(tokenizer, split_commas)

    def write(self, folder: Path) -> None:
        """Write the sub-words into a model folder."""
        self._tokenizer.save(str(folder / SUBWORDS))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def token(self, number: int) -> str:
        """The sub-word with this number."""
        return str(self._tokenizer.id_to_token(number))

    def is_special(self, number: int) -> bool:
        """Whether it is a special token, such as `<sep>`, or the unknown sub-word."""
        return self.token(number) in _SPECIAL

    def encode(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        """The numbers of the sub-words of each text, at most `limit`, the last two of which are `<sep>` and `<cls>`."""
        ends = [self.sep_id, self.cls_id]
        read = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [self._split(text.ids)[: limit - 2] + ends for text in read]

    def characters_read(self, text: str, limit: int) -> int:
        """How many leading characters of `text` stand in its first `limit - 2` sub-words; all, where it has no more."""
        read = self._tokenizer.encode(text, add_special_tokens=False)
        ends: list[int] = []
        for number, (start, end) in zip(read.ids, read.offsets, strict=True):
            lengths = [len(self.token(part).replace(_SPACE, "")) for part in self._parts.get(number, ())[1:]]
            ends += [max(start, end - sum(lengths[place:])) for place in range(len(lengths) + 1)]
        return len(text) if len(ends) <= limit - 2 else int(ends[limit - 3])

    def _split(self, numbers: list[int]) -> list[int]:
        if self._parts.keys().isdisjoint(numbers):
            return numbers
        return [part for number in numbers for part in self._parts.get(number, (number,))]

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ModelFolderError(f"a tokenizer lacks {token!r}, which XLNet reads", "use the tokenizer of an XLNet")
        return int(number)


def _parts_before_commas(tokenizer: Tokenizer) -> dict[int, list[int]]:
    """By the number of each sub-word that ends in a digit and a comma: the sub-words of what is before it, and `,`."""
    unknown = tokenizer.token_to_id(UNK)

    def number_of(token: str) -> int:
        number = tokenizer.token_to_id(token)
        return int(unknown if number is None else number)

    parts = {}
    for piece, number in tokenizer.get_vocab().items():
        if not _is_number_comma(piece):
            continue
        before = tokenizer.encode(piece[:-1].replace(_SPACE, ""), add_special_tokens=False)
        numbers, first = before.ids, before.tokens[0]
        if not piece.startswith(_SPACE) and first.startswith(_SPACE):
            numbers = numbers[1:] if first == _SPACE else [number_of(first[1:]), *numbers[1:]]
        parts[number] = [*numbers, number_of(",")]
    return parts


def _is_number_comma(piece: str) -> bool:
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()
