"""What is registered in TextAttack, looked at from inside; tests/test_command_line.py runs the real command."""

import importlib
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import nltk
import pytest
import textattack
from textattack import attack_args
from textattack.attack_results import attack_result
from textattack.commands.list_things_command import ListThingsCommand

from textattack_xmtc import plugin
from textattack_xmtc.attack_dataset import XMTCDataset
from textattack_xmtc.datasets.corpus import Corpus, Document
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
def test_names_are_listed_and_lead_somewhere(table):
    listed = ListThingsCommand.things()[table]
    for name, path in TABLES[table].items():
        assert listed[name] == path
        module, _, attribute = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute))
    assert plugin.DEMO in ListThingsCommand.things()["models"]


def test_registering_twice_changes_nothing():
    before = textattack.DatasetArgs.__dict__["_create_dataset_from_args"]
    plugin.register()
    assert textattack.DatasetArgs.__dict__["_create_dataset_from_args"] is before


def parsed(*arguments: str) -> textattack.CommandLineAttackArgs:
    parser = textattack.CommandLineAttackArgs._add_parser_args(ArgumentParser())
    return textattack.CommandLineAttackArgs(**vars(parser.parse_args(arguments)))


def test_recipe_parameters_pass_the_choices():
    assert parsed("--recipe", "xmtc-positive^k=3,max_change_rate=0.05").attack_recipe.startswith("xmtc-positive^")
    assert parsed("--recipe", "textfooler").attack_recipe == "textfooler"
    assert len(attack_args.ATTACK_RECIPE_NAMES.keys()) == len(list(attack_args.ATTACK_RECIPE_NAMES))
    with pytest.raises(SystemExit):
        parsed("--recipe", "no-such-recipe^k=3")


def test_a_data_file_is_read_as_its_parameters_say(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "test.csv"
    file.write_text("body,marks\nboil an egg,eggs food\n")
    options = "^text_column=body^label_column=marks^label_separator=space"
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed(f"--dataset-from-file={file}{options}"))
    assert dataset.corpus.label_names == ("eggs", "food")
    assert "xmtc: csv, UTF-8, separator ',', text 'body', labels 'marks'" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"unknown parameter 'text_colum=body'.*did you mean text_column=\.\.\.\?"):
        textattack.DatasetArgs._create_dataset_from_args(parsed(f"--dataset-from-file={file}^text_colum=body"))


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        (["x", "y"], ["a", "b"], "none of the 2 labels of 'toy'"),
        (["0", "2"], ["a", "b"], "none of the 2 labels of 'toy'"),
        (["x", "y"], None, "the labels of 'toy' are names, such as 'x', and the victim has none"),
    ],
)
def test_data_whose_labels_the_victim_does_not_know_are_refused(labels, names, message):
    corpus = Corpus.from_documents("toy", {"test": [Document("1", "text", labels)]})
    with pytest.raises(InputError, match=message):
        plugin._check_labels(corpus, names)


def test_integers_that_are_taken_as_indices_are_said(capsys):
    plugin._check_labels(Corpus.from_documents("toy", {"test": [Document("1", "text", ["1"])]}), ["a", "b"])
    assert "the labels of 'toy' are integers: they are taken as indices" in capsys.readouterr().err


def test_a_data_file_is_read_and_waits_for_its_goal(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "one two three", "labels": ["a", "b"]}\n', encoding="utf-8")
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed("--dataset-from-file", str(file)))
    assert isinstance(dataset, XMTCDataset) and len(dataset) == 2
    assert plugin._waiting == [dataset]
    plugin._waiting.clear()


def test_python_files_stay_with_textattack(tmp_path):
    file = tmp_path / "data.py"
    file.write_text("import textattack\ndataset = textattack.datasets.Dataset([('fine', 1)])\n", encoding="utf-8")
    dataset = textattack.DatasetArgs._create_dataset_from_args(parsed("--dataset-from-file", str(file)))
    assert type(dataset) is textattack.datasets.Dataset


def test_an_explicit_data_set_wins_over_the_models_own(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "one two three", "labels": ["a"]}\n', encoding="utf-8")
    arguments = parsed("--model", f"xmtc:{tmp_path / 'nowhere'}", "--dataset-from-file", str(file))
    assert len(textattack.DatasetArgs._create_dataset_from_args(arguments)) == 1
    plugin._waiting.clear()


def test_a_text_without_letters_can_be_printed():
    assert attack_result.detect("123 456") == "unknown"
    assert attack_result.detect("This is a text in English, which has letters.") == "en"


def test_nltks_own_stop_words_win(tmp_path, monkeypatch):
    lists = tmp_path / "corpora" / "stopwords"
    lists.mkdir(parents=True)
    (lists / "english").write_text("only\nthese\n", encoding="utf-8")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    plugin.provide_stop_words()
    assert nltk.data.path == [str(tmp_path)]
    monkeypatch.setattr(nltk.data, "path", [])
    plugin.provide_stop_words()
    assert nltk.data.find("corpora/stopwords/english") and len(nltk.data.path) == 1


def test_stop_words_of_this_package_where_there_are_none(tmp_path):
    script = (
        "import nltk; nltk.data.path[:] = []; nltk.download = lambda name: False; import textattack; "
        "print(len(nltk.corpus.stopwords.words('english')))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(shown) == len(ENGLISH)


def test_stop_words_where_others_can_write_to_the_package(tmp_path, monkeypatch):
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
