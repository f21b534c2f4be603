"""Data files as people have them: each is read as it is meant, or refused with the option that says what is meant."""

# ruff: noqa: E501  (a case a line)
from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import DataError

APPLE, TEA = "red apple, and pie", "green tea"


def corpus_of(tmp_path: Path, name: str, content: str | bytes, **options: Any) -> Corpus:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_corpus(folder / name, cache=tmp_path / "cache", **options)


def rows_of(corpus: Corpus, split: str = "train") -> list[tuple[str, list[str]]]:
    """Texts with the names of their labels, sorted."""
    names = corpus.label_names
    return [(row["text"], sorted(names[label] for label in row["labels"])) for row in corpus.split(split)]


BOTH = [(APPLE, ["food", "fruit"]), (TEA, ["drink"])]
BITS = [(APPLE, ["fruit"]), (TEA, ["drink"])]
NUMBERS = [(APPLE, ["1"]), (TEA, ["0", "2"])]

TABLES = {
    "A1 labels before text": (f'id,labels,text\n0,"fruit,food","{APPLE}"\n1,drink,{TEA}\n', BOTH),
    "A1 text first": (f'text,labels\n"{APPLE}","fruit,food"\n{TEA},drink\n', BOTH),
    "A1 tags": (f'tags,text,id\n"fruit,food","{APPLE}",0\ndrink,{TEA},1\n', BOTH),
    "A1 aliases in capitals": (f'Document,Categories\n"{APPLE}","fruit, food"\n{TEA},drink\n', BOTH),
    "A1 comment_text": (f'comment_text,topics\n"{APPLE}","fruit, food"\n{TEA},drink\n', BOTH),
    "A1 further columns": (f'year,labels,author,text\n1999,"fruit,food",x,"{APPLE}"\n2000,drink,y,{TEA}\n', BOTH),
    "A1 quoted header": (f'"id","text","labels"\n"0","{APPLE}","fruit,food"\n"1","{TEA}","drink"\n', BOTH),
    "A1 blanks in the header": (f'id, text , labels\n0,"{APPLE}","fruit,food"\n1,{TEA},drink\n', BOTH),
    "A1 target": (f'text,target\n"{APPLE}","fruit,food"\n{TEA},drink\n', BOTH),
    "A2 multi-hot": (f'id,text,fruit,drink\n0,"{APPLE}",1,0\n1,{TEA},0,1\n', BITS),
    "A2 labels first": (f'fruit,drink,text\n1,0,"{APPLE}"\n0,1,{TEA}\n', BITS),
    "A2 floats": (f'text,fruit,drink\n"{APPLE}",1.0,0.0\n{TEA},0.0,1.0\n', BITS),
    "A2 True and False": (f'text,fruit,drink\n"{APPLE}",True,False\n{TEA},False,True\n', BITS),
    "A2 true and false": (f'text,fruit,drink\n"{APPLE}",true,false\n{TEA},false,true\n', BITS),
    "A2 an index column": (f',text,fruit,drink\n0,"{APPLE}",1,0\n1,{TEA},0,1\n', BITS),
    "A4 pandas' index": (f',id,text,labels\n0,7,"{APPLE}","fruit,food"\n1,8,{TEA},drink\n', BOTH),
    "A4 Unnamed: 0": (f'Unnamed: 0,text,labels\n0,"{APPLE}","fruit,food"\n1,{TEA},drink\n', BOTH),
    "A4 Python lists": (f"text,labels\n\"{APPLE}\",\"['fruit', 'food']\"\n{TEA},['drink']\n", BOTH),
    "A4 JSON arrays": (f'text,labels\n"{APPLE}","[""fruit"", ""food""]"\n{TEA},"[""drink""]"\n', BOTH),
    "A4 tuples": (f"text,labels\n\"{APPLE}\",\"('fruit', 'food')\"\n{TEA},\"('drink',)\"\n", BOTH),
    "A4 sets": (f"text,labels\n\"{APPLE}\",\"{{'fruit', 'food'}}\"\n{TEA},{{'drink'}}\n", BOTH),
    "A4 NumPy arrays": (f"text,labels\n\"{APPLE}\",['fruit' 'food']\n{TEA},['drink']\n", BOTH),
    "A4 NumPy's repr": (f"text,labels\n\"{APPLE}\",\"array(['fruit', 'food'], dtype=object)\"\n{TEA},array(['drink'])\n", BOTH),
    "A4 brackets without quotes": (f'text,labels\n"{APPLE}","[fruit, food]"\n{TEA},[drink]\n', BOTH),
    "A4 objects": (f'text,labels\n"{APPLE}","[{{""name"": ""fruit""}}, {{""name"": ""food""}}]"\n{TEA},"[{{""name"": ""drink""}}]"\n', BOTH),
    "A4 quoted names": (f"text,labels\n\"{APPLE}\",\"'fruit', 'food'\"\n{TEA},'drink'\n", BOTH),
    "A4 pipes": (f'text,labels\n"{APPLE}",fruit|food\n{TEA},drink\n', BOTH),
    "A4 semicolons": (f'text,labels\n"{APPLE}",fruit; food;\n{TEA},drink\n', BOTH),
    "A4 angles": (f'text,labels\n"{APPLE}",<fruit><food>\n{TEA},<drink>\n', BOTH),
    "A4 fastText's labels": (f'text,labels\n"{APPLE}",__label__fruit __label__food\n{TEA},__label__drink\n', BOTH),
    "A4 line breaks": (f'text,labels\n"{APPLE}","fruit\nfood"\n{TEA},drink\n', BOTH),
    "A4 a vector as a list": (f'text,labels\n"{APPLE}","[0, 1, 0]"\n{TEA},"[1, 0, 1]"\n', NUMBERS),
    "A4 a vector as NumPy prints it": (f'text,labels\n"{APPLE}",[0. 1. 0.]\n{TEA},[1. 0. 1.]\n', NUMBERS),
    "A4 a vector with spaces": (f'text,labels\n"{APPLE}",0 1 0\n{TEA},1 0 1\n', NUMBERS),
    "A4 a vector with commas": (f'text,labels\n"{APPLE}","0,1,0"\n{TEA},"1,0,1"\n', NUMBERS),
    "A4 index lists": (f'text,labels\n"{APPLE}","[1]"\n{TEA},"[0, 2]"\n', NUMBERS),
    "A4 index lists with spaces": (f'text,labels\n"{APPLE}",1\n{TEA},0 2\n', NUMBERS),
    "A4 semicolon as separator": (f'id;text;labels\n0;{APPLE};fruit,food\n1;{TEA};drink\n', BOTH),
    "A4 tab as separator": (f'id\ttext\tlabels\n0\t{APPLE}\tfruit,food\n1\t{TEA}\tdrink\n', BOTH),
    "A4 pipe as separator": (f'id|text|labels\n0|{APPLE}|fruit,food\n1|{TEA}|drink\n', BOTH),
    "A4 Excel's first line": (f'sep=;\nid;text;labels\n0;{APPLE};fruit,food\n1;{TEA};drink\n', BOTH),
    "A4 empty cells at the end": (f'text,labels,,\n"{APPLE}","fruit,food",,\n{TEA},drink,,\n', BOTH),
    "A4 blank lines": (f'\n\ntext,labels\n"{APPLE}","fruit,food"\n\n{TEA},drink\n\n', BOTH),
    "A4 carriage returns": (f'text,labels\r"{APPLE}","fruit,food"\r{TEA},drink\r', BOTH),
    "a byte order mark in the midst": (f'\ufeff\ufefftext,labels\n"{APPLE}","fruit,food"\n\ufeff{TEA},drink\n', BOTH),
    "A4 Windows' line ends": (f'text,labels\r\n"{APPLE}","fruit,food"\r\n{TEA},drink\r\n', BOTH),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_tables_that_are_understood(tmp_path: Path, case: str) -> None:
    content, expected = TABLES[case]
    assert rows_of(corpus_of(tmp_path, "train.csv", content)) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.txt"])
def test_encodings_that_the_first_bytes_tell(tmp_path: Path, encoding: str, name: str) -> None:
    corpus = corpus_of(tmp_path, name, f"text\tlabels\n{APPLE}\tfruit,food\n{TEA}\tdrink\n".encode(encoding))
    assert rows_of(corpus) == BOTH


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (f"0,\"{APPLE}\",fruit|food\n1,{TEA},drink\n", {"header": False}, BOTH),
        (f"\"{APPLE}\",fruit|food\n{TEA},drink\n", {"header": False, "text_column": "1", "label_column": "2"}, BOTH),
        (f"a,b,c\n0,\"{APPLE}\",fruit|food\n1,{TEA},drink\n", {"text_column": "b", "label_column": "c"}, BOTH),
        (f"guid,body,cats\n0,\"{APPLE}\",fruit|food\n1,{TEA},drink\n", {"label_column": "cats"}, BOTH),
        (f"text,labels\n\"{APPLE}\",food fruit\n{TEA},drink\n", {"label_separator": "space"}, BOTH),
        (f"text,labels\n\"{APPLE}\",food::fruit\n{TEA},drink\n", {"label_separator": "::"}, BOTH),
        (f"text,labels\n\"{APPLE}\",\"a,b;c\"\n{TEA},d e\n", {"label_separator": "semicolon"}, [(APPLE, ["a,b", "c"]), (TEA, ["d e"])]),
        (f"text,labels\n\"{APPLE}\",\"a,b|c\"\n{TEA},d\n", {"label_separator": "none"}, [(APPLE, ["a,b|c"]), (TEA, ["d"])]),
        (f"text^labels\n{APPLE}^fruit|food\n{TEA}^drink\n", {"delimiter": "^"}, BOTH),
        (f"text,year,fruit,drink\n\"{APPLE}\",1999,1,0\n{TEA},2000,0,1\n", {"label_column": "fruit..drink"}, BITS),
        (f"text,fruit,old,drink\n\"{APPLE}\",1,1,0\n{TEA},0,1,1\n", {"label_column": "fruit+drink"}, BITS),
        ("title,abstract,labels\nred,\"apple, and pie\",fruit|food\ngreen,tea,drink\n", {"text_column": "title+abstract"}, BOTH),
        (f"text,text,labels\nx,\"{APPLE}\",fruit|food\ny,{TEA},drink\n", {"text_column": "2", "header": True}, BOTH),
        (f"text,labels\n\"{APPLE}\",\"[0, 1]\"\n{TEA},\"[1, 0]\"\n", {"label_format": "multi-hot"}, [(APPLE, ["1"]), (TEA, ["0"])]),
        (f"text,labels\n\"{APPLE}\",\"[0, 1]\"\n{TEA},\"[1, 0]\"\n", {"label_format": "indices"}, [(APPLE, ["0", "1"]), (TEA, ["0", "1"])]),
        (f"text,labels\n{TEA},k\u00e4se\n".encode("cp1252"), {"encoding": "cp1252"}, [(TEA, ["k\u00e4se"])]),
    ],
)  # fmt: skip
def test_what_someone_says_is_followed(
    tmp_path: Path, content: str | bytes, options: dict[str, Any], expected: list[Any]
) -> None:
    assert rows_of(corpus_of(tmp_path, "train.csv", content, **options)) == expected


