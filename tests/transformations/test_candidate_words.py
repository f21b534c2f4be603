"""Which tokens may stand as words, over vocabularies that are known."""

from __future__ import annotations

from typing import Any

import pytest
from textattack.shared import utils
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tests.toolkit.masked_lms import FAMILIES, LETTERS, MARKS, PIECES, STOP_WORDS, WORDS, masked_lm
from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations.candidate_words import candidate_words

STOPS = frozenset(word.lower() for word in STOP_WORDS)
PLAIN_LETTERS = {letter for letter in LETTERS if letter.isascii() and letter.lower() not in STOPS}


def tokens_where(tokenizer: Any, marked: Any) -> set[Any]:
    return {
        token for token, one in zip(tokenizer.convert_ids_to_tokens(range(len(tokenizer))), marked, strict=True) if one
    }


def wrapped(tokenizer: Any, **names: Any) -> PreTrainedTokenizerFast:
    tokenizer.pre_tokenizer = tokenizer.pre_tokenizer or pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{"unk_token": "[UNK]", "mask_token": "[MASK]"} | names)


@pytest.mark.parametrize("family", FAMILIES)
def test_whole_words(family: str) -> None:
    tokenizer = masked_lm(family)[1]
    table = candidate_words(tokenizer, STOPS)
    whole, at_start = (tokens_where(tokenizer, marked) for marked in (table.whole, table.whole_at_start))
    assert table.mark == MARKS[family]
    if table.mark == "wordpiece":
        assert whole == at_start == {*WORDS} | PLAIN_LETTERS
        assert (table.twins, table.forms["market"], table.forms["court"]) == (1, 3, 1)
    elif table.mark == "byte-level":
        assert whole == {"Ġ" + word for word in WORDS}
        assert at_start == whole | set(WORDS[::2])  # and no piece that is never marked
        assert (table.twins, table.forms["market"], table.forms["court"]) == (2, 5, 1)
    else:
        assert whole == at_start == {"▁" + word for word in WORDS} | {"▁▁market", "▁étude"}
        assert (table.twins, table.forms["market"], table.forms["court"]) == (2, 4, 1)
    assert table.forms["the"] == 0 and not {*STOP_WORDS, *PIECES} & set(table.words[table.whole_at_start])


@pytest.mark.parametrize("family", FAMILIES)
def test_words_carry_no_marks(family: str) -> None:
    tokenizer = masked_lm(family)[1]
    table = candidate_words(tokenizer, STOPS)
    assert {word.lower() for word in table.words[table.whole_at_start]} - {"étude"} <= {
        word.lower() for word in [*WORDS, *PLAIN_LETTERS]
    }
    assert not any(sign in word for word in table.words[table.listed] for sign in ("##", "Ġ", "▁"))


@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
def test_listed_tokens_are_those_that_the_parent_lists(family: str) -> None:
    model, tokenizer = masked_lm(family)
    kind = model.config.model_type

    def listed(token: Any) -> Any:
        if utils.check_if_subword(token, kind, False):
            token = utils.strip_BPE_artifacts(token, kind)
        return utils.is_one_word(token) and not utils.check_if_punctuations(token)

    found = tokens_where(tokenizer, candidate_words(tokenizer, STOPS).listed)
    assert found == {token for token in tokenizer.get_vocab() if listed(token)}
    if family == "roberta":  # with its mark, which TextAttack takes for a letter
        assert {"Ġ-", "Ġ", "ĠĠ"} <= found and "Ġ(see" not in found and "(see" in found


def test_holes_in_a_vocabulary() -> None:
    tokenizer = masked_lm("bert")[1]

    class Gaps:
        all_special_tokens = tokenizer.all_special_tokens
        tokenize = tokenizer.tokenize

        def __len__(self) -> Any:
            return len(tokenizer) + 2

        def convert_ids_to_tokens(self, ids: Any) -> list[Any]:
            return [None, *tokenizer.convert_ids_to_tokens(range(len(tokenizer))), None]

    table = candidate_words(Gaps(), STOPS)
    assert table.words[0] == table.words[-1] == ""
    assert not table.listed[[0, -1]].any() and not table.whole[[0, -1]].any()
    assert table.whole[1:-1].tolist() == candidate_words(tokenizer, STOPS).whole.tolist()


@pytest.mark.parametrize("words", [WORDS, ["a", "cat", "sat"]])
@pytest.mark.parametrize("model", [models.WordLevel, models.WordPiece])
def test_a_vocabulary_of_whole_words_only(model: type[Any], words: list[str]) -> None:
    vocabulary = {token: position for position, token in enumerate(["[UNK]", "[MASK]", "##s", *words])}
    tokenizer = wrapped(Tokenizer(model(vocabulary, unk_token="[UNK]")))
    table = candidate_words(tokenizer, {"a"})
    assert table.mark == "wordpiece"
    assert tokens_where(tokenizer, table.whole) == set(words) - {"a"}


def test_few_marks_among_many_words() -> None:
    words = [f"word{'x' * (n % 7)}{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(600)]
    vocabulary = {token: position for position, token in enumerate(["[UNK]", "[MASK]", "##s", *words])}
    vocabulary |= {"##" + max(words, key=len): len(vocabulary)}  # the probe is cut, and marked where it is
    tokenizer = wrapped(Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]")))
    assert tokens_where(tokenizer, candidate_words(tokenizer, set()).whole) == set(words)


def trained(**suffix: Any) -> Any:
    """Byte pairs that are merged without marks where words begin."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", **suffix))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["[UNK]", "[MASK]"], show_progress=False, **suffix)
    tokenizer.train_from_iterator([" ".join(WORDS)] * 5, trainer)
    return wrapped(tokenizer)


def characters() -> Any:
    vocabulary = {token: position for position, token in enumerate(["[UNK]", "[MASK]", *LETTERS])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="[UNK]"))
    return wrapped(tokenizer)


def numbers() -> Any:
    vocabulary = {token: position for position, token in enumerate(["[UNK]", "[MASK]", "12", "34", "."])}
    return wrapped(Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]")))


@pytest.mark.parametrize(
    "tokenizer",
    [trained(), trained(end_of_word_suffix="</w>"), characters(), numbers()],
    ids=["no marks", "ends of words marked", "characters", "no words"],
)
def test_vocabularies_that_do_not_mark_words_are_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(InputError, match="does not mark where words begin; use one of the BERT, RoBERTa"):
        candidate_words(tokenizer, STOPS)
