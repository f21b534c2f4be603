"""Mode adv-xmtc: one test for each row of docs/adv-xmtc.md that is followed, in an example where the paper's reading
would end otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tokenizers import normalizers

from tests.toolkit.bert import word_tokenizer
from tests.toolkit.masked_lms import WORDS, masked_lm
from tests.toolkit.shared_folders import SHARED, needs_shared
from tests.toolkit.victims import CountingVictim, bag
from textattack_xmtc.campaign.published.adv_xmtc import Change, PublishedAttack
from textattack_xmtc.campaign.published.words import STOP_WORDS, UnmaskedProposals
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet.scorer import build_small
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.wrappers import ScorerWrapper

CONTENT = ("amber", "basalt", "cedar", "daisy", "end", "zinc", "gold", "lead", "The", "Of", "##ing", "filler")
FUNCTION = sorted(STOP_WORDS)
WEIGHTS = {"amber": [4, 0], "basalt": [2, 0], "cedar": [1, 0], "zinc": [-1, 0], "gold": [3, 0], "lead": [9, 0]}
KEEPS, FALLS = [50, 0], [0, 3.5]  # base scores: label 0 stays best whatever comes; it is best by what the words weigh

Propose = Callable[[list[str], int], Sequence[str]]


class ToyBert(torch.nn.Module):
    """Ranks first what `propose` gives for a token's place in a text, then function words; notes what it was given."""

    def __init__(self, tokenizer: Any, propose: Propose) -> None:
        super().__init__()
        self.device = torch.device("cpu")
        self.config = SimpleNamespace(model_type="bert", max_position_embeddings=512)
        self.tokenizer, self.propose = tokenizer, propose
        self.rest = torch.full((len(tokenizer),), -1e4)
        self.rest[tokenizer.convert_tokens_to_ids(FUNCTION)] = -100.0 - torch.arange(len(FUNCTION))
        self.step = 1.0
        self.given: list[list[str]] = []

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        logits = self.rest.repeat(*input_ids.shape, 1)
        for row, ids in enumerate(input_ids):
            tokens = self.tokenizer.convert_ids_to_tokens(ids)
            self.given.append(tokens)
            for place in range(len(tokens)):
                proposed = self.tokenizer.convert_tokens_to_ids(list(self.propose(tokens, place)))
                logits[row, place, proposed] = -self.step * torch.arange(len(proposed))
        return SimpleNamespace(logits=logits)


def toy_bert(
    propose: Propose | Mapping[str, Sequence[str]], uncased: bool = False, max_length: int = 512
) -> tuple[ToyBert, Any]:
    """A masked LM over a few words, with its tokenizer; a mapping proposes by the word that stands there."""
    tokenizer = word_tokenizer([*CONTENT, *FUNCTION], max_length)
    if uncased:
        tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    by_place = propose if callable(propose) else lambda tokens, place: propose.get(tokens[place], ())
    return ToyBert(tokenizer, by_place), tokenizer


def attacked(
    text: str,
    base: Any = KEEPS,
    proposals: Any = None,
    weights: Any = WEIGHTS,
    victim: Any = None,
    goal: str = "positive",
    **options: Any,
) -> Any:
    """Attack label 0 (positive), with k = 1 and any number of changes unless said otherwise."""
    proposals = {word: ["zinc"] for word in ("amber", "basalt", "cedar")} if proposals is None else proposals
    lm = toy_bert(proposals) if callable(proposals) or isinstance(proposals, Mapping) else proposals
    settings = {"k": 1, "max_change_rate": 1.0, "candidates": 8, **options}
    return PublishedAttack(victim or bag(weights, base), masked_lm=lm, goal=goal, **settings).attack(text, 0, [0])


def attention_xml() -> AttentionXML:
    sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
    vocabulary = Vocabulary.of_texts(["amber basalt"])
    return AttentionXML(AttentionXMLNetwork(len(vocabulary), 2, sizes), vocabulary, ["one", "two"], device="cpu")


def aplc_xlnet() -> Any:
    return build_small(["amber basalt"], ["one", "two"], hidden_size=8, layers=1, device="cpu")


# The rows, in their order ---------------------------------------------------------------------------------------------


def test_row_1_the_masked_lm_reads_the_unmasked_original_once() -> None:
    def propose(tokens: list[str], place: int) -> list[str]:
        if "[MASK]" in tokens:
            return ["gold"]  # what the paper's attack would get
        return ["lead"] if "zinc" in tokens else ["zinc"]  # what it would get for the current text

    lm = toy_bert(propose)
    result = attacked("amber basalt end", proposals=lm, candidates=1)
    assert result.text == "zinc zinc end"
    assert lm[0].given == [["[CLS]", "amber", "basalt", "end", "[SEP]"]]


