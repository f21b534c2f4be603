"""Options from dataclasses: command line and TOML say the same, and what cannot be is named."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.options import add_config, add_options, given, option, options_of, read_options, require


@dataclass(frozen=True)
class Inner:
    rate: float = option(0.3, "learning rate", group="loop")
    hidden: int = 4


@dataclass(frozen=True)
class Chosen:
    models: tuple[str, ...] = option(help="model folders", flags=("--model", "--victim"))
    goal: Literal["positive", "negative"] = option("positive", "what the attack wants")
    total: int | None = option(None, "samples of all bins")
    samples_per_bin: int = option(200, "drawn from each bin, 100% of them at most")
    cluster: bool = option(True, "only targets of the text's clusters")
    out: Path | None = option(None, "the folder to make")
    inner: Inner = field(default_factory=Inner)


OPTIONS = options_of(Chosen)


def parsed(*words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_config(parser)
    add_options(parser, OPTIONS)
    return given(parser.parse_args(words), OPTIONS)


def written(folder: Path, content: str) -> Path:
    file = folder / "options.toml"
    file.write_text(content)
    return file


def test_a_field_is_an_option_of_its_type() -> None:
    assert [one.name for one in OPTIONS] == ["models", "goal", "total", "samples_per_bin", "cluster", "out", "rate"]
    assert parsed() == {}
    words = ["--model", "a", "b", "--victim", "c", "--goal", "negative", "--total", "9", "--no-cluster"]
    options = parsed(*words, "--out", "x", "--rate", "1")
    assert options == {
        "models": ["a", "b", "c"],
        "goal": "negative",
        "total": 9,
        "cluster": False,
        "out": Path("x"),
        "rate": 1.0,
    }


def test_the_help_names_each_default_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "100% of them at most (default: 200)" in text and "(default: positive)" in text
    assert "(default: yes)" in text and text.count("default: 0.3") == 1 and "loop:" in text


def test_toml_and_command_line_agree_and_the_command_line_wins(tmp_path: Path) -> None:
    content = 'model = "a"\ngoal = "negative"\nsamples-per-bin = 3\ncluster = "no"\nout = "x"\nrate = 1\n'
    file = written(tmp_path, content)
    line = ["--model", "a", "--goal", "negative", "--samples-per-bin", "3", "--no-cluster", "--out", "x", "--rate", "1"]
    assert parsed("--config", str(file)) == parsed(*line)
    assert parsed("--config", str(file), "--goal", "positive")["goal"] == "positive"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("samples-per-bin = 3\nsamples_per_bin = 4\n", "'samples_per_bin' and 'samples-per-bin' are the same option"),
        ('model = "a"\nvictim = "b"\n', "'victim' and 'model' are the same option"),
        ("sample_per_bin = 3\n", "unknown option 'sample_per_bin'; did you mean 'samples_per_bin'"),
        ("zzz = 3\n", "unknown option 'zzz'; choose among cluster, goal, "),
        ('goal = "postive"\n', "goal is 'postive'; choose positive or negative; did you mean positive"),
        ("total = true\n", "total is True; give a whole number"),
        ("total = 1.5\n", "total is 1.5; give a whole number"),
        ("models = [1]\n", "models is 1; give a list of a string"),
        ("out = 3\n", "out is 3; give a path as a string"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(InputError) as raised:
        read_options(file, OPTIONS)
    assert message in str(raised.value) and str(file) in str(raised.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as TOML"):
        read_options(written(tmp_path, "goal ="), OPTIONS)
    with pytest.raises(DataError, match="cannot be read as TOML"):
        read_options(tmp_path / "missing.toml", OPTIONS)


def test_what_is_missing_is_asked_for_by_its_flag() -> None:
    with pytest.raises(InputError, match="the option --model is missing; give --model: model folders"):
        require({}, OPTIONS, "models")
    require({"models": ["a"]}, OPTIONS, "models")
