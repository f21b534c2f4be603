"""Readers of every format: folders with the right files and anything in them."""

import bz2
import csv
import gzip
import io
import json
import lzma

import datasets
import pyarrow.parquet
from hypothesis import strategies as st
from scipy import sparse

from tests.fuzz.damage import SCALARS, damaged, json_bytes, json_files, json_lines
from tests.fuzz.running import box, fuzz
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus

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


def read(files, **options):
    with box() as place:
        folder = place.write(files)
        place.attempt(lambda: whole(load_corpus(folder, cache=place.out, **options)))


def with_names(draw, files):
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


def packed(draw, content):
    """Perhaps compressed, and then perhaps damaged once more: the ending, and the bytes."""
    end = draw(ENDS)
    content = PACKED[end](content)
    return end, draw(damaged(content)) if end and draw(st.booleans()) else content


@st.composite
def json_lines_folder(draw):
    rows = [
        {"id": f"d{number}", "text": text, "labels": labels, "targets": labels[:1], "more": 1}
        for number, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]
    files = {}
    for split in draw(SPLITS):
        end, content = packed(draw, draw(json_lines(rows)))
        files[f"{split}{draw(st.sampled_from(['.jsonl', '.json']))}{end}"] = content
    return with_names(draw, files)


@fuzz("json lines", json_lines_folder())
def test_json_lines(files):
    read(files)


@st.composite
def raw_text_folder(draw):
    files = {}
    for split in draw(SPLITS):
        for name, lines in (("raw_texts", TEXTS), ("labels", [" ".join(labels) for labels in LABELS])):
            end, content = packed(draw, draw(damaged("\n".join(lines).encode())))
            files[f"{split}_{name}.txt{end}"] = content
    return with_names(draw, files)


@fuzz("raw text", raw_text_folder())
def test_raw_text(files):
    read(files)


@st.composite
def xmc_json_folder(draw):
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
def test_xmc_json(files):
    read(files)


def npz(**changes):
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
def pecos_folder(draw):
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
def test_pecos(files):
    read(files)


@st.composite
def aplc_csv_folder(draw):
    files = {}
    for split in draw(SPLITS):
        kept = io.StringIO()
        writer = csv.writer(kept)
        writer.writerow(["id", "text", "labels"])
        for number, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True)):
            writer.writerow([number, text, ",".join(labels)])
        end, content = packed(draw, draw(damaged(kept.getvalue().encode(), [b'"', b'""', b'","', b"\r"])))
        files[f"{split}.csv{end}"] = content
    return with_names(draw, files)


@fuzz("aplc csv", aplc_csv_folder())
def test_aplc_csv(files):
    read(files)


def rows_of(draw, exchange):
    columns = {"id": ["a", "b", "c", "d"], "text": list(TEXTS), "labels": [list(labels) for labels in LABELS]}
    if exchange:
        name = draw(st.sampled_from(["id", "text", "labels"]))
        value = draw(SCALARS | st.lists(SCALARS, max_size=2))
        columns[name] = [value] * 4
    if draw(st.booleans()):
        columns["labels"] = INDICES
    return columns


@st.composite
def parquet_folder(draw):
    try:
        table = pyarrow.table(rows_of(draw, draw(st.booleans())))
    except Exception:  # not every value can be kept
        table = pyarrow.table({"text": TEXTS, "labels": INDICES})
    kept = io.BytesIO()
    pyarrow.parquet.write_table(table, kept)
    name = draw(st.sampled_from(["train", "test", "validation"]))
    return {f"{name}-00000-of-00001.parquet": draw(st.just(kept.getvalue()) | damaged(kept.getvalue()))}


@fuzz("parquet", parquet_folder())
def test_parquet(files):
    read(files)


def saved_dataset(folder):
    """What `save_to_disk` writes, a file a name."""
    features = datasets.Features(
        text=datasets.Value("string"), labels=datasets.Sequence(datasets.ClassLabel(names=NAMES))
    )
    rows = datasets.Dataset.from_dict({"text": TEXTS, "labels": INDICES}, features=features)
    datasets.DatasetDict(train=rows, test=rows).save_to_disk(str(folder), num_proc=None)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


SAVED: dict[str, bytes] = {}


@fuzz("saved dataset", st.data())
def test_saved_dataset(data):
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