def test_row_2_words_end_at_each_single_space_and_are_looked_up_whole() -> None:
    lm = toy_bert({"[UNK]": ["gold"], "basalt": ["zinc"]})
    weights = {**WEIGHTS, "amber,": [9, 0]}
    text = "amber, basalt  filler\nend end end end end"
    result = attacked(text, proposals=lm, weights=weights, candidates=1)
    assert lm[0].given == [["[CLS]", "[UNK]", "basalt", "[UNK]", "[UNK]", *["end"] * 4, "[SEP]"]]
    assert result.words == 8
    # The comma goes with its word; what lies between two spaces is a word as well; line breaks are dropped.
    assert result.changes[:3] == (Change(0, "amber,", "gold"), Change(1, "basalt", "zinc"), Change(2, "", "gold"))
    assert result.changes[3:] == (Change(3, "fillerend", "gold"),)
    assert result.text == "gold zinc gold gold end end end end"


def test_row_2_an_uncased_masked_lm_looks_words_up_in_lower_case() -> None:
    texts = []
    for uncased in (False, True):
        lm = toy_bert({"amber": ["amber", "zinc"]}, uncased=uncased)
        attack = PublishedAttack(bag({"Amber": [4, 0]}, KEEPS), 1, lm, max_change_rate=1.0, candidates=2)
        assert attack.proposals.uncased is uncased
        texts.append(attack.attack("Amber end", 0, [0]).text)
        assert lm[0].given == [["[CLS]", "amber" if uncased else "[UNK]", "end", "[SEP]"]]
    assert texts == ["Amber end", "zinc end"]  # "amber" for "Amber" is the word itself


@pytest.mark.parametrize(
    ("model", "hidden"), [(attention_xml, "/UNK/"), (aplc_xlnet, "[UNK]"), (lambda: None, "[UNK]")]
)
def test_row_3_what_hides_a_word(model: Callable[..., Any], hidden: str) -> None:
    victim = bag(WEIGHTS, KEEPS)
    victim.model = model()
    attacked("amber basalt end", victim=victim)
    assert {f"{hidden} basalt end", f"amber {hidden} end"} <= set(victim.asked)
    assert not any("MASK" in text or "mask" in text for text in victim.asked)


def test_row_4_the_last_word_is_neither_scored_nor_attacked() -> None:
    victim = bag(WEIGHTS, FALLS)
    result = attacked("cedar amber", victim=victim)  # the last word alone would do: "cedar zinc" has 0 of 3.5 points
    assert (result.outcome, result.code, result.text) == ("succeeded", 4, "zinc amber")
    only_last = bag(WEIGHTS, FALLS)
    result = attacked("end amber", victim=only_last)
    assert (result.outcome, result.reason, result.text) == ("failed", "words", "end amber")
    assert set(only_last.asked) == {"end amber", "[UNK] amber"}
    assert attacked("amber", base=FALLS).outcome == "failed"


def test_row_5_the_last_rejected_candidate_stays_uncounted() -> None:
    proposals = {"amber": ["lead", "gold"], "basalt": ["gold", "lead"]}
    result = attacked("basalt amber end", proposals=proposals, weights={**WEIGHTS, "gold": [5, 0]})
    # "amber" weighs 4, "gold" 5, "lead" 9: no candidate helps. "gold" was the last that was tried.
    assert result.text == "lead gold end"
    assert result.changes == ()
    assert result.leftovers == (Change(1, "amber", "gold"), Change(0, "basalt", "lead"))
    assert (result.outcome, result.reason, result.code) == ("failed", "words", 2)


def test_row_5_what_is_left_weighs_on_the_steps_that_follow() -> None:
    # With "basalt" put back, "zinc" would bring 1 + 2 to -1 + 2; with "lead" in its place it brings it to -1 + 9.
    result = attacked("cedar basalt end", proposals={"basalt": ["lead"], "cedar": ["zinc"]}, candidates=1)
    assert result.text == "zinc lead end" and result.changes == ()


def test_row_6_gains_are_measured_against_the_original() -> None:
    # The second step takes the text from 50 - 1 + 2 up to 50 - 1 + 3: no gain, were it not for the first one's.
    result = attacked("amber basalt end", proposals={"amber": ["zinc"], "basalt": ["gold", "lead"]})
    assert result.text == "zinc gold end"
    assert result.changes == (Change(0, "amber", "zinc"), Change(1, "basalt", "gold"))


