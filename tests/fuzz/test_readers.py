"""Readers of every format: folders with the right files and anything in them."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet
from hypothesis import strategies as st
from scipy import sparse

from tests.fuzz.damage import SCALARS, damaged, json_bytes, json_files, json_lines
from tests.fuzz.running import box, fuzz
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.label_cells import cells_of, list_in
from textattack_xmtc.datasets.readers.place import Place
from textattack_xmtc.errors import DataError

TEXTS = ["how to boil an egg", "Tee, bitte: \u00e4\u2028\u0085 \U0001f375", "", "one\ttwo"]
LABELS = [["eggs", "boiling"], ["tea"], [], ["eggs", "a b"]]
INDICES = [[0, 1], [2], [], [0, 3]]
NAMES = ["eggs", "boiling", "tea", "a b"]

PACKED = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}
SPLITS = st.sampled_from([("train", "test"), ("trn", "tst"), ("train",), ("tst",)])
ENDS = st.sampled_from(["", "", "", ".gz", ".xz", ".bz2"])


def whole(corpus: Corpus) -> None:
    """Touch all that was read."""
    assert len(set(corpus.label_names)) == len(corpus.label_names)
    for split, rows in corpus.splits.items():
        assert corpus.label_matrix(split).shape == (len(rows), len(corpus.label_names))
        assert all(isinstance(row["text"], str) and isinstance(row["id"], str) for row in rows)
    assert corpus.fingerprint and corpus.label_counts.sum() >= 0


def read(files: Any, **options: Any) -> None:
    with box() as place:
        folder = place.write(files)
        place.attempt(lambda: whole(load_corpus(folder, cache=place.out, **options)))


def with_names(draw: Any, files: Any) -> Any:
    """Sometimes with a file of label names beside."""
    kind = draw(
        st.sampled_from([None, None, None, "label_names.json", "labels.txt", "Y.txt", "lbl.json", "lf.json.gz"])
    )
    if kind is None:
        return files
    if kind == "label_names.json":
        content = draw(json_files(dict(zip(NAMES, "dcba", strict=True))) | json_files(NAMES))
    elif kind.startswith(("lbl", "lf")):
        content = draw(json_lines([{"title": name} for name in NAMES]))
    else:
        content = draw(damaged("\n".join(NAMES).encode()))
    return {**files, kind: gzip.compress(content) if kind.endswith(".gz") else content}


def packed(draw: Any, content: Any) -> tuple[Any, Any]:
    """Perhaps compressed, and then perhaps damaged once more: the ending, and the bytes."""
    end = draw(ENDS)
    content = PACKED[end](content)
    return end, draw(damaged(content)) if end and draw(st.booleans()) else content


@st.composite
def json_lines_folder(draw: st.DrawFn) -> tuple[Any, Any]:
    rows = [
        {"id": f"d{number}", "text": text, "labels": labels, "targets": labels[:1], "more": 1}
        for number, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]
    way = draw(st.sampled_from(["lists", "lists", *WAYS]))
    for row in rows:
        if way != "lists":
            row["labels"] = WAYS[way](row["labels"], ",")  # type: ignore[no-untyped-call]
        if draw(st.integers(0, 9)) == 0:
            row["labels"] = draw(st.sampled_from([[int(name in row["labels"]) for name in NAMES], row["labels"], 3]))
    files = {}
    for split in draw(SPLITS):
        content = draw(json_lines(rows) | json_files(rows))
        end, content = packed(draw, content)
        files[f"{split}{draw(st.sampled_from(['.jsonl', '.json']))}{end}"] = content
    return with_names(draw, files), read_options(draw)


@fuzz("json lines", json_lines_folder())
def test_json_lines(drawn: Any) -> None:
    files, options = drawn
    read(files, **options)


@st.composite
def raw_text_folder(draw: st.DrawFn) -> Any:
    files = {}
    for split in draw(SPLITS):
        for name, lines in (("raw_texts", TEXTS), ("labels", [" ".join(labels) for labels in LABELS])):
            end, content = packed(draw, draw(damaged("\n".join(lines).encode())))
            files[f"{split}_{name}.txt{end}"] = content
    return with_names(draw, files)


@fuzz("raw text", raw_text_folder())
def test_raw_text(files: Any) -> None:
    read(files)


URIS = {name: f"http://example.org/{name.replace(' ', '-')}" for name in NAMES}
TURTLE = "@prefix s: <http://www.w3.org/2004/02/skos/core#> .\n" + "".join(
    f'<{uri}> a s:Concept ; s:prefLabel "{name}"@en, "x {name}"@de ; s:altLabel "y"@en .\n'
    for name, uri in URIS.items()
)
VOCABULARIES = {
    "concepts.tsv": "".join(f"<{uri}>\t{name}\n" for name, uri in URIS.items()),
    "concepts.csv": "uri,label_en,label_de\n" + "".join(f'{uri},"{name}",x\n' for name, uri in URIS.items()),
    "concepts.ttl": TURTLE,
    "concepts.nt": "".join(line for line in TURTLE.splitlines(keepends=True)[1:]),
    "concepts.rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
}


@st.composite
def annif_folder(draw: st.DrawFn) -> Any:
    files = {}
    table = draw(st.booleans())
    for split in draw(SPLITS):
        rows = [[f"<{URIS[label]}>" for label in labels] for labels in LABELS]
        if table:
            lines = [f"{' '.join(text.split())}\t{' '.join(uris)}" for text, uris in zip(TEXTS, rows, strict=True)]
            end, content = packed(draw, draw(damaged("\n".join(lines).encode(), [b"<", b">", b"\t"])))
            files[f"{split}.tsv{end}"] = content
            continue
        for number, (text, uris) in enumerate(zip(TEXTS, rows, strict=True)):
            files[f"{split}/{number}.txt"] = draw(damaged(text.encode()))
            kind, lines = draw(st.sampled_from([("tsv", uris), ("key", LABELS[number])]))
            files[f"{split}/{number}.{kind}"] = draw(damaged("\n".join(lines).encode()))
    name = draw(st.sampled_from([None, *VOCABULARIES]))
    return files, name, None if name is None else draw(damaged(VOCABULARIES[name].encode(), [b"\\ud800", b'"', b"@"]))


@fuzz("annif", annif_folder())
def test_annif(drawn: Any) -> None:
    files, name, vocabulary = drawn
    with box() as place:
        folder = place.write(files if name is None else {**files, f"names/{name}": vocabulary})
        names = {} if name is None else {"label_names": folder / "names" / name, "label_language": "en"}
        place.attempt(lambda: whole(load_corpus(folder, cache=place.out, **names)))


@st.composite
def xmc_json_folder(draw: st.DrawFn) -> Any:
    files = {}
    for split in draw(SPLITS):
        rows = [
            {
                "uid": f"d{number}",
                "title": text,
                "content": "more",
                "target_ind": labels,
                "target_rel": [1.0] * len(labels),
            }
            for number, (text, labels) in enumerate(zip(TEXTS, INDICES, strict=True))
        ]
        end, content = packed(draw, draw(json_lines(rows)))
        files[f"{split}.json{end}"] = content
        if draw(st.booleans()):
            lines = ["4 4", *(" ".join(f"{label}:1.0" for label in labels) for labels in INDICES)]
            files[f"{split}_X_Y.txt"] = draw(
                damaged("\n".join(lines).encode(), [b":", b"nan:1", b"inf", "\u0663:1".encode()])
            )
    return with_names(draw, files)


@fuzz("xmc json", xmc_json_folder())
def test_xmc_json(files: Any) -> None:
    read(files)


def npz(**changes: Any) -> Any:
    """The labels as scipy saves them."""
    rows = [row for row, labels in enumerate(INDICES) for _ in labels]
    columns = [label for labels in INDICES for label in labels]
    matrix = sparse.csr_matrix(([1.0] * len(rows), (rows, columns)), shape=(4, 4))
    kept = io.BytesIO()
    sparse.save_npz(
        kept, getattr(matrix, f"to{changes.get('format', 'csr')}")(), compressed=changes.get("compressed", True)
    )
    return kept.getvalue()


@st.composite
def pecos_folder(draw: st.DrawFn) -> Any:
    files = {}
    for split in draw(SPLITS):
        files[f"X.{split}.txt"] = draw(damaged("\n".join(TEXTS).encode()))
        kind = draw(st.sampled_from(["csr", "csr", "csc", "coo", "dia", "bsr"]))
        content = npz(format=kind, compressed=draw(st.booleans()))
        tokens = [
            b"indptr.npy",
            b"../../evil.npy",
            b"'descr': '|O'",
            b"'<i8'",
            b"(4,)",
            b"(999999999999,)",
            b"\x93NUMPY",
        ]
        files[f"Y.{split}.npz"] = draw(damaged(content, tokens))
    return with_names(draw, files)


@fuzz("pecos", pecos_folder())
def test_pecos(files: Any) -> None:
    read(files)


HEADERS = {
    "id": ["id", "guid", "", "Unnamed: 0", "nr"],
    "text": ["text", "Text", "content", "document", "comment_text", "body of it"],
    "labels": ["labels", "label", "tags", "Categories", "target", "marks"],
    "more": ["year", "title", "text", "fruit", "topic"],
}
WAYS = {
    "joined": lambda labels, sign: sign.join(labels),
    "python": lambda labels, _: repr(labels),
    "json": lambda labels, _: json.dumps(labels),
    "numpy": lambda labels, _: "[" + " ".join(map(repr, labels)) + "]",
    "bare": lambda labels, _: f"[{', '.join(labels)}]",
    "angles": lambda labels, _: "".join(f"<{label}>" for label in labels),
    "prefixed": lambda labels, _: " ".join(f"__label__{label}" for label in labels),
    "objects": lambda labels, _: json.dumps([{"name": label} for label in labels]),
    "bits": lambda labels, _: str([int(name in labels) for name in NAMES]),
    "floats": lambda labels, _: "[" + " ".join(f"{int(name in labels)}." for name in NAMES) + "]",
}
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]


@st.composite
def table(draw: st.DrawFn) -> Any:
    """A table as people write them: columns in any order, any separator, labels in any way, any encoding."""
    columns = draw(st.permutations(["id", "text", "labels", "more"]))[: draw(st.integers(2, 4))]
    way, sign = draw(st.sampled_from(sorted(WAYS))), draw(st.sampled_from([",", ";", "|", " ", "\t", ", "]))
    bits = draw(st.integers(0, 4)) == 0
    kept = io.StringIO()
    ends = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    writer = csv.writer(kept, delimiter=draw(st.sampled_from([",", "\t", ";", "|"])), lineterminator=ends)
    if draw(st.integers(0, 9)):
        header = [draw(st.sampled_from(HEADERS[column])) for column in columns]
        writer.writerow([*header, *(NAMES if bits else [])])
    for number, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True)):
        cell = WAYS[way](labels, sign)  # type: ignore[no-untyped-call]
        row = {"id": number % 3, "text": text, "labels": cell, "more": draw(st.sampled_from("01ab"))}
        hot = [draw(st.sampled_from([f"{int(name in labels)}", str(name in labels)])) for name in NAMES]
        writer.writerow([*(row[column] for column in columns), *(hot if bits else [])])
    return kept.getvalue().encode(draw(st.sampled_from(ENCODINGS)), "replace")


def read_options(draw: Any) -> Any:
    """Sometimes options, right or wrong."""
    options = {}
    for name, values in {
        "text_column": ["text", "2", "body of it", "text+title", "nothing"],
        "label_column": ["labels", "eggs..tea", "3", "a+b", "..", "+"],
        "id_column": ["id", "1"],
        "delimiter": ["comma", "tab", ";", "\x00"],
        "label_separator": ["none", "space", "comma", "eggs"],
        "label_format": ["names", "indices", "multi-hot"],
        "header": [True, False],
        "encoding": ["utf-8", "utf-16", "cp1252", "utf-7", "punycode"],
    }.items():
        if draw(st.integers(0, 7)) == 0:
            options[name] = draw(st.sampled_from(values))  # type: ignore[call-overload]
    return options


@st.composite
def table_folder(draw: st.DrawFn) -> tuple[Any, Any]:
    files = {}
    tokens = [b'"', b'""', b'","', b"\r", b"[", b"]", b"|", b";", b"sep=;\n", b"\x00"]
    suffixes = [".csv", ".csv", ".tsv", ".tab"]
    for split in draw(SPLITS):
        end, content = packed(draw, draw(table().flatmap(lambda found: st.just(found) | damaged(found, tokens))))
        files[f"{split}{draw(st.sampled_from(suffixes))}{end}"] = content
    return with_names(draw, files), read_options(draw)


@fuzz("tables", table_folder())
def test_tables(drawn: Any) -> None:
    files, options = drawn
    read(files, **options)


@fuzz("cells", st.text(st.sampled_from("ab01.,;| \t\n[](){}<>'\"\\\u00e4-#_") | st.characters(), max_size=30))
def test_cells(text: str) -> None:
    """What is split is the same when it is read twice, and what a list writes is what a list gives."""
    assert list_in(text) == list_in(text)
    assert list_in(repr([text])) == [text]
    assert list_in(json.dumps([text, "b"])) == [text, "b"]
    sample = [(Place.nowhere(), text)]
    try:
        cells = cells_of(sample, LabelNames(), ReadOptions())
        cells.split(*sample[0])
    except DataError as error:
        assert len(str(error)) < 20_000


def rows_of(draw: Any, exchange: Any) -> Any:
    columns = {"id": ["a", "b", "c", "d"], "text": list(TEXTS), "labels": [list(labels) for labels in LABELS]}
    bits = [[int(name in labels) for name in NAMES] for labels in LABELS]
    ways = [columns["labels"], bits, [list(map(bool, row)) for row in bits], [list(map(float, row)) for row in bits]]
    ways += [[",".join(labels) for labels in LABELS], [[{"name": label} for label in labels] for labels in LABELS]]
    columns["labels"] = draw(st.sampled_from(ways))
    if draw(st.integers(0, 4)) == 0:
        del columns["labels"]
        columns |= dict(zip(NAMES, map(list, zip(*bits, strict=True)), strict=True))
    if exchange:
        name = draw(st.sampled_from(sorted(columns)))
        value = draw(SCALARS | st.lists(SCALARS, max_size=2))
        columns[name] = [value] * 4
    if draw(st.booleans()) and "labels" in columns:
        columns["labels"] = INDICES
    return columns


@st.composite
def parquet_folder(draw: st.DrawFn) -> dict[str, Any]:
    try:
        table = pyarrow.table(rows_of(draw, draw(st.booleans())))
    except Exception:  # not every value can be kept
        table = pyarrow.table({"text": TEXTS, "labels": INDICES})
    kept = io.BytesIO()
    pyarrow.parquet.write_table(table, kept)
    name = draw(st.sampled_from(["train", "test", "validation"]))
    return {f"{name}-00000-of-00001.parquet": draw(st.just(kept.getvalue()) | damaged(kept.getvalue()))}


@fuzz("parquet", parquet_folder())
def test_parquet(files: Any) -> None:
    read(files)


def saved_dataset(folder: Path) -> dict[str, Any]:
    """What `save_to_disk` writes, a file a name."""
    features = datasets.Features(
        text=datasets.Value("string"), labels=datasets.Sequence(datasets.ClassLabel(names=NAMES))
    )
    rows = datasets.Dataset.from_dict({"text": TEXTS, "labels": INDICES}, features=features)
    datasets.DatasetDict(train=rows, test=rows).save_to_disk(str(folder), num_proc=None)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


SAVED: dict[str, bytes] = {}


@fuzz("saved dataset", st.data())
def test_saved_dataset(data: Any) -> None:
    if not SAVED:
        with box() as place:
            SAVED.update(saved_dataset(place.given / "saved"))
    files = dict(SAVED)
    for name in data.draw(st.sets(st.sampled_from(sorted(SAVED)), min_size=1, max_size=2)):
        if name.endswith(".json"):
            files[name] = data.draw(json_files(json.loads(files[name])))
        else:
            files[name] = data.draw(damaged(files[name]))
    if data.draw(st.booleans()):
        files["dataset_dict.json"] = json_bytes(
            {"splits": data.draw(st.sampled_from([["../x"], ["/etc"], ["train"], 3]))}
        )
    read(files)
