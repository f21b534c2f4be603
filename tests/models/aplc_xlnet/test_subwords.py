"""XLNet's sub-words: what sentencepiece and the official tokenizer's rules give, on made and on real texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from transformers import XLNetTokenizer, XLNetTokenizerFast

from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.models.aplc_xlnet.subwords import Subwords

SPECIAL = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>")
NUMBERS = [f"In {1990 + n}, some {n}, {n}{n}, and {n},000, of 5, or 10, came; x{n}, {n}." for n in range(7, 37)]
COMMAS = ("▁5,", "5,", "▁10,", "0,", "▁9,", "7,", "x5,", "▁199", "90,")
REAL = list(load_corpus("api-docs").split("test")["text"])
TEXTS = [
    *("", " ", "   ", "\n\t", "\u3000", "\u200b", " \u00a0 "),
    *("<unk>", "a <unk> b", "a<sep>b", "a <sep> b", "<cls> x", "x <pad> y <mask> z", " <mask> ", "<sep> <unk>"),
    *("a  <unk><unk>c", "<eop> x <eod> <s> </s>", "<SEP> <Mask>", "<sep", "x <unk>  ", "\u3000<sep>\u3000"),
    *("  double  spaces  here ", "``quoted'' text", "café naïve ŚĆ", "ﬁne ½ ™", "a\u0000b", "line\nbreak"),
    *("x\u00a0y", "▁under ▁x", "emoji 😀😀 end", "日本語 and text", "5,"),
    *("in 1990, 5,5, 7,", "x5, y", "5 , 6,7", ",", "9,,", "٣,"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny sentencepiece model with XLNet's special tokens and with pieces of a digit and a comma."""
    folder = tmp_path_factory.mktemp("xlnet")
    (folder / "texts.txt").write_text("\n".join([*REAL[:40], *NUMBERS]), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts.txt"),
        model_prefix=str(folder / "spiece"),
        vocab_size=300,
        control_symbols=list(SPECIAL[3:8]),
        user_defined_symbols=["<eop>"],
        num_threads=1,
        minloglevel=2,
    )
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((folder / "spiece.model").read_bytes())
    for piece in sorted({*COMMAS} - {one.piece for one in model.pieces}):
        model.pieces.add(piece=piece, score=-1.0)
    (folder / "spiece.model").write_bytes(model.SerializeToString())
    return folder


@pytest.fixture(scope="module")
def subwords(folder: Path) -> Subwords:
    return Subwords.of_transformers(XLNetTokenizerFast.from_pretrained(str(folder)))


@pytest.fixture(scope="module")
def plain(folder: Path) -> Callable[[str], list[int]]:
    """The official tokenizer's rules in plain code: parts between special tokens, commas behind digits."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))

    def of_part(part: str) -> list[str]:
        part = " ".join(part.split()).replace("``", '"').replace("''", '"')
        part = "".join(c for c in unicodedata.normalize("NFKD", part) if not unicodedata.combining(c))
        read: list[str] = []
        for piece in pieces.encode(part, out_type=str):
            if len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit():
                inner = pieces.encode(piece[:-1].replace("▁", ""), out_type=str)
                if piece[0] != "▁" and inner[0][0] == "▁":
                    inner = inner[1:] if inner[0] == "▁" else [inner[0][1:], *inner[1:]]
                read += [*inner, ","]
            else:
                read.append(piece)
        return read

    def encode(text: str) -> list[int]:
        read: list[str] = []
        while text:
            place, special = min(((text.find(one), one) for one in SPECIAL if one in text), default=(len(text), ""))
            read += [*of_part(text[:place]), *([special] if special else [])]
            text = text[place + len(special) :]
        return [pieces.piece_to_id(piece) for piece in read]

    return encode


def encode(subwords: Subwords, text: str) -> list[int]:
    return subwords.encode([text], 10**6)[0][:-2]


def test_they_are_those_of_sentencepiece_and_the_official_rules(
    folder: Path, subwords: Subwords, plain: Callable[[str], list[int]]
) -> None:
    official = XLNetTokenizer.from_pretrained(str(folder))
    is_official = hasattr(official, "sp_model")  # transformers 5 has the fast one under this name
    commas = 0
    for text in [*TEXTS, *NUMBERS, *REAL]:
        read = encode(subwords, text)
        assert read == plain(text), text
        if is_official:
            assert read == official.convert_tokens_to_ids(official.tokenize(text)), text
        commas += read != subwords._tokenizer.encode(text, add_special_tokens=False).ids
    assert commas > 20, "no piece of a digit and a comma was split: the test is empty"


def test_spaces_and_special_tokens_in_a_text(subwords: Subwords) -> None:
    for spaces in ("", "   ", "\n", "\u3000"):
        assert encode(subwords, spaces) == []
    for special in SPECIAL:
        number = SPECIAL.index(special)
        assert encode(subwords, special) == encode(subwords, f" {special} ") == [number]
        around = [*encode(subwords, "class"), number, *encode(subwords, "method")]
        assert encode(subwords, f"class {special} method") == around


def test_learned_subwords_read_them_likewise() -> None:
    learned = Subwords.of_texts(REAL[:50], size=300)
    assert encode(learned, "  \n ") == []
    for special in SPECIAL:
        alone = [number for word in ("class", special, "method") for number in encode(learned, word)]
        assert encode(learned, f"class {special} method") == alone


def test_how_far_they_reach_into_a_text(subwords: Subwords) -> None:
    text = "in 1990, some 10,000, came"
    reach = [subwords.characters_read(text, limit) for limit in range(3, len(encode(subwords, text)) + 3)]
    assert reach == sorted(reach) and reach[-1] == len(text)
    assert {text.index(",") + 1, text.rindex("0,") + 1, text.rindex("0,") + 2} <= set(reach)


def test_a_folder_keeps_its_way_to_read(subwords: Subwords, tmp_path: Path) -> None:
    subwords.write(tmp_path)
    again = Subwords.from_folder(tmp_path, subwords.split_commas)
    for text in (*TEXTS, *NUMBERS):
        assert encode(again, text) == encode(subwords, text)
    older = Subwords.from_folder(tmp_path)
    assert encode(older, "in 1990, 5,") != encode(subwords, "in 1990, 5,")
