"""Vocabularies of subject indexing: concepts with their URIs and names, from SKOS or from Annif's tables."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from textattack_xmtc.datasets.readers.lines import first_line, plain_suffix, read_lines
from textattack_xmtc.errors import DataError, MissingExtraError

ANY = "*"
"""In place of a language: whichever the file has first, for those who need the URIs only."""

_RDF = {".ttl": "turtle", ".rdf": "xml", ".nt": "nt"}
_LABEL = "label_"
_ROW = re.compile(r"<[^<>\s]+>\t.*")


@dataclass(frozen=True)
class Concept:
    """One concept.

    Attributes:
        uri: what it is called in corpora and in the answers of Annif.
        name: its preferred label in the language that was asked for; "" where it has none.
        further: its other labels (skos:altLabel) in that language.
    """

    uri: str
    name: str
    further: tuple[str, ...] = ()


def is_vocabulary(path: Path) -> bool:
    """Whether a file is a vocabulary: RDF by its name, Annif's tables by their first line."""
    if path.suffix in _RDF:
        return True
    line = first_line(path) if plain_suffix(path) in (".tsv", ".csv") else None
    return line is not None and bool(_ROW.fullmatch(line) or _columns(line))


def read_vocabulary(path: Path | str, language: str | None = None) -> list[Concept]:
    """The concepts of a vocabulary, without deprecated ones, by URI.

    Args:
        path: SKOS (`.ttl`, `.rdf`, `.nt`; needs the extra "skos"), Annif's TSV (`<uri>`, a tab, the label), or Annif's
            CSV (the columns `uri`, and `label_en` and the like).
        language: of the names; not needed where the file has one language; or `ANY`.

    Raises:
        DataError: it cannot be read, holds no concepts, or has several languages (or another one) and none is given.
        MissingExtraError: rdflib is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "vocabulary.tsv"
        >>> _ = file.write_text("<http://example.org/1>\\tcats\\n<http://example.org/2>\\tdogs\\n")
        >>> read_vocabulary(file)[0]
        Concept(uri='http://example.org/1', name='cats', further=())
    """
    path = Path(path)
    if path.suffix in _RDF:
        concepts = _read_skos(path, language)
    elif _columns(first_line(path) or ""):
        concepts = _read_csv(path, language)
    else:
        concepts = list(_read_tsv(path))
    by_uri = {concept.uri: concept for concept in concepts}
    if not concepts or len(by_uri) < len(concepts):
        problem = "holds no concepts" if not concepts else "holds a concept twice"
        raise DataError(f"{path} {problem}", "give a vocabulary in SKOS, or Annif's <uri>, tab, label")
    return [by_uri[uri] for uri in sorted(by_uri)]


def _read_tsv(path: Path) -> Iterator[Concept]:
    for number, line in read_lines(path):
        if not line.strip():
            continue
        uri, *cells = line.rstrip().split("\t")
        if not _ROW.fullmatch(f"{uri}\t"):
            raise DataError(
                f"{path}, line {number}: expected <uri>, a tab, and a label, got {line[:80]!r}", "correct it"
            )
        if cells and cells[0].strip():  # Annif calls a concept without a label deprecated
            yield Concept(uri[1:-1], cells[0].strip())


def _read_csv(path: Path, language: str | None) -> list[Concept]:
    try:
        rows = list(csv.DictReader((f"{line}\n" for _, line in read_lines(path)), strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: expected CSV ({error})", "correct the file") from None
    language = _language(path, _columns(first_line(path) or ""), language)
    concepts = []
    for row in rows:
        labels = [value for column, value in row.items() if column and column.startswith(_LABEL) and value]
        if labels:
            concepts.append(Concept((row["uri"] or "").strip().strip("<>"), (row[f"{_LABEL}{language}"] or "").strip()))
    return concepts


def _columns(header: str) -> list[str]:
    """The languages of a CSV vocabulary; none where this is not its header."""
    columns = [column.strip() for column in header.split(",")]
    return [column.removeprefix(_LABEL) for column in columns if column.startswith(_LABEL) and "uri" in columns]


def _read_skos(path: Path, language: str | None) -> list[Concept]:
    try:
        import rdflib
        from rdflib.namespace import OWL, RDF, RDFS, SKOS
    except ImportError as error:
        raise MissingExtraError(f"{path} needs rdflib ({error})", "pip install 'textattack-xmtc[skos]'") from error
    graph = rdflib.Graph()
    try:
        graph.parse(path, format=_RDF[path.suffix])
    except Exception as error:  # each of rdflib's parsers has its own
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: expected RDF ({type(error).__name__}: {reason})", "correct the file") from None
    concepts = set(graph.subjects(RDF.type, SKOS.Concept))
    concepts -= set(graph.subjects(OWL.deprecated, rdflib.Literal(True)))
    names = {
        concept: list(graph.objects(concept, SKOS.prefLabel)) or list(graph.objects(concept, RDFS.label))
        for concept in concepts
    }
    languages = {name.language for labels in names.values() for name in labels if isinstance(name, rdflib.Literal)}
    language = _language(path, sorted(one for one in languages if one), language)

    def labels(of: Iterable[rdflib.term.Node]) -> list[str]:
        """Those in the language, then those of none."""
        chosen = [label for label in of if isinstance(label, rdflib.Literal) and label.language in (language, None)]
        return [str(label) for label in sorted(chosen, key=lambda label: (label.language is None, str(label)))]

    return [
        Concept(str(concept), next(iter(labels(preferred)), ""), tuple(labels(graph.objects(concept, SKOS.altLabel))))
        for concept, preferred in names.items()
    ]


def _language(path: Path, languages: list[str], language: str | None) -> str | None:
    if language in languages or (not languages and language is None):
        return language
    if language == ANY or (language is None and len(languages) == 1):
        return next(iter(languages), None)
    wanted = "several languages" if language is None else f"no names in {language!r}"
    raise DataError(
        f"{path} has {wanted}; it has {', '.join(languages) or 'names without a language'}",
        "say which with --label-language (label_language=... in Python)",
    )
