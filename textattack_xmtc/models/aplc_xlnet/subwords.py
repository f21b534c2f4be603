"""The sub-words of a text as XLNet reads them: numbers, and how far into the text they reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from textattack_xmtc.errors import ModelFolderError, panics_as_errors

SUBWORDS = "tokenizer.json"
UNK, SEP, CLS, PAD, MASK = "<unk>", "<sep>", "<cls>", "<pad>", "<mask>"
_SPECIAL = (UNK, "<s>", "</s>", CLS, SEP, PAD, MASK, "<eod>", "<eop>")  # numbered as in XLNet's own vocabulary


class Subwords:
    """XLNet's way to read a text: its sub-words, then `<sep>` and `<cls>`.

    Args:
        tokenizer: a tokenizer of the `tokenizers` library that knows `<sep>`, `<cls>`, `<pad>` and `<mask>`.

    Raises:
        ModelFolderError: it lacks one of these.

    Example:
        >>> subwords = Subwords.of_texts(["boil an egg", "boil tea"], size=40)
        >>> numbers = subwords.encode(["Boil <mask>"], limit=8)[0]
        >>> [subwords.token(number) for number in numbers]
        ['▁boil', '<mask>', '<sep>', '<cls>']
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.sep_id, self.cls_id, self.pad_id, self.mask_id = (self._id(token) for token in (SEP, CLS, PAD, MASK))

    @classmethod
    def of_texts(cls, texts: Iterable[str], size: int = 8000, lowercase: bool = True) -> Self:
        """Learn sub-words from texts: the same texts give the same sub-words.

        The pieces are merged as in byte-pair encoding. XLNet's own are from a unigram model, but what the library
        trains of that kind differs from run to run.

        Args:
            texts: the texts.
            size: how many sub-words, special ones included.
            lowercase: whether "Egg" and "egg" are to be the same.
        """
        tokenizer = Tokenizer(models.BPE(unk_token=UNK, fuse_unk=True))
        steps = [normalizers.NFKC(), *([normalizers.Lowercase()] if lowercase else [])]
        tokenizer.normalizer = normalizers.Sequence(
            [*steps, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        # the mask takes the space before it along, as a word would
        special = [AddedToken(token, lstrip=token == MASK, special=True) for token in _SPECIAL]
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, limit_alphabet=min(1000, size // 2), show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def of_transformers(cls, tokenizer: Any) -> Self:
        """The sub-words of a fast XLNet tokenizer of transformers."""
        return cls(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()))

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
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
        return cls(tokenizer)

    def write(self, folder: Path) -> None:
        """Write the sub-words into a model folder."""
        self._tokenizer.save(str(folder / SUBWORDS))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def token(self, number: int) -> str:
        """The sub-word with this number."""
        return str(self._tokenizer.id_to_token(number))

    def is_special(self, number: int) -> bool:
        """Whether it is no part of a text, such as `<sep>`, or the unknown sub-word."""
        return self.token(number) in _SPECIAL

    def encode(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        """The numbers of the sub-words of each text, at most `limit`, the last two of which are `<sep>` and `<cls>`."""
        ends = [self.sep_id, self.cls_id]
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [text.ids[: limit - 2] + ends for text in found]

    def characters_read(self, text: str, limit: int) -> int:
        """How many leading characters of `text` stand in its first `limit - 2` sub-words; all, where it has no more."""
        spans = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return len(text) if len(spans) <= limit - 2 else int(spans[limit - 3][1])

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ModelFolderError(f"a tokenizer lacks {token!r}, which XLNet reads", "use the tokenizer of an XLNet")
        return int(number)
