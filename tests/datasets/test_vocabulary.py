"""Vocabularies: the same concepts from SKOS and from Annif's tables, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.vocabulary import ANY, Concept, is_vocabulary, read_vocabulary
from textattack_xmtc.errors import DataError, MissingExtraError
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.evidence.sources import load_evidence

CATS, DOGS, BANK, SHORE = (f"http://example.org/{name}" for name in ("cats", "dogs", "bank", "shore"))
TURTLE = f"""
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<{CATS}> a skos:Concept ; skos:prefLabel "cats"@en, "Katzen"@de ; skos:altLabel "felines"@en, "Miezen"@de, "Felis" .
<{DOGS}> a skos:Concept ; skos:prefLabel "Hunde"@de .
<{BANK}> a skos:Concept ; skos:prefLabel "bank"@en .
<{SHORE}> a skos:Concept ; skos:prefLabel "bank"@en .
<http://example.org/old> a skos:Concept ; skos:prefLabel "old"@en ; owl:deprecated true .
"""
ENGLISH = [
    Concept(BANK, "bank"),
    Concept(CATS, "cats", ("felines", "Felis")),
    Concept(DOGS, ""),
    Concept(SHORE, "bank"),
]


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def test_the_same_concepts_in_all_forms(tmp_path: Path) -> None:
    rdflib = pytest.importorskip("rdflib", reason="needs the extra 'skos'")
    turtle = write(tmp_path, "concepts.ttl", TURTLE)
    graph = rdflib.Graph().parse(turtle)
    files = [turtle]
    for name, format in (("concepts.rdf", "xml"), ("concepts.nt", "nt")):
        files.append(tmp_path / name)
        graph.serialize(files[-1], format=format)
    for file in files:
        assert is_vocabulary(file) and read_vocabulary(file, "en") == ENGLISH
        assert [concept.name for concept in read_vocabulary(file, "de")] == ["", "Katzen", "Hunde", ""]
        assert {concept.uri for concept in read_vocabulary(file, ANY)} == {BANK, CATS, DOGS, SHORE}
        with pytest.raises(DataError, match="has several languages; it has de, en; say which with --label-language"):
            read_vocabulary(file)
        with pytest.raises(DataError, match="has no names in 'fi'; it has de, en"):
            read_vocabulary(file, "fi")
    table = write(tmp_path, "concepts.csv", f"uri,notation,label_en,label_de\n{CATS},1,cats,Katzen\n{DOGS},,,Hunde\n")
    assert is_vocabulary(table)
    assert read_vocabulary(table, "en") == [Concept(CATS, "cats"), Concept(DOGS, "")]
    plain = write(tmp_path, "concepts.tsv", f"<{DOGS}>\tdogs\n<{CATS}>\tcats\tA1\n<http://example.org/old>\n")
    assert is_vocabulary(plain)
    assert read_vocabulary(plain) == [Concept(CATS, "cats"), Concept(DOGS, "dogs")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("broken.ttl", "<http://example.org/1> one two .", r"broken\.ttl: expected RDF \(BadSyntax"),
        ("empty.ttl", "# nothing", "holds no concepts"),
        ("broken.rdf", "<rdf", r"expected RDF \(SAXParseException"),
        ("broken.tsv", "<http://example.org/1>\tone\nhttp://example.org/2 two\n", "line 2: expected <uri>, a tab"),
        ("twice.tsv", "<http://example.org/1>\tone\n<http://example.org/1>\ttwo\n", "holds a concept twice"),
    ],
    ids=lambda value: str(value)[:10],
)
def test_what_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    if not name.endswith(".tsv"):
        pytest.importorskip("rdflib", reason="needs the extra 'skos'")
    with pytest.raises(DataError, match=message):
        read_vocabulary(write(tmp_path, name, content))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rdflib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[skos\]'"):
        read_vocabulary(write(tmp_path, "concepts.ttl", TURTLE))


def test_names_of_labels_come_from_it_and_further_names_are_evidence(tmp_path: Path) -> None:
    pytest.importorskip("rdflib", reason="needs the extra 'skos'")
    names = LabelNames.read(write(tmp_path, "concepts.ttl", TURTLE), "en")
    assert [names.name_of(uri) for uri in (CATS, DOGS, BANK)] == ["cats", DOGS, f"bank ({BANK})"]
    data = write(tmp_path, "train.tsv", f"a feline and a bank\t<{CATS}> <{BANK}>\n")
    evidence = load_evidence("name", load_corpus(data, cache=tmp_path / "cache"), names)
    weighed = evidence.weigh("a feline", ["a", "feline"], CATS)
    assert weighed is not None and weighed.weights.tolist() == [0.0, 1.0]
    plain = NameEvidence(names).weigh("a feline", ["a", "feline"], CATS)
    assert plain is not None and plain.weights.tolist() == [0.0, 0.0]  # only an altLabel speaks for it


def test_one_name_for_two_concepts_is_not_a_label(tmp_path: Path) -> None:
    names = write(tmp_path, "concepts.tsv", f"<{BANK}>\tbank\n<{SHORE}>\tbank\n<{CATS}>\tcats\n")
    write(tmp_path, "one.txt", "money")
    write(tmp_path, "one.key", "bank\ncats\n")
    with pytest.raises(DataError, match="expected the URI of a concept, where several have the same name, got 'bank'"):
        load_corpus(tmp_path, label_names=names, cache=tmp_path / "cache")
    write(tmp_path, "one.key", f"<{BANK}>\tbank\ncats\n")
    corpus = load_corpus(tmp_path, label_names=names, cache=tmp_path / "cache")
    assert sorted(corpus.label_names) == [f"bank ({BANK})", "cats"]


def test_a_vocabulary_of_other_labels_is_refused(tmp_path: Path) -> None:
    names = write(tmp_path, "concepts.tsv", "<http://another.org/cats>\tcats\n")
    data = write(tmp_path, "train.tsv", f"a cat\t<{CATS}>\n")
    with pytest.raises(
        DataError, match=r"concepts\.tsv names none of the 1 labels of .*, such as 'http://example.org/cats'"
    ):
        load_corpus(data, label_names=names, cache=tmp_path / "cache")
    corpus = load_corpus(data, cache=tmp_path / "cache")
    with pytest.raises(DataError, match=r"concepts\.tsv names none of the 1 labels of train"):
        load_evidence("name", corpus, LabelNames.read(names))