QUESTIONS = {
    "A3 no header": (f"0,\"{APPLE}\",fruit\n1,{TEA},drink\n", "--text-column.*--no-header"),
    "A1 official columns by other names": (f"a,b,c\n0,\"{APPLE}\",fruit\n1,{TEA},drink\n", "got a, b, c.*--text-column"),
    "two columns of labels": (f"text,tags,topics\n{TEA},a,b\n", "tags, topics could hold the labels.*--label-column"),
    "two columns of texts": (f"title,abstract,labels\nx,{TEA},a\n", r"--text-column 'title', or .*'title\+abstract'"),
    "two columns of one name": (f"text,text,labels\nx,{TEA},a\n", r"text \(column 1\), text \(column 2\) could hold"),
    "two names that differ in case": (f"Text,text,labels\nx,{TEA},a\n", "Text, text could hold the texts"),
    "multi-hot beside other columns": (f"text,year,fruit,drink\n{TEA},1999,1,0\n", r"'fruit\.\.drink' for one 0/1"),
    "multi-hot, one of them called label": (f"text,label,spam\n{TEA},1,0\n{TEA},0,1\n", "label, spam hold only 0 and 1"),
    "multi-hot with an empty cell": (f"text,fruit,drink\n{TEA},1,\n", "expected a column called 'labels'"),
    "multi-hot with counts": (f"text,fruit,drink\n{TEA},2,0\n", "expected a column called 'labels'"),
    "spaces": (f"text,labels\n{TEA},food fruit\n", "hold spaces.*'food fruit'.*--label-separator"),
    "two separators of labels": (f"text,labels\n{TEA},a|b;c\n", r"hold ';' and '\|'.*'a\|b;c'.*--label-separator"),
    "lists and names": (f"text,labels\n{TEA},['a']\n{TEA},b\n", "line 3: expected a list .* as in other rows, got 'b'"),
    "an object in a cell": (f"text,labels\n{TEA},\"{{'a': 1}}\"\n", "expected labels joined by a separator or as a list"),
    "a list that is cut off": (f"text,labels\n{TEA},['a' 'b' ...  'z']\n", "--label-separator"),
    "a comma that is not quoted": (f"text,labels\n{APPLE},fruit\n", "line 2: expected 2 cells .*into quotes"),
    "too few cells": (f"id,text,labels\n1,{TEA}\n", "line 2: expected 3 cells .*add the missing cells"),
    "a header that is one short": (f"text,labels\n0,{TEA},a\n", "expected 2 cells"),
    "quotes that do not close": (f"text,labels\n\"{TEA},a\n", "line 2: expected values separated by ','"),
    "a vector that may be a list": (f"text,labels\n{TEA},\"[0, 1]\"\n", "--label-format multi-hot, indices or names"),
    "vectors of two lengths": (f"text,labels\n{TEA},\"[0, 1, 0]\"\n{TEA},\"[1, 0]\"\n", "equally many in every row"),
    "one row a label": (f"id,text,labels\n1,{TEA},a\n1,{TEA},b\n", "id '1' stands on several rows .*join the rows"),
    "a header and nothing else": ("id,text,labels\n", "has no document"),
    "fractions": (f"text,labels\n{TEA},\"0.3,0.7\"\n{TEA},\"0.9,0.1\"\n", "not numbers with a fraction.*--label-format names"),
    "one probability": (f"text,label\n{TEA},0.3\n", "not numbers with a fraction"),
    "integers that pandas made floats": (f"text,label\n{TEA},1.0\n{TEA},\n", "3 instead of 3.0"),
    "two files in one": (f"\ufefftext,labels\n{TEA},a\n\ufefftext,labels\n{APPLE},b\n", "line 3: .*header that is repeated"),
    "a carriage return": ("text,labels\ngreen\rtea,a\n", "line 2: .*a carriage return outside quotes"),
    "quotes that swallow lines": (f'text\tlabels\n"x\ta\n{TEA}\tb\ny"\tc\n', "line 2: .*double the quotes"),
    "another encoding": (f"text,labels\n{TEA},k\u00e4se\n".encode("cp1252"), "expected UTF-8.*--encoding"),
}  # fmt: skip


