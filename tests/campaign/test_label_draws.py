"""Samples by label: what is drawn, what is refused, and campaigns of them to the end."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.drawn_samples import ALL, N_LABELS, PLAN, truth_of
from tests.toolkit.small_campaigns import OPTIONS, records
from textattack_xmtc.campaign.plan import Plan, check_values
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.campaign.samples import draw_samples
from textattack_xmtc.campaign.workers.run import Workers
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.labels import label_results

BY_LABEL = replace(PLAN, samples_per_bin=200, labels_per_bin=None, per_label=2)
SMALL: dict[str, Any] = {k: v for k, v in OPTIONS.items() if k not in ("samples_per_bin", "labels_per_bin")}
SMALL |= {"models": ["plain"], "per_label": 3}


def right_texts(corpus: Corpus, top: np.ndarray) -> dict[int, set[str]]:
    """Texts of each label that has it among the best, as plain as can be."""
    texts: dict[int, set[str]] = {}
    for row, labels in enumerate(truth_of(corpus)):
        for label in labels & set(top[row].tolist()):
            texts.setdefault(label, set()).add(corpus.split("test")[row]["text"])
    return texts


@pytest.mark.parametrize(("per_label", "min_right"), [(1, 1), (2, 1), (3, 3), (50, 1)])
def test_each_label_gives_as_many_as_it_has(
    corpus: Corpus,
    top: np.ndarray,
    per_label: int,
    min_right: int,
) -> None:
    drawn = draw_samples(corpus, top, replace(BY_LABEL, per_label=per_label, min_right=min_right), ALL)
    texts = right_texts(corpus, top)
    number = Counter(sample.target for sample in drawn.samples)
    assert number == {label: min(per_label, len(rows)) for label, rows in texts.items() if len(rows) >= min_right}
    assert len({(sample.target, sample.text) for sample in drawn.samples}) == len(drawn.samples)
    assert all(sample.text in texts[sample.target] and sample.target in sample.labels for sample in drawn.samples)
    assert [sample.number for sample in drawn.samples] == list(range(len(drawn.samples)))
    for part in drawn.bins:
        inside = [sample for sample in drawn.samples if sample.bin == part.number]
        assert part.drawn == len(inside) and part.labels == len({sample.target for sample in inside})
        assert all(part.lowest <= corpus.label_counts[sample.target] <= part.highest for sample in inside)
    assert drawn.asked == list(range(N_LABELS))


def test_a_text_may_serve_several_labels_and_stands_together(corpus: Corpus, top: np.ndarray) -> None:
    both = np.array([[*labels[:2], labels[0]] for labels in corpus.split("test")["labels"]])
    drawn = draw_samples(corpus, both, replace(BY_LABEL, per_label=9), ALL)
    texts = [sample.text for sample in drawn.samples]
    assert len(set(texts)) < len(texts)
    assert len([*itertools.groupby(texts)]) == len(set(texts))


def test_what_is_drawn_of_a_label_depends_on_nothing_else(
    corpus: Corpus,
    top: np.ndarray,
    tmp_path: Path,
) -> None:
    def drawn(**options: Any) -> dict[int, set[str]]:
        texts: dict[int, set[str]] = {}
        for sample in draw_samples(corpus, top, replace(BY_LABEL, **options), ALL).samples:
            texts.setdefault(sample.target, set()).add(sample.text_id)
        return texts

    everything = drawn()
    file = tmp_path / "names.txt"
    file.write_text("3\n\n 5 \n3\n", encoding="utf-8")
    assert drawn(labels=str(file)) == {label: everything[label] for label in (3, 5)}
    most = np.argsort(-corpus.label_counts, kind="stable")[:7].tolist()
    assert drawn(labels="7") == {label: everything[label] for label in most if label in everything}
    assert drawn(seed=1) != everything


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("3\nkernel\nmatrix\n", InputError, "labels that made does not have: 'kernel', 'matrix'"),
        ("\n", DataError, "names no label"),
        (None, DataError, "cannot be read"),
    ],
)
def test_files_of_names_that_are_refused(
    corpus: Corpus,
    top: np.ndarray,
    tmp_path: Path,
    content: str | None,
    error: type[Exception],
    message: str,
) -> None:
    file = tmp_path / "names.txt"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=message):
        draw_samples(corpus, top, replace(BY_LABEL, labels=str(file)), ALL)


def test_labels_without_a_sample_are_named(corpus: Corpus, top: np.ndarray, tmp_path: Path) -> None:
    never = [label for label in range(N_LABELS) if label not in right_texts(corpus, top)]
    file = tmp_path / "names.txt"
    file.write_text(f"3\n{never[0]}\n", encoding="utf-8")
    drawn = draw_samples(corpus, top, replace(BY_LABEL, labels=str(file)), ALL)
    assert any(
        "1 of 2 labels have no sample (no text is right" in note and f"'{never[0]}'" in note for note in drawn.notes
    )
    file.write_text(f"{never[0]}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"none of the 1 labels has a sample .*: '{never[0]}'"):
        draw_samples(corpus, top, replace(BY_LABEL, labels=str(file)), ALL)
    with pytest.raises(InputError, match="invalid labels=41: made has 40 labels"):
        draw_samples(corpus, top, replace(BY_LABEL, labels="41"), ALL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_label": 0}, "invalid per_label=0"),
        ({"per_label": 5, "min_right": 0}, "invalid min_right=0"),
        ({"labels": "9"}, "labels='9' does not go without --per-label"),
        ({"min_right": 2}, "min_right=2 does not go without --per-label"),
        ({"per_label": 5, "total": 100}, "total=100 does not go with --per-label"),
        ({"per_label": 5, "samples_per_bin": 9}, "samples_per_bin=9 does not go with"),
        ({"per_label": 5, "pairs_per_text": 2}, "pairs_per_text=2 does not go with"),
        ({"per_label": 5, "samples": "a.jsonl"}, "samples='a.jsonl' does not go with"),
        ({"per_label": 5, "goal": "negative"}, "--per-label asks how easily a label is lost, and goal='negative'"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Plan.of({"models": ["a"], "data": "b", **options})


def test_options_of_a_campaign_to_resume_are_checked_one_by_one() -> None:
    check_values({"min_right": 2, "labels": "names.txt", "per_label": 3})
    with pytest.raises(InputError, match="invalid min_right=0"):
        check_values({"min_right": 0})


@pytest.mark.usefixtures("here")
def test_a_campaign_by_label(small: Path, tmp_path: Path) -> None:
    """A resumed run makes the same records; the samples can be attacked again."""
    assert run_campaign(tmp_path / "one", SMALL)
    whole = records(tmp_path / "one")
    campaign = read_campaign(tmp_path / "one")
    draw = campaign.label_draw
    assert draw is not None and len(draw.asked) == len(campaign.label_names)
    assert campaign.precision["plain"][0]["n"] == 90 and len(campaign.precision["plain"]) == 2
    for record in whole["plain"]:
        if record["outcome"] in ("succeeded", "failed"):
            shares = [share for _, share in record["hangs_on"]]
            assert 0 < sum(shares) <= 1.001 and shares == sorted(shares, reverse=True) and len(shares) <= 5
    results = label_results(campaign, campaign.models[0])
    assert results and all(one.n <= 3 for one in results)
    of_label = []
    for one in results:
        letter = "abcdefghijklmnopqr"[int(campaign.label_names[one.label].removeprefix("label "))]
        of_label.append(one.words[0][0] in (f"topic{letter}", f"about{letter}"))
    assert np.mean(of_label) > 0.6, "labels hang on the words that the corpus was made with"

    file = tmp_path / "one" / "records" / "plain.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:5]))
    assert run_campaign(tmp_path / "one", {}, resume=True)
    assert records(tmp_path / "one") == whole
    kept = {**SMALL, "samples": str(tmp_path / "one" / "samples.jsonl"), "models": ["other"], "masked_lm": "words"}
    assert run_campaign(tmp_path / "kept", {key: value for key, value in kept.items() if key != "per_label"})
    again = read_campaign(tmp_path / "kept")
    assert again.label_draw is not None and again.label_draw.asked.tolist() == draw.asked.tolist()
    assert label_results(again, again.models[0])


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_workers_make_the_same_records(tmp_path: Path) -> None:
    """Starting workers takes seconds."""
    assert run_campaign(tmp_path / "one", SMALL)
    assert run_campaign(tmp_path / "two", SMALL, workers=Workers(2, None))
    order = {name: sorted(rows, key=lambda row: row["sample"]) for name, rows in records(tmp_path / "two").items()}
    assert order == records(tmp_path / "one")


@pytest.mark.usefixtures("here")
def test_a_campaign_of_other_samples_says_nothing_of_words(whole: Path) -> None:
    labels = json.loads((whole / "labels.json").read_text())
    assert labels.keys() == {"names", "counts", "n_train"} and read_campaign(whole).label_draw is None
    assert all("hangs_on" not in record for rows in records(whole).values() for record in rows)


@pytest.mark.usefixtures("here")
def test_further_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are attacked like those of the corpus, which alone decide on precision."""
    rows = [json.loads(line) for line in Path("data/test.jsonl").read_text().splitlines()]
    more = [{**row, "text": f"{row['text']} granite"} for row in rows[:30]]
    more += [rows[0], more[0], {"id": "new", "text": "about nothing", "labels": ["label none"]}]
    (tmp_path / "more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in more))
    assert run_campaign(tmp_path / "out", {**SMALL, "per_label": 4, "texts": str(tmp_path / "more.jsonl")})
    assert (
        "30 further test texts of more; left out: 2 that the corpus has, 1 without a label" in capsys.readouterr().err
    )
    campaign = read_campaign(tmp_path / "out")
    assert campaign.precision["plain"][0]["n"] == 90 and campaign.corpus["statistics"]["test"] == 120
    assert any(sample.text_id.startswith("more:") for sample in campaign.samples.values())
    with pytest.raises(DataError, match="has no further text for data; left out: 90 that the corpus has"):
        run_campaign(tmp_path / "none", {**SMALL, "texts": "data/test.jsonl"})
    assert not (tmp_path / "none").exists()
