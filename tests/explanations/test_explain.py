"""Why a label comes for a text: against plain arithmetic on small victims, and the command."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.campaign.conftest import working_in
from tests.toolkit.small_campaigns import make_all
from tests.toolkit.victims import CountingVictim, bag
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.explanations.explain import Prediction, explain
from textattack_xmtc.explanations.options import ExplainOptions
from textattack_xmtc.explanations.text import as_text

LABELS = ["kernel", "locking", "cooking", "memory"]
WEIGHTS = {"kernel": [3.0, 2.0, 0.0, 0.0], "memory": [2.0, 2.0, 0.0, 1.0], "guards": [-1.0, 0.0, 0.0, 0.0]}
BASE = [1.0, 0.0, 2.5, 0.0]
TEXT = "The kernel guards memory with locks"


def options(**others: Any) -> ExplainOptions:
    return ExplainOptions(**{"k": 1, "candidate_source": "typos", **others})


def test_words_exchange_and_twins_are_those_of_plain_arithmetic() -> None:
    victim = bag(WEIGHTS, BASE, label_names=LABELS)
    one = explain(victim, TEXT, options())
    assert [shown.label for shown in one.shown] == ["kernel"] and one.label.score == 5 and one.words == 6
    assert [(word.word, word.position, word.drop) for word in one.hangs_on] == [
        *(("kernel", 1, 3.0), ("memory", 3, 2.0), ("locks", 5, 0.0), ("guards", 2, -1.0)),
    ]
    assert [word.share for word in one.hangs_on] == [0.6, 0.4, 0, 0]
    assert [word.speaks for word in one.hangs_on] == [True, False, False, False]
    # Without "kernel" cooking leads by a half; "memory" alone leaves 3 to 2.5.
    assert one.exchange is not None and one.why_none == ""
    ((position, before, after),) = one.exchange.changes
    assert (position, before) == (1, "kernel") and after != "kernel"
    assert one.exchange.text == TEXT.replace("kernel", after)
    assert one.exchange.after == Prediction("kernel", 2, 2.0) and one.exchange.enters == ("cooking",)
    drops = {name: np.array([WEIGHTS[word][place] for word in WEIGHTS]) for place, name in enumerate(LABELS)}
    for twin in one.twins:
        first, other = drops["kernel"], drops[twin.prediction.label]
        lengths = np.linalg.norm(first) * np.linalg.norm(other)
        assert twin.similarity == pytest.approx(first @ other / lengths if lengths else 0)
    # "cooking" hangs on none of the words: no twin, nor would be a label that gains where words are masked.
    assert [(twin.prediction.label, twin.prediction.rank) for twin in one.twins] == [("locking", 2), ("memory", 4)]
    opposed = explain(bag({"kernel": [3, -2], "memory": [2, -1]}, [1, 0], label_names=LABELS[:2]), TEXT, options())
    assert opposed.twins == () and "hang on the same words" not in as_text(opposed)


def test_an_exchange_has_no_word_that_can_be_undone() -> None:
    """The search exchanges the strongest word first, which two weaker ones make superfluous."""

    def row(text: str) -> Sequence[float]:
        words = text.split()
        score = 10 - 2 * ("alpha" not in words) - ("bravo" not in words) - ("delta" not in words)
        return [score - 6 * ("bravo" not in words and "delta" not in words), 5]

    victim = CountingVictim(row, label_names=["first", "second"])
    one = explain(victim, "alpha bravo delta", options())
    assert [word.word for word in one.hangs_on] == ["alpha", "bravo", "delta"]
    assert one.exchange is not None and [before for _, before, _ in one.exchange.changes] == ["bravo", "delta"]
    assert row(one.exchange.text)[0] < 5
    for _, before, after in one.exchange.changes:
        assert row(one.exchange.text.replace(after, before))[0] > 5


def test_what_no_word_takes_away_is_said_with_the_reason() -> None:
    one = explain(bag(WEIGHTS, [99.0, 0, 0, 0], label_names=LABELS), TEXT, options())
    assert one.exchange is None and one.why_none == "no word left to change"
    assert "no exchange found: no word left to change" in as_text(one)


def test_training_texts_speak_for_words() -> None:
    rows = [
        Document(str(n), "locks and mutexes" if n % 2 else "soup of eggs", [LABELS[2 * (1 - n % 2)]]) for n in range(40)
    ]
    corpus = Corpus.from_documents("small", {"train": rows}, LABELS)
    one = explain(bag(WEIGHTS, BASE, label_names=LABELS), TEXT, options(), corpus)
    assert one.training_texts == 20 and {word.word for word in one.hangs_on if word.speaks} == {"kernel", "locks"}
    unknown = explain(bag(WEIGHTS, BASE, label_names=["new", *LABELS[1:]]), TEXT, options(), corpus)
    assert unknown.training_texts == 0 and {word.speaks for word in unknown.hangs_on} == {None}


def test_a_label_without_a_name_is_a_number() -> None:
    one = explain(bag(WEIGHTS, BASE, num_labels=4), TEXT, options(label="1", k=2))
    assert one.label.label == "1" and one.label.rank == 2


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (TEXT, {"label": "memory"}, "'memory' is not among the top 1 of this text, which are 'kernel'"),
        (TEXT, {"label": "kernal"}, "did you mean 'kernel'"),
        (TEXT, {"k": 9}, "k=9"),
        (TEXT, {"k": 4}, "k=4 shows all labels of this victim: none can be lost"),
        (TEXT, {"candidate_source": "joins"}, "unknown candidate_source='joins'"),
        ("with the", {}, "no word of this text can be exchanged"),
        ("?!", {}, "no word of this text can be exchanged"),
    ],
)
def test_what_cannot_be_explained_is_refused(text: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        explain(bag(WEIGHTS, BASE, label_names=LABELS), text, options(**given))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_all(tmp_path_factory.mktemp("explained"))


def test_the_command_prints_text_and_json(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = json.loads((small / "data" / "test.jsonl").read_text().splitlines()[0])
    (small / "one.txt").write_text(row["text"] + "\n")
    with working_in(small):
        assert main(["explain", "plain", "--text", "one.txt", "--data", "data", "--k", "2"]) == 0
        shown = capsys.readouterr().out
        assert "hangs on" in shown and "#####" in shown and "taken away by 1 of 20 words" in shown
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(row["text"].encode())))
        assert main(["explain", "--model", "plain", "--text", "-", "--data", "data", "--k", "2", "--json"]) == 0
        out = json.loads(capsys.readouterr().out)
    assert out["text"] == row["text"] and out["words"] == 20 and out["training_texts"] > 0
    assert shown.startswith(f"{out['label']['label']}: rank 1, probability")
    assert out["hangs_on"][0]["word"] in shown and out["exchange"]["changes"][0][2] in shown


def test_the_command_says_what_is_wrong_with_the_text(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "empty.txt").write_text("\n")
    (small / "latin.txt").write_bytes("Lösung".encode("latin-1"))
    with working_in(small):
        for file, message in (
            ("empty.txt", "empty.txt holds no text"),
            ("none.txt", "the text in none.txt cannot be read"),
            ("latin.txt", "give a file with one text in UTF-8"),
        ):
            assert main(["explain", "plain", "--text", file]) == 2
            assert message in capsys.readouterr().err
        assert main(["explain", "plain"]) == 2
        assert "the option --text is missing" in capsys.readouterr().err


NUMBERS = ["gnd:4001", "gnd:4002", "gnd:4003", "gnd:4004"]
NAMES = dict(zip(NUMBERS, ["Kernel", "Locking", "Cooking", "Memory"], strict=True))


def test_names_of_numbered_labels_speak_for_words_and_are_shown() -> None:
    victim = bag(WEIGHTS, BASE, label_names=NUMBERS)
    one = explain(victim, TEXT, options(), label_names=LabelNames("names.json", by_label=NAMES))
    assert {word.word for word in one.hangs_on if word.speaks} == {"kernel"}
    assert {word.speaks for word in explain(victim, TEXT, options()).hangs_on} == {None}
    shown = as_text(one)
    assert shown.startswith("gnd:4001 (Kernel): rank 1, ") and "now shown: gnd:4003 (Cooking)" in shown
    assert "gnd:4002 (Locking) (rank 2" in shown and one.names["gnd:4004"] == "Memory"


def test_a_numbered_label_can_be_asked_for_by_its_name() -> None:
    names = LabelNames("names.json", by_label=NAMES)
    one = explain(bag(WEIGHTS, BASE, label_names=NUMBERS), TEXT, options(label="Cooking", k=3), label_names=names)
    assert one.label.label == "gnd:4003"
    nameless = bag(WEIGHTS, BASE, num_labels=4)
    listed = LabelNames("names.txt", by_index=list(NAMES.values()))
    two = explain(nameless, TEXT, options(label="Locking", k=3), label_names=listed)
    assert two.label.label == "1" and {word.word for word in two.hangs_on if word.speaks} == {"locks"}


def test_names_of_other_labels_are_refused() -> None:
    with pytest.raises(DataError, match=r"names\.json names none of the model's 4 labels, such as 'kernel'"):
        explain(
            bag(WEIGHTS, BASE, label_names=LABELS),
            TEXT,
            options(),
            label_names=LabelNames("names.json", by_label=NAMES),
        )


def test_the_command_reads_a_file_of_names(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = json.loads((small / "plain" / "labels.json").read_text())
    (small / "names.json").write_text(json.dumps({label: f"Name of {label}" for label in labels}))
    with working_in(small):
        (small / "two.txt").write_text(json.loads((small / "data" / "test.jsonl").read_text().splitlines()[0])["text"])
        assert main(["explain", "plain", "--text", "two.txt", "--evidence-names", "names.json", "--k", "2"]) == 0
        shown = capsys.readouterr().out
        assert main(["explain", "plain", "--text", "two.txt", "--evidence-names", "none.json"]) == 2
        assert "none.json does not exist" in capsys.readouterr().err
    assert "(Name of " in shown.splitlines()[0]


def test_the_help_lists_the_sources_that_the_command_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "model", "--text", "t", "--candidate-source", "joins"])
    assert "invalid choice: 'joins' (choose from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--label-file names.json", "--label-file would change nothing: it says how --data are read"),
        ("--label-language de", "--label-language would change nothing"),
        (
            "--candidate-source ocr --masked-lm any",
            "--masked-lm would change nothing: --candidate-source ocr needs none",
        ),
        ("--candidate-source same-sense --candidates 3", "--candidates would change nothing"),
    ],
)
def test_options_that_change_nothing(options: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "absent", "--text", "absent", *options.split()]) == 2
    assert message in capsys.readouterr().err
