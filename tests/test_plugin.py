"""What is registered in TextAttack, looked at from inside; tests/test_command_line.py runs the real command."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import nltk
import pytest
import textattack
from nltk.corpus.reader import WordListCorpusReader
from nltk.corpus.util import LazyCorpusLoader
from textattack import attack_args
from textattack.attack_results import attack_result
from textattack.commands.list_things_command import ListThingsCommand

from textattack_xmtc import attack_command, plugin
from textattack_xmtc.attack_dataset import XMTCDataset
from textattack_xmtc.errors import InputError
from textattack_xmtc.resources.function_words import ENGLISH

TABLES = {
    "attack-recipes": plugin.RECIPES,
    "goal-functions": plugin.GOAL_FUNCTIONS,
    "search-methods": plugin.SEARCH_METHODS,
    "transformations": plugin.TRANSFORMATIONS,
    "constraints": plugin.CONSTRAINTS,
}


@pytest.mark.parametrize("table", TABLES)
def test_names_are_listed_and_lead_somewhere(table: str) -> None:
    listed = ListThingsCommand.things()[table]
    for name, path in TABLES[table].items():
        assert listed[name] == path
        module, _, attribute = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute))
    assert plugin.DEMO in ListThingsCommand.things()["models"]


def test_registering_twice_changes_nothing() -> None:
    before = textattack.DatasetArgs.__dict__["_create_dataset_from_args"]
    plugin.register()
    assert textattack.DatasetArgs.__dict__["_create_dataset_from_args"] is before


def parsed(*arguments: str) -> textattack.CommandLineAttackArgs:
    parser = textattack.CommandLineAttackArgs._add_parser_args(ArgumentParser())
    return textattack.CommandLineAttackArgs(**vars(parser.parse_args(arguments)))


def test_recipe_parameters_pass_the_choices() -> None:
    assert parsed("--recipe", "xmtc-positive^k=3,max_change_rate=0.05").attack_recipe.startswith("xmtc-positive^")
    assert parsed("--recipe", "textfooler").attack_recipe == "textfooler"
    assert len(attack_args.ATTACK_RECIPE_NAMES.keys()) == len(list(attack_args.ATTACK_RECIPE_NAMES))
    with pytest.raises(SystemExit):
        parsed("--recipe", "no-such-recipe^k=3")


def test_a_data_file_is_read_as_its_parameters_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "test.csv"
    file.write_text("body,marks\nboil an egg,eggs food\n")
    options = "^text_column=body^label_column=marks^label_separator=space"
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed(f"--dataset-from-file={file}{options}"))
    assert dataset.corpus.label_names == ("eggs", "food")
    assert "xmtc: csv, UTF-8, separator ',', text 'body', labels 'marks'" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"unknown parameter 'text_colum=body'.*did you mean text_column=\.\.\.\?"):
        textattack.DatasetArgs._create_dataset_from_args(parsed(f"--dataset-from-file={file}^text_colum=body"))


def test_a_data_file_is_read_and_waits_for_its_goal(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "one two three", "labels": ["a", "b"]}\n', encoding="utf-8")
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed("--dataset-from-file", str(file)))
    assert isinstance(dataset, XMTCDataset) and len(dataset) == 2
    assert attack_command._waiting == [dataset]
    attack_command._waiting.clear()


def test_python_files_stay_with_textattack(tmp_path: Path) -> None:
    file = tmp_path / "data.py"
    file.write_text("import textattack\ndataset = textattack.datasets.Dataset([('fine', 1)])\n", encoding="utf-8")
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed("--dataset-from-file", str(file)))
    assert type(dataset) is textattack.datasets.Dataset


def test_an_explicit_data_set_wins_over_the_models_own(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "one two three", "labels": ["a"]}\n', encoding="utf-8")
    arguments = parsed("--model", f"xmtc:{tmp_path / 'nowhere'}", "--dataset-from-file", str(file))
    assert len(textattack.DatasetArgs._create_dataset_from_args(arguments)) == 1
    attack_command._waiting.clear()


def test_a_text_without_letters_can_be_printed() -> None:
    assert attack_result.detect("123 456") == "unknown"
    assert attack_result.detect("This is a text in English, which has letters.") == "en"


def test_nltks_own_stop_words_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = tmp_path / "corpora" / "stopwords"
    lists.mkdir(parents=True)
    (lists / "english").write_text("only\nthese\n", encoding="utf-8")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    plugin.provide_stop_words()
    assert nltk.data.path == [str(tmp_path)]
    monkeypatch.setattr(nltk.data, "path", [])
    plugin.provide_stop_words()
    assert nltk.data.find("corpora/stopwords/english") and len(nltk.data.path) == 1


@pytest.mark.parametrize("layout", ["a zip archive", "a folder beside one that cannot be read", "the last of the path"])
def test_where_nltk_itself_finds_stop_words_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        (folder / "corpora").mkdir(parents=True, mode=0o755)
        folder.chmod(0o755)
    if layout == "a zip archive":
        with zipfile.ZipFile(folders[0] / "corpora" / "stopwords.zip", "w") as archive:
            archive.writestr("stopwords/", "")
            archive.writestr("stopwords/english", "only\nthese\n")
    else:
        lists = folders[1] / "corpora" / "stopwords"
        lists.mkdir(mode=0o755)
        (lists / "english").write_text("only\nthese\n", encoding="utf-8")
    if layout == "a folder beside one that cannot be read":
        (folders[0] / "corpora" / "stopwords.zip").write_bytes(b"no archive")
    monkeypatch.setattr(nltk.data, "path", list(map(str, folders)))

    def stock() -> Any:
        reader = LazyCorpusLoader("stopwords", WordListCorpusReader, r"(?!README|\.).*", encoding="utf8")
        try:
            return reader.words("english")
        except Exception as error:
            return type(error)

    before = stock()
    plugin.provide_stop_words()
    assert stock() == before and nltk.data.path == list(map(str, folders))
    assert before == ["only", "these"] or layout == "a folder beside one that cannot be read"


def test_stop_words_of_this_package_where_there_are_none(tmp_path: Path) -> None:
    script = (
        "import nltk; nltk.data.path[:] = []; nltk.download = lambda name: False; import textattack; "
        "print(len(nltk.corpus.stopwords.words('english')))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(shown) == len(ENGLISH)


def test_stop_words_where_others_can_write_to_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A umask of 002 makes such installations, and NLTK refuses to read them."""
    package = tmp_path / "package"
    shutil.copytree(Path(plugin.__file__).parent / "resources", package / "resources")
    for path in package.rglob("*"):
        path.chmod(path.stat().st_mode | 0o020)
    monkeypatch.setattr(plugin, "__file__", str(package / "plugin.py"))
    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    plugin.provide_stop_words()
    assert nltk.data.path == [str(tmp_path / "cache" / "xmtc" / "nltk_data")]
    assert nltk.data.find("corpora/stopwords/english")