@pytest.mark.parametrize(("batch_size", "sent"), [(1, 2), (2, 2), (3, 3), (32, 4)])
def test_row_7_the_first_candidate_that_reaches_the_goal_ends_it(batch_size: int, sent: int) -> None:
    weights = {**WEIGHTS, "gold": [-5, 0], "lead": [3.75, 0], "daisy": [-9, 0]}
    victim = bag(weights, FALLS)
    victim.batch_size = batch_size
    # "gold" and "daisy" gain more than "zinc"; "lead" does not reach the goal.
    result = attacked("amber end", victim=victim, proposals={"amber": ["lead", "zinc", "gold", "daisy"]}, candidates=4)
    assert (result.text, result.outcome, result.code) == ("zinc end", "succeeded", 4)
    # The original, "[UNK] end", and the candidates as far as the batch reaches.
    assert result.queries == len(set(victim.asked)) == 2 + sent


def test_where_none_reaches_the_goal_the_largest_gain_wins_and_the_first_of_equals() -> None:
    weights = {**WEIGHTS, "gold": [-5, 0], "daisy": [-5, 0]}
    result = attacked("amber end", weights=weights, proposals={"amber": ["zinc", "gold", "daisy"]})
    assert result.text == "gold end"


@pytest.mark.parametrize(("words", "most"), [(4, 3), (9, 5), (10, 6), (11, 6)])
def test_row_8_half_of_the_words_and_one_more_are_changed(words: int, most: int) -> None:
    result = attacked(" ".join(["amber"] * words))
    assert len(result.changes) == min(most, words - 1)
    # Of four words three can be attacked: they are used up before the limit is looked at again.
    assert (result.code, result.reason) == ((2, "words") if words == 4 else (1, "change limit"))
    assert result.outcome == "failed"


def test_row_8_the_one_more_may_succeed() -> None:
    text = " ".join(["amber"] * 10)  # 40 points; each change takes 5 of them, the other label has 10.5
    assert len(attacked(text, base=[0, 10.5]).changes) == 6
    assert attacked(text, base=[0, 10.5]).code == 4
    assert attacked(text, base=[0, 9.5]).code == 1


@pytest.mark.parametrize(
    ("words", "outcome", "reason"),
    [(11, "succeeded", None), (10, "failed", "change limit"), (9, "failed", "change limit")],
)
def test_row_8_only_successes_below_the_change_rate_count_and_the_others_can_be_told(
    words: int, outcome: str, reason: str | None
) -> None:
    text = " ".join(["amber", *["end"] * (words - 1)])
    result = attacked(text, base=FALLS, max_change_rate=0.1)
    assert (result.outcome, result.reason) == (outcome, reason)
    assert (result.code, len(result.changes), result.words) == (4, 1, words)
    assert attacked(text, base=FALLS, max_change_rate=0.5) == replace(result, outcome="succeeded", reason=None)


@pytest.mark.parametrize("changed", range(1, 8))
def test_row_8_the_limit_is_strict_for_every_number_of_words(changed: int) -> None:
    """`change / num_word < 0.1`, as the script's analysis computes it."""
    attack = PublishedAttack(bag(WEIGHTS, KEEPS), 1, masked_lm=toy_bert({}), max_change_rate=0.1)
    for words in range(changed, 90):
        expected = ("succeeded", None) if changed / words < 0.1 else ("failed", "change limit")
        assert attack._judged(4, changed, words) == expected


def test_row_9_the_word_at_the_limit_gets_the_candidates_of_the_end_of_the_text() -> None:
    """The script skips words beyond index max_length - 2; the one at that index meets the row of [SEP]."""
    lm = toy_bert({"[SEP]": ["zinc"]}, max_length=5)
    result = attacked("end end end amber amber end", proposals=lm, max_length=5)
    assert result.changes == (Change(3, "amber", "zinc"),)
    assert UnmaskedProposals(lm, 8, 5)(["end", "end", "end", "amber", "amber", "end"]) == [[], [], [], ["zinc"]]
    # It is the last word, which row 4 leaves alone.
    assert attacked("end end end amber", proposals=lm, max_length=5).changes == ()


def test_row_16_code_1_keeps_the_original() -> None:
    """The script's `final_adverse` is the original until the loop has run to its end."""
    text = " ".join(["amber"] * 10)
    result = attacked(text)
    assert (result.code, result.text, len(result.changes)) == (1, text, 6)


def test_the_stop_words_are_those_of_the_script() -> None:
    assert len(STOP_WORDS) == 266
    assert {"a", "about", "wouldn't", "shan't", "yourselves"} <= STOP_WORDS
    assert not {"The", "A", "not-a-word"} & STOP_WORDS