@pytest.mark.parametrize("case", QUESTIONS)
def test_tables_that_need_an_answer(tmp_path: Path, case: str) -> None:
    content, message = QUESTIONS[case]
    with pytest.raises(DataError, match=message) as caught:
        corpus_of(tmp_path, "train.csv", content)
    assert "train.csv" in str(caught.value) or "'train'" in str(caught.value) or "train/train" in str(caught.value)


@pytest.mark.parametrize("cell", ["a|b", "['a', 'b']", "a;b"])
def test_a_row_far_below_that_is_written_otherwise_is_an_error(tmp_path: Path, cell: str) -> None:
    rows = "".join(f"text {number},a\n" for number in range(1_200))
    with pytest.raises(DataError, match=r"line 1202: expected one label, as in the first rows.*--label-separator"):
        corpus_of(tmp_path, "train.csv", f'text,labels\n{rows}more,"{cell}"\n')


JSON_ROWS: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "A5 multi-hot": ([{"text": APPLE, "labels": [0, 1, 0, 0]}, {"text": TEA, "labels": [1, 0, 0, 1]}], [["1"], ["0", "3"]]),
    "A5 floats": ([{"text": APPLE, "labels": [0.0, 1.0]}, {"text": TEA, "labels": [1.0, 0.0]}], [["1"], ["0"]]),
    "A5 booleans": ([{"text": APPLE, "labels": [False, True]}, {"text": TEA, "labels": [True, False]}], [["1"], ["0"]]),
    "A5 digits": ([{"text": APPLE, "labels": ["0", "1", "0"]}], [["1"]]),
    "A5 index lists": ([{"text": APPLE, "labels": [0, 1]}, {"text": TEA, "labels": [1]}], [["0", "1"], ["1"]]),
    "A5 index lists of one length": ([{"text": APPLE, "labels": [0, 2]}, {"text": TEA, "labels": [1, 3]}], [["0", "2"], ["1", "3"]]),
    "an integer": ([{"text": APPLE, "label": 3}, {"text": TEA, "label": 0}], [["3"], ["0"]]),
    "a name": ([{"text": APPLE, "label": "fruit"}, {"text": TEA, "label": "drink"}], [["fruit"], ["drink"]]),
    "joined names": ([{"text": APPLE, "labels": "fruit, food"}, {"text": TEA, "labels": ""}], [["food", "fruit"], []]),
    "objects with a name": ([{"text": APPLE, "labels": [{"id": 4, "name": "fruit"}]}], [["fruit"]]),
    "objects with a label and a score": ([{"text": APPLE, "labels": [{"label": "fruit", "score": 0.9}]}], [["fruit"]]),
    "one object": ([{"text": APPLE, "label": {"name": "fruit"}}], [["fruit"]]),
    "an object of 0 and 1": ([{"text": APPLE, "labels": {"fruit": 1, "drink": 0}}], [["fruit"]]),
    "a list as text": ([{"text": APPLE, "labels": "['fruit', 'food']"}], [["food", "fruit"]]),
    "other keys": ([{"content": APPLE, "tags": ["fruit"]}, {"content": TEA, "tags": []}], [["fruit"], []]),
    "a key a label": ([{"text": APPLE, "fruit": 1, "drink": 0}, {"text": TEA, "fruit": 0, "drink": 1}], [["fruit"], ["drink"]]),
}  # fmt: skip


