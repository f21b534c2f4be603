"""Annif's corpora: the table without a header, the folder with a file a document, and CSV with subject_uris."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import DataError

ONE, TWO = "http://example.org/a,b", "gnd:4-2"


def rows(corpus: Corpus, split: str) -> list[tuple[str, str, list[str]]]:
    names = corpus.label_names
    return [(row["id"], row["text"], sorted(names[label] for label in row["labels"])) for row in corpus.split(split)]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_tables_with_and_without_angles(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "train.tsv": f'A "quoted text\t<{ONE}> <{TWO}>\n"half a quote\t<{TWO}>\nnone\t\n',
            "test.tsv": f"third\t{ONE}  http://example.org/c\n",
        },
    )
    corpus = load_corpus(folder, cache=tmp_path / "cache")
    assert rows(corpus, "train") == [
        ("1", 'A "quoted text', sorted([ONE, TWO])),
        ("2", '"half a quote', [TWO]),
        ("3", "none", []),
    ]
    assert rows(corpus, "test") == [("1", "third", [ONE, "http://example.org/c"])]
    assert corpus.recognised == "annif-tsv, labels: lists"


@pytest.mark.parametrize("line", ["no tab", "text\tnot a URI", f"text\t<{ONE}>\tmore"])
def test_a_line_of_another_form_is_refused(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"train.tsv": f"text\t<{ONE}>\n{line}\n"})
    with pytest.raises(DataError, match=r"train\.tsv, line 2: expected a text, a tab, and URIs with blanks between"):
        load_corpus(tmp_path, cache=tmp_path / "cache")


def test_other_tables_are_still_tables(tmp_path: Path) -> None:
    write(tmp_path, {"train.tsv": "text\tlabels\nan egg\tfood\n"})
    assert rows(load_corpus(tmp_path, cache=tmp_path / "cache"), "train") == [("2", "an egg", ["food"])]


def test_folders_of_documents(tmp_path: Path) -> None:
    files = {
        "train/b.txt": "two\nlines",
        "train/b.tsv": f"<{ONE}>\ta name\n<{TWO}>\n",
        "train/a.txt": "",
        "train/a.key": "",
        "test/c.txt": "three",
        "test/c.key": "raw food\n\nfruit\n",
        "test/d.txt": "no labels",
    }
    corpus = load_corpus(write(tmp_path / "corpus", files), cache=tmp_path / "cache")
    assert rows(corpus, "train") == [("a", "", []), ("b", "two\nlines", sorted([ONE, TWO]))]
    assert rows(corpus, "test") == [("c", "three", ["fruit", "raw food"]), ("d", "no labels", [])]
    assert corpus.recognised == "annif-folder, labels: lists"
    for split in ("train", "test"):  # the folder of a split by itself
        assert list(load_corpus(tmp_path / "corpus" / split, cache=tmp_path / "cache").splits) == [split]


def test_csv_with_subject_uris(tmp_path: Path) -> None:
    for number, cell in enumerate([f"<{ONE}> <{TWO}>", f"{ONE} http://example.org/c"]):
        folder = write(
            tmp_path / str(number), {"train.csv": f'document_id,text,subject_uris,year\nx,an egg,"{cell}",1999\n'}
        )
        expected = sorted(uri.strip("<>") for uri in cell.split())
        assert [row[1:] for row in rows(load_corpus(folder, cache=tmp_path / "cache"), "train")] == [
            ("an egg", expected)
        ]