def test_row_9_words_that_the_masked_lm_does_not_read_cost_queries_and_stay() -> None:
    victim = bag(WEIGHTS, KEEPS)
    lm = toy_bert({word: ["zinc"] for word in ("amber", "cedar")})
    result = attacked("cedar end end amber amber end", victim=victim, proposals=lm, max_length=5)
    assert lm[0].given == [["[CLS]", "cedar", "end", "end", "[SEP]"]]
    assert {"cedar end end [UNK] amber end", "cedar end end amber [UNK] end"} <= set(victim.asked)
    assert result.changes == (Change(0, "cedar", "zinc"),)
    assert attacked("cedar end end amber amber end", proposals=toy_bert({}, max_length=5)).text.endswith("amber end")


@pytest.mark.parametrize(("model", "winner"), [(aplc_xlnet, "gold"), (attention_xml, "lead")])
def test_row_10_a_second_sigmoid_for_aplc_compresses_gaps(model: Callable[..., Any], winner: str) -> None:
    # Sums of the two targets: 1.02 for "gold", 1 for "lead"; of their sigmoids 1.236 and 1.245.
    rows = {"gold": [1, 0.02, 0], "lead": [0.5, 0.5, 0]}
    victim = CountingVictim(lambda text: rows.get(text.split(" ")[0], [1, 0.9, 0]), "probability")
    victim.model = model()
    result = attacked(
        "amber end", victim=victim, proposals={"amber": ["gold", "lead"]}, goal="untargeted", k=2, candidates=2
    )
    assert result.text == f"{winner} end"


def test_row_10_the_second_sigmoid_is_for_probabilities_of_aplc_only() -> None:
    lm = toy_bert({})
    for model, scores, expected in [
        (aplc_xlnet(), "probability", True),
        (aplc_xlnet(), "logit", False),
        (attention_xml(), "probability", False),
    ]:
        assert PublishedAttack(ScorerWrapper(model, scores), 1, lm).second_sigmoid is expected


def test_row_13_stop_words_are_matched_as_they_are_written() -> None:
    victim = bag({"The": [4, 0], "the": [4, 0]}, KEEPS)
    proposals = {word: ["zinc"] for word in ("The", "the")}
    result = attacked("the The the end", victim=victim, proposals=proposals)
    assert result.text == "the zinc the end"
    assert "[UNK] The the end" in victim.asked  # stop words are scored like any other word


def test_row_13_stop_words_pieces_and_the_word_itself_are_no_candidates() -> None:
    proposals = {"amber": ["the", "##ing", "amber", "Of", "zinc"]}
    lm = toy_bert(proposals)
    assert UnmaskedProposals(lm, candidates=5)(["amber", "end"]) == [["Of", "zinc"], []]
    # So many are looked at, whatever becomes of them; the paper's attack keeps so many.
    assert UnmaskedProposals(lm, candidates=4)(["amber"]) == [["Of"]]
    assert UnmaskedProposals(lm, candidates=3)(["amber"]) == [[]]


def test_row_13_candidates_need_no_probability() -> None:
    model, tokenizer = toy_bert({"amber": ["amber", "gold", "zinc"]})
    model.step = 1000.0  # between one candidate's logit and the next one's: float32 has no such probabilities
    model.rest *= 1e6
    assert UnmaskedProposals((model, tokenizer), candidates=3)(["amber"]) == [["gold", "zinc"]]


@pytest.mark.parametrize(
    ("text", "base", "code", "outcome", "reason"),
    [
        ("cedar end", FALLS, -1, "skipped", "wrong before"),
        ("amber amber amber amber amber end", [50, 0], 1, "failed", "change limit"),
        ("amber end", [50, 0], 2, "failed", "words"),
        ("amber end", FALLS, 4, "succeeded", None),
    ],
)
def test_row_16_result_codes(text: str, base: list[float], code: int, outcome: str, reason: str | None) -> None:
    result = attacked(text, base=base)
    assert (result.code, result.outcome, result.reason) == (code, outcome, reason)


# Goals and what the record says ---------------------------------------------------------------------------------------


def test_a_negative_target_has_to_enter() -> None:
    weights = {"amber": [0, 1], "cedar": [-3, 0], "zinc": [2, 0], "gold": [-4, 0]}
    lm, victim = toy_bert({"amber": ["gold", "zinc"], "cedar": ["gold", "zinc"]}), bag(weights, [0, 2.5])
    attack = PublishedAttack(victim, 1, lm, goal="negative", max_change_rate=1.0, candidates=2)
    result = attack.attack("amber cedar end", 0, [1])
    # "cedar" holds the target down the most; without it the target has 2 of 3.5 points.
    assert result.changes == (Change(1, "cedar", "zinc"), Change(0, "amber", "zinc"))
    assert result.outcome == "succeeded"
    assert attack.attack("zinc zinc end", 0, [1]).reason == "wrong before"


