"""The figures: the same each time, in fixed colours, with their numbers in words; on the page, variables and names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.campaign_folders import change, write_campaign
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.figures import SERIES, VARIABLES, all_figures, by_bin
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.summary import FALLS, SIMILAR


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return read_campaign(write_campaign(tmp_path_factory.mktemp("figures") / "small", samples_per_bin=20))


@pytest.fixture(scope="module")
def figures(campaign: Campaign) -> Any:
    return all_figures([campaign])[str(campaign.folder)]


def test_the_figures_of_a_campaign(figures: Any) -> None:
    assert [figure.name for figure in figures] == [
        "figure-2-success-by-frequency",
        "figure-2-similar-success-by-frequency",
        "figure-2-thresholds-1",
        "figure-2-thresholds-2",
        "figure-2-change-rates",
        "figure-1-label-frequencies",
    ]
    assert [figure.caption[:10] for figure in figures] == [
        "Figure 2a.",
        "Figure 2b.",
        "Figure 2c.",
        "Figure 2d.",
        "Figure 2e.",
        "Figure 1. ",
    ]
    for figure in figures:
        ET.fromstring(figure.svg)
        assert figure.png.startswith(b"\x89PNG")


def test_the_axes_are_named_with_their_units(figures: Any) -> None:
    texts = ["".join(ET.fromstring(figure.svg).itertext()) for figure in figures]
    for text in texts[:5]:
        assert "Success rate (%)" in text
    assert "Label frequency (training texts)" in texts[0] and "41–400" in texts[0] and "(head)" in texts[0]  # noqa: RUF001
    assert "Similarity must be above (cosine)" in texts[2] and "tail" in texts[2]
    assert "Words that may be changed (%)" in texts[4] and "pw-cb" in texts[4]
    assert "Label (rank by frequency)" in texts[5] and "Label frequency (training texts)" in texts[5]
    assert "plain" in texts[0] and "pw-cb" in texts[0], "a legend where there are two lines"


def test_the_numbers_are_said_in_words(campaign: Campaign, figures: Any) -> None:
    results = campaign.results["pw-cb"]
    for figure, count in ((figures[0], FALLS), (figures[1], SIMILAR)):
        for number in range(5):
            rate = results.rate(number, count)
            words = f"{rate.value:.0%} ({rate.low * 100:.0f} to {rate.high:.0%}) at {campaign.bin_name(number)}"
            assert words in figure.alt.split("pw-cb: ")[1]


def test_success_over_changed_words_counts_the_attacks_that_changed_no_more(campaign: Campaign, figures: Any) -> None:
    tail = [number for number, sample in campaign.samples.items() if sample.bin == 0]
    for model in campaign.models:
        records = [model.records[number] for number in tail if number in model.records]
        won = [
            record.outcome == "succeeded" and record.change_rate <= campaign.max_change_rate / 2 for record in records
        ]
        counted = [record.outcome in ("succeeded", "failed") for record in records]
        share = sum(won) / sum(counted)
        assert 0 < share < campaign.results[model.name].rate(0).value, "the limit is one"
        assert f"{model.name} {share:.0%} (" in figures[4].alt.split(": ", 1)[1]


def test_the_points_stand_where_the_rates_are(campaign: Campaign, figures: Any) -> None:
    rates = [campaign.results["plain"].rate(number).value for number in range(5)]
    marks = [use for use in re.findall(r"<use [^>]*>", figures[0].svg) if SERIES[0] in use][:5]  # the legend's is last
    across, down = ([float(re.search(rf'{axis}="([\d.]+)"', mark)[1]) for mark in marks] for axis in "xy")
    assert across == sorted(across) and np.diff(across) == pytest.approx(across[1] - across[0])
    height = (down[0] - down[1]) / (rates[1] - rates[0])
    assert [down[0] - height * (rate - rates[0]) for rate in rates] == pytest.approx(down, abs=1e-3)


def test_the_same_campaign_gives_the_same_files(campaign: Campaign, figures: Any) -> None:
    again = by_bin(campaign, "figure-2-success-by-frequency")
    assert again.svg == figures[0].svg and again.png == figures[0].png
    assert not re.search(r"\d{4}-\d\d-\d\d", again.svg), "no date"


def test_on_the_page_colours_are_variables_and_names_are_of_the_figure(figures: Any) -> None:
    names = []
    for figure in figures:
        inline = figure.inline()
        assert not [colour for colour in VARIABLES if colour in inline]
        assert "var(--series-1)" in inline and "var(--ink)" in inline
        assert 'role="img"' in inline and f'aria-label="{figure.alt[:30]}' in inline
        ids = re.findall(r'\bid="([^"]*)"', inline)
        names += ids
        references = re.findall(r'(?:url\(#|xlink:href="#)([^")]*)', inline)
        assert references and set(references) <= set(ids)
        assert "http" not in inline and "<style" not in inline
    assert len(names) == len(set(names)), "an id stands for one thing on the page"


def test_all_colours_that_are_drawn_have_a_variable(figures: Any) -> None:
    colours = {colour for figure in figures for colour in re.findall(r"#[0-9a-f]{6}\b", figure.svg)}
    assert colours <= set(VARIABLES)


@pytest.mark.slow
def test_many_models_with_long_names_and_odd_signs(tmp_path: Path) -> None:
    models = ("a-name-of-a-model-that-is-longer-than-any-legend-has-room-for", "$x_2$", "m3", "m4", "m5", "m6", "m7")
    folder = write_campaign(tmp_path / "many", samples_per_bin=4, models=models)
    change(folder / "campaign.json", corpus={"name": "数据 $5"})
    campaign = read_campaign(folder)
    figures = all_figures([campaign])[str(campaign.folder)]
    assert len(figures) == 2 + 7 + 1 + 1
    text = "".join(ET.fromstring(figures[0].svg).itertext())
    assert "$x_2$" in text and "m7" in text and "…" in text


def test_a_corpus_without_training_texts_and_a_model_without_records(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "bare", samples_per_bin=4)
    (folder / "records" / "pw-cb.jsonl").unlink()
    change(folder / "labels.json", counts=[0] * 40)
    campaign = read_campaign(folder)
    figures = all_figures([campaign])[str(campaign.folder)]
    assert [figure.name[:8] for figure in figures] == ["figure-2"] * 4 + ["figure-1"]
    assert "pw-cb" not in figures[0].alt
    assert "40 labels without a training text are not drawn" in figures[-1].caption


@pytest.mark.slow
def test_figure_1_is_drawn_once_for_each_corpus(campaign: Campaign, tmp_path: Path) -> None:
    other = read_campaign(write_campaign(tmp_path / "other", samples_per_bin=4))
    figures = all_figures([campaign, other])
    assert "1-figure-1-label-frequencies" in [figure.name for figure in figures[str(campaign.folder)]]
    assert not [figure for figure in figures[str(other.folder)] if "figure-1" in figure.name]
    assert figures[str(other.folder)][0].caption.startswith("Figure 2a (other). ")