@pytest.mark.parametrize("case", JSON_ROWS)
@pytest.mark.parametrize("layout", ["a line each", "an array", "an array of lines", "an array with indents"])
def test_json_that_is_understood(tmp_path: Path, case: str, layout: str) -> None:
    rows, expected = JSON_ROWS[case]
    lines = [json.dumps(row) for row in rows]
    content = {
        "a line each": "\n".join(lines),
        "an array": json.dumps(rows),
        "an array of lines": "[\n" + ",\n".join(lines) + "\n]\n",
        "an array with indents": json.dumps(rows, indent=2),
    }[layout]
    corpus = corpus_of(tmp_path, "train.json", content)
    assert [labels for _, labels in rows_of(corpus)] == expected
    assert corpus.split("train")["text"][0] == APPLE


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": TEA, "labels": [0, 1]}, {"text": TEA, "labels": [1, 0]}], "--label-format multi-hot, indices or names"),
        ([{"text": TEA, "labels": [0, 1, 1]}, {"text": TEA, "labels": [1, 0]}], "equally many in every row"),
        ([{"text": TEA, "labels": ["a"]}, {"text": TEA, "labels": "a"}], "line 2: expected the labels as a list, got 'a'"),
        ([{"text": TEA, "labels": "a"}, {"text": TEA, "labels": ["a"]}], "line 2: expected the labels as text"),
        ([{"text": TEA, "label": 3}, {"text": TEA, "label": "a"}], "line 2: expected the labels as one integer, got 'a'"),
        ([{"text": TEA, "labels": [0.1, 0.9]}], "expected a label as a name or an index, got 0.1"),
        ([{"text": TEA, "labels": [["a"]]}], r"expected a label as a name or an index, got \['a'\]"),
        ([{"text": TEA, "labels": [{"name": "a", "title": "b"}]}], "an object with one of the keys name, label"),
        ([{"text": TEA, "labels": [{"start": 1}]}], "an object with one of the keys name, label"),
        ([{"text": TEA, "labels": {"a": 0.4}}], "expected the labels as a list"),
        ([{"text": TEA, "labels": [{"name": "a", "value": 0}]}], "leave out labels whose 'value'"),
        ([{"text": TEA, "labels": [{"name": "a", "present": False}]}], "leave out labels whose 'present'"),
        ([{"text": TEA, "labels": [{"label": "a", "score": 0.1}]}], "leave out labels whose 'score'"),
        ([{"text": TEA, "labels": ["0.3", "0.7"]}], "not numbers with a fraction"),
        ([{"text": TEA, "labels": [" "]}], "expected a label as a name or an index, got ' '"),
        ([{"text": TEA, "label": -1}], "expected a label index of 0 or more, got -1"),
        ([{"text": TEA, "labels": None}], "expected the labels as a list, got None"),
        ([{"body": TEA, "content": TEA, "labels": ["a"]}], "body, content could hold the texts"),
        ([{"text": TEA, "labels": ["fruit", 0]}], "line 1: expected labels that are all names, as in the first rows, got 0; .*--label-format names"),
        ([{"text": TEA, "labels": [0, "fruit"]}], "labels that are all numbers, as in the first rows, got 'fruit'"),
        ([{"text": TEA, "labels": ["fruit"]}, {"text": TEA, "labels": [7]}], "line 2: expected labels that are all names"),
        ([{"text": TEA, "labels": [7]}, {"text": TEA, "labels": ["fruit"]}], "line 2: expected labels that are all numbers"),
        ([{"text": TEA, "labels": ["fruit"]}] * 1001 + [{"text": TEA, "labels": [7]}], "line 1002: expected labels that are all names"),
        ([{"text": TEA, "labels": ["fruit"], "targets": [0]}], "line 1: expected labels that are all names"),
        ([{"text": TEA, "labels": [{"name": "fruit"}, {"name": 0}]}], "labels that are all names, .* got 0"),
        ([{"text": TEA, "labels": '["fruit", 0]'}], "labels that are all names, .* got 0"),
        ([{"text": TEA, "labels": "[fruit, food]"}, {"text": TEA, "labels": "[1984]"}], "labels that are all names, .* got 1984"),
    ],
)  # fmt: skip
def test_json_that_needs_an_answer(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        corpus_of(tmp_path, "train.jsonl", "\n".join(map(json.dumps, rows)))


REPEATED = {
    "labels": '{"text": "a", "labels": ["x"], "labels": ["y"]}',
    "text": '{"text": "a", "text": "b", "labels": ["x"]}',
    "id": '{"id": 1, "text": "a", "labels": ["x"], "id": 2}',
    "name": '{"text": "a", "labels": [{"name": "x", "name": "y"}]}',
    "x": '{"text": "a", "labels": {"x": 1, "x": 0}}',
}


@pytest.mark.parametrize("key", REPEATED)
@pytest.mark.parametrize("layout", ["a line each", "an array", "an array of lines"])
def test_an_object_with_a_key_twice_is_an_error(tmp_path: Path, key: str, layout: str) -> None:
    good, bad = '{"text": "good", "labels": ["x"]}', REPEATED[key]
    content = {"a line each": f"{good}\n{bad}\n", "an array": f"[{good}, {bad}]"}.get(layout, f"[\n{good},\n{bad}\n]\n")
    with pytest.raises(DataError, match=rf"train\.json, line \d.*the key '{key}' stands twice in one object"):
        corpus_of(tmp_path, "train.json", content)
    (tmp_path / "data" / "train.json").write_text(bad if layout == "a line each" else f"[{bad}]")
    with pytest.raises(DataError, match=f"the key '{key}' stands twice in one object"):
        load_corpus(tmp_path / "data", cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "content"),
    [("label_names.json", '{"x": "fruit", "x": "food"}'), ("lbl.json", '{"title": "a", "title": "b"}')],
)
def test_label_names_with_a_key_twice_are_an_error(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "train.jsonl").write_text(json.dumps({"text": APPLE, "labels": ["x"]}))
    with pytest.raises(DataError, match=f"{name}.*twice"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


def test_numbers_beside_names_are_read_where_it_is_certain_what_they_mean(tmp_path: Path) -> None:
    rows = [{"text": APPLE, "labels": ["fruit", 0]}, {"text": TEA, "labels": [1]}]
    content = "\n".join(map(json.dumps, rows))
    corpus = corpus_of(tmp_path, "train.jsonl", content, label_format="names")
    assert rows_of(corpus) == [(APPLE, ["0", "fruit"]), (TEA, ["1"])]
    (tmp_path / "names.json").write_text(json.dumps({"0": "food", "1": "drink"}))
    names = {"label_names": tmp_path / "names.json", "cache": tmp_path / "cache"}
    assert rows_of(load_corpus(tmp_path / "data", **names)) == BOTH
    (tmp_path / "names.json").write_text(json.dumps(["food", "drink", "fruit"]))
    assert rows_of(load_corpus(tmp_path / "data", **names)) == BOTH


EMPTY_LINES = {
    "json lines": ("train.jsonl", '\n{"text": "red apple, and pie", "labels": ["fruit"]}\n\n \n{"text": "green tea", "labels": ["drink"]}\n\n'),
    "json array": ("train.json", '\n[\n\n{"text": "red apple, and pie", "labels": ["fruit"]},\n\n{"text": "green tea", "labels": ["drink"]}\n]\n\n'),
    "table": ("train.csv", '\n\ntext,labels\n\n"red apple, and pie",fruit\n\n\ngreen tea,drink\n\n'),
    "table of Excel": ("train.csv", 'sep=;\r\n\r\ntext;labels\r\n\r\nred apple, and pie;fruit\r\ngreen tea;drink\r\n\r\n'),
    "tabs": ("train.tsv", "\ntext\tlabels\n\nred apple, and pie\tfruit\ngreen tea\tdrink\n\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", EMPTY_LINES)
def test_empty_lines_are_no_rows(tmp_path: Path, case: str) -> None:
    assert rows_of(corpus_of(tmp_path, *EMPTY_LINES[case])) == BITS


@pytest.mark.parametrize("name", ["train.jsonl", "train.json", "train.csv", "train.tsv", "train.txt"])
@pytest.mark.parametrize("content", ["", "\n", " \n\n", "\ufeff\n"])
def test_a_file_of_empty_lines_is_an_error(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(DataError, match="train"):
        corpus_of(tmp_path, name, content)


def test_a5_positions_are_names_where_a_list_of_names_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("fruit\ndrink\nfood\n")
    content = json.dumps({"text": APPLE, "labels": [1, 0, 1]})
    corpus = corpus_of(tmp_path, "train.jsonl", content, label_names=tmp_path / "names.txt")
    assert rows_of(corpus) == [(APPLE, ["food", "fruit"])]
    assert set(corpus.label_names) == {"fruit", "drink", "food"}
    (tmp_path / "data" / "train.jsonl").write_text(json.dumps({"text": APPLE, "labels": [1, 0, 1, 0]}))
    with pytest.raises(DataError, match=r"a 0 or 1 for each of the 3 labels of .*names\.txt, got \[1, 0, 1, 0\]"):
        load_corpus(tmp_path / "data", cache=tmp_path / "cache", label_names=tmp_path / "names.txt")


def test_digits_are_indices_where_none_of_them_is_a_listed_name(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("fruit\ndrink\nfood\n")
    content = f'text,labels\n"{APPLE}","0,2"\n{TEA},1\n'
    corpus = corpus_of(tmp_path, "train.csv", content, label_names=tmp_path / "names.txt")
    assert rows_of(corpus) == BOTH


def test_both_splits_are_read_in_one_way(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(f'text,labels\n"{APPLE}",fruit|food\n')
    (tmp_path / "test.csv").write_text(f"labels,text\ndrink,{TEA}\n")
    corpus = load_corpus(tmp_path, cache=tmp_path / "cache")
    assert rows_of(corpus) + rows_of(corpus, "test") == BOTH
    (tmp_path / "test.csv").write_text(f'labels,text\n"drink,hot",{TEA}\n')
    with pytest.raises(DataError, match=r"the labels hold commas and '\|'.*--label-separator"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_byte_order_mark_agrees_with_the_encoding_that_was_named(tmp_path: Path, encoding: str) -> None:
    content = f"text,labels\n{TEA},drink\n".encode("utf-16" if encoding == "utf-16" else "utf-8-sig")
    assert rows_of(corpus_of(tmp_path, "train.csv", content, encoding=encoding)) == [(TEA, ["drink"])]


@pytest.mark.parametrize("names", [("train.csv", "train.tsv"), ("train.csv", "trn.csv"), ("train.jsonl", "trn.jsonl"), ("train.jsonl", "train.json"), ("train.jsonl", "train.json.gz"), ("train.ndjson", "train.jsonl"), ("train.json", "trn.json"), ("train_raw_texts.txt", "trn_raw_texts.txt")])  # fmt: skip
def test_a_split_that_stands_in_a_folder_twice_is_an_error(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        content = (
            f"text,labels\n{TEA},drink\n" if ".json" not in name else json.dumps({"text": TEA, "labels": ["drink"]})
        )
        (tmp_path / name).write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
        if "_raw_" in name:
            (tmp_path / name.replace("raw_texts", "labels")).write_text("drink\n" * 2)
    names = tuple(sorted(names, key=lambda name: (".jsonl" not in name, name))) if "json" in names[0] else names
    with pytest.raises(DataError, match=f"the split 'train' several times: {names[0]}, {names[1]}"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


@pytest.mark.parametrize("name", ["dev", "validation", "valid", "val"])
def test_a_validation_split_is_the_test_split_where_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "train.jsonl").write_text(json.dumps({"text": APPLE, "labels": ["fruit"]}))
    (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": TEA, "labels": ["drink"]}))
    assert rows_of(load_corpus(tmp_path, cache=tmp_path / "cache"), "test") == [(TEA, ["drink"])]
    (tmp_path / "test.jsonl").write_text(json.dumps({"text": "more tea", "labels": ["drink"]}))
    assert rows_of(load_corpus(tmp_path, cache=tmp_path / "cache"), "test") == [("more tea", ["drink"])]


def test_names_in_one_split_and_positions_in_the_other_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(f'text,labels\n"{APPLE}",fruit|food\n{TEA},drink\n')
    (tmp_path / "test.jsonl").write_text(json.dumps({"text": TEA, "labels": [0, 1, 0]}))
    with pytest.raises(DataError, match=r"labels of one split are numbers, .*--label-file"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


def test_a_table_of_very_many_columns(tmp_path: Path) -> None:
    names = [f"label {number}" for number in range(20_000)]
    bits = ["0"] * len(names)
    bits[7] = "1"
    content = f"text,{','.join(names)}\n{TEA},{','.join(bits)}\n"
    assert rows_of(corpus_of(tmp_path, "train.csv", content)) == [(TEA, ["label 7"])]


# Hugging Face --------------------------------------------------------------------------------------------------------


def labelled(names: list[str], labels: list[Any], many: bool = True) -> datasets.Dataset:
    label: Any = datasets.ClassLabel(names=names)
    features = datasets.Features(text=datasets.Value("string"), labels=datasets.Sequence(label) if many else label)
    return datasets.Dataset.from_dict({"text": [APPLE, TEA][: len(labels)], "labels": labels}, features=features)


@pytest.mark.parametrize("many", [True, False])
def test_a6_each_split_is_read_by_its_own_class_names(tmp_path: Path, many: bool) -> None:
    first, second = ([[0], [1]], [[0], [1]]) if many else ([0, 1], [0, 1])
    splits = {"train": labelled(["a", "b"], first, many), "test": labelled(["b", "a", "c"], second, many)}
    datasets.DatasetDict(splits).save_to_disk(str(tmp_path / "saved"))
    corpus = load_corpus(tmp_path / "saved", cache=tmp_path / "cache")
    assert rows_of(corpus) == [(APPLE, ["a"]), (TEA, ["b"])]
    assert rows_of(corpus, "test") == [(APPLE, ["b"]), (TEA, ["a"])]
    assert corpus.label_names == ("a", "b", "c")


def test_a6_parquet_files_of_two_splits(tmp_path: Path) -> None:
    labelled(["a", "b"], [[0], [1]]).to_parquet(str(tmp_path / "train.parquet"))
    labelled(["b", "a"], [[0], [1]]).to_parquet(str(tmp_path / "test.parquet"))
    corpus = load_corpus(tmp_path, cache=tmp_path / "cache")
    assert rows_of(corpus) == [(APPLE, ["a"]), (TEA, ["b"])]
    assert rows_of(corpus, "test") == [(APPLE, ["b"]), (TEA, ["a"])]


def test_a6_files_of_one_split_must_have_the_same_classes(tmp_path: Path) -> None:
    labelled(["a", "b"], [[0], [1]]).to_parquet(str(tmp_path / "train-0.parquet"))
    labelled(["b", "a"], [[0], [1]]).to_parquet(str(tmp_path / "train-1.parquet"))
    with pytest.raises(DataError, match=r"class names of .*train-1\.parquet differ from those of .*train-0\.parquet"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


def test_a6_labels_of_minus_one_are_refused(tmp_path: Path) -> None:
    labelled(["a", "b"], [0, -1], many=False).to_parquet(str(tmp_path / "train.parquet"))
    with pytest.raises(DataError, match="row 2: expected a label index from 0 to 1, got -1"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


def test_a6_a_vector_of_class_indices_is_refused(tmp_path: Path) -> None:
    labelled(["no", "yes"], [[0, 1, 0], [1, 0, 0]]).to_parquet(str(tmp_path / "train.parquet"))
    with pytest.raises(DataError, match=r"row 1: expected class indices, each once, got \[0, 1, 0\]"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"text": [APPLE, TEA], "labels": [[0, 1, 0], [1, 0, 1]]}, NUMBERS),
        ({"text": [APPLE, TEA], "labels": [[False, True, False], [True, False, True]]}, NUMBERS),
        ({"text": [APPLE, TEA], "labels": [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]}, NUMBERS),
        ({"text": [APPLE, TEA], "labels": ["fruit,food", "drink"]}, BOTH),
        ({"text": [APPLE, TEA], "labels": ["['fruit', 'food']", "['drink']"]}, BOTH),
        ({"text": [APPLE, TEA], "fruit": [1, 0], "drink": [0, 1]}, BITS),
        ({"text": [APPLE, TEA], "fruit": [True, False], "drink": [False, True]}, BITS),
        ({"sentence": [APPLE, TEA], "tags": [["fruit", "food"], ["drink"]], "idx": [0, 1]}, BOTH),
        ({"text": [APPLE, TEA], "labels": [[{"name": "fruit"}, {"name": "food"}], [{"name": "drink"}]]}, BOTH),
    ],
)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "saved", "plain parquet"])
def test_arrow_that_is_understood(tmp_path: Path, columns: dict[str, Any], expected: list[Any], kind: str) -> None:
    rows = datasets.Dataset.from_dict(columns)
    path = tmp_path / {"saved": "train", "arrow": "train.arrow"}.get(kind, "train.parquet")
    if kind == "plain parquet":
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    elif kind == "arrow":
        with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, rows.data.table.schema) as writer:
            writer.write_table(rows.data.table)
    elif kind == "parquet":
        rows.to_parquet(str(path))
    else:
        rows.save_to_disk(str(path))
    assert rows_of(load_corpus(path, cache=tmp_path / "cache")) == expected


# Ids -----------------------------------------------------------------------------------------------------------------


def test_a8_repeated_ids_are_renumbered_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = f'id,text,labels\n7,"{APPLE}",fruit|food\n7,{TEA},drink\n7-2,more,a\n7,again,b\n'
    corpus = corpus_of(tmp_path, "train.csv", content)
    assert corpus.split("train")["id"][:] == ["7", "7-3", "7-2", "7-4"]
    assert corpus.issues["train"].repeated_ids == 2
    assert "2 repeated ids" in caplog.text


def test_a8_ids_of_two_splits_may_be_the_same(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(f"id,text,labels\n7,{TEA},drink\n")
    corpus = load_corpus(tmp_path, cache=tmp_path / "cache")
    assert [corpus.split(split)["id"][:] for split in ("train", "test")] == [["7"], ["7"]]


# The official files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["id,text,labels", "guid,text,label", "index,document,tags", ",text,labels"])
def test_official_aplc_files_give_their_columns(tmp_path: Path, header: str) -> None:
    corpus = corpus_of(tmp_path, "train.csv", f'{header}\n5,"{APPLE}","fruit,food"\n6,{TEA},drink\n')
    assert rows_of(corpus) == BOTH
    assert corpus.split("train")["id"][:] == ["5", "6"]


def test_what_was_recognised_stays_with_the_corpus(tmp_path: Path) -> None:
    content = f'year;labels;text\n1999;fruit|food;"{APPLE}"\n2000;drink;{TEA}\n'
    corpus = corpus_of(tmp_path, "train.csv", content.encode("utf-16"))
    line = "csv, UTF-16-LE, separator ';', text 'text', labels 'labels', not used year, labels: joined by '|'"
    assert corpus.recognised == line
    assert load_corpus(tmp_path / "data", cache=tmp_path / "cache").recognised == line