def test_an_untargeted_attack_ends_when_any_true_label_has_left() -> None:
    weights = {"amber": [0, 4, 0], "zinc": [0, -4, 0]}
    lm, victim = toy_bert({"amber": ["zinc"]}), bag(weights, [9, 0, 3])
    attack = PublishedAttack(victim, 2, lm, goal="untargeted", max_change_rate=1.0, candidates=1)
    assert attack.attack("amber end", 0, [0, 1]).outcome == "succeeded"  # label 1 left, the record is about label 0
    assert attack.attack("amber end", 0, [0]).reason == "words"
    assert attack.attack("zinc end", 1, [0, 1]).outcome == "skipped"


def test_ranks_are_not_asked_of_the_victim() -> None:
    victim = bag(WEIGHTS, KEEPS)
    ranked: list[str] = []
    victim._rank = lambda texts, labels: ranked.extend(texts)
    assert attacked("amber basalt cedar end", victim=victim).changes and ranked == []


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_records_say_what_was_done(batch_size: int) -> None:
    """Random texts, with the random masked LM of another test that knows pieces and punctuation too."""
    chance = random.Random(batch_size)
    ends = set()
    for _ in range(40):
        weights = {word: [chance.uniform(-1, 3), 0] for word in WORDS}
        words = chance.choices([*WORDS, "the", "The", "law,"], k=chance.randint(1, 30))
        victim = bag(weights, [0, chance.choice([-99, chance.uniform(0, 20)])])
        victim.batch_size = batch_size
        attack = PublishedAttack(victim, 1, masked_lm("bert"), max_change_rate=0.2, max_length=24)
        result = attack.attack(" ".join(words), 0, [0])
        again = list(words)
        for position, before, after in (*result.changes, *result.leftovers):
            assert again[position] == before != after and position < min(len(words) - 1, 23)
            again[position] = after
        assert result.text == " ".join(words if result.code == 1 else again)
        assert result.queries == len(set(victim.asked))
        assert len(result.changes) <= len(words) // 2 + 1
        if result.code != -1:
            assert (victim.top_k([result.text], 1)[0].item() == 0) == (result.code != 4)
        ends.add((result.outcome, result.code))
    assert {code for _, code in ends} == {-1, 1, 2, 4}


# What cannot be -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"goal": "best"}, "unknown goal 'best'; choose positive, negative, untargeted"),
        ({"k": 0}, "invalid k=0: must be a whole number, at least 1"),
        ({"max_change_rate": 0}, "max_change_rate=0 is not a share of the words"),
        ({"candidates": 0}, "max_candidates=0 and batch_size=16 must be positive"),
        ({"max_length": 2}, "max_length=2 does not fit ToyBert, which reads 512 tokens; choose between 3 and 512"),
        ({"max_length": 513}, "max_length=513 does not fit ToyBert"),
        ({"goal": "negative"}, "the target 0 of a goal 'negative' is a true label"),
        ({"proposals": masked_lm("roberta")}, "looks whole words up in the vocabulary of a BERT, which Roberta"),
    ],
)
def test_settings_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        attacked("amber end", **options)


def test_a_positive_target_that_is_no_true_label() -> None:
    attack = PublishedAttack(bag(WEIGHTS, KEEPS), 1, toy_bert({}))
    with pytest.raises(InputError, match="the target 1 of a goal 'positive' is no true label"):
        attack.attack("amber end", 1, [0])


@pytest.mark.slow
@needs_shared("models/minilm-l6-tib-mlm")
def test_a_real_masked_lm_proposes_words() -> None:
    proposals = UnmaskedProposals(SHARED / "models" / "minilm-l6-tib-mlm")
    assert proposals.uncased and proposals.max_length == 512
    words = ["A", "study", "of", "Climate", "change", "in", "the", "(northern)", "city"]
    proposed = proposals(words)
    assert len(proposed) == len(words) and all(1 <= len(row) <= 48 for row in proposed)
    assert "climate" not in proposed[3] and proposed[3] == proposals([*words[:3], "climate", *words[4:]])[3]
    assert not any(new.startswith("##") or new in STOP_WORDS for row in proposed for new in row)
    assert "economic" in proposed[3] or "environmental" in proposed[3] or "temperature" in proposed[3]
