"""Files that others wrote: weights, arrays, official folders of each kind, and this package's own model folders."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import strategies as st
from safetensors.torch import save

from tests.fuzz.damage import damaged, damaged_value, json_files
from tests.fuzz.running import box, fuzz
from tests.models.importers.test_adv_xmtc import SETTINGS
from tests.toolkit import official_aplc_xlnet as official_aplc
from tests.toolkit import official_attention_xml as official
from tests.toolkit.official_attention_xml import TEXTS
from textattack_xmtc.models.architecture import read_official
from textattack_xmtc.models.attention_xml.official import read_attention_xml
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.importers.checkpoints import read_array, read_checkpoint
from textattack_xmtc.models.importers.options import ImportOptions

LABELS = 9
EVIL = [
    b"cos\nsystem\n(S'true'\ntR.",
    b"cbuiltins\neval\n",
    b"\x8c\x05posix\x8c\x06system\x93",
    b"../../evil",
    b"/tmp/evil",
]
EVIL += [b"archive/data.pkl", b"archive/data/0", b"c__builtin__\nexec\n", b"ctorch._utils\n_rebuild_tensor_v2\n"]
MADE: dict[str, dict[str, bytes]] = {}


def files_of(folder: Path) -> dict[str, Any]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def made(kind: Any, write: Any) -> dict[str, Any]:
    """The files of a good folder, made once."""
    if kind not in MADE:
        with box() as place:
            write(place.given)
            MADE[kind] = files_of(place.given)
    return dict(MADE[kind])


def saved(value: Any, **options: Any) -> Any:
    kept = io.BytesIO()
    torch.save(value, kept, **options)
    return kept.getvalue()


def rebuilt(content: Any, names: Any, pickled: Any) -> Any:
    """A checkpoint's archive with other names for its members, or another pickle in it."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        for member in old.infolist():
            inside = pickled if member.filename.endswith("data.pkl") and pickled is not None else old.read(member)
            new.writestr(names.get(member.filename, member.filename), inside)
    return kept.getvalue()


STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "module.b": torch.ones(2), "count": torch.tensor([3])}
ZIPPED, OLD = saved(STATE), saved(STATE, _use_new_zipfile_serialization=False)
with zipfile.ZipFile(io.BytesIO(ZIPPED)) as archive:
    MEMBERS = archive.namelist()
    PICKLED = next(archive.read(name) for name in MEMBERS if name.endswith("data.pkl"))
NAMES = st.sampled_from(["../../evil", "/tmp/evil", "archive/data.pkl", "a" * 300, "archive/data/99", "C:\\evil"])

ARCHIVES = st.builds(
    rebuilt,
    st.just(ZIPPED),
    st.dictionaries(st.sampled_from(MEMBERS), NAMES, max_size=2),
    st.none() | damaged(PICKLED, EVIL),
)
WEIGHTS = ARCHIVES | damaged(ZIPPED, EVIL) | damaged(OLD, EVIL) | st.binary(max_size=60)
SAFE = damaged(save({"a": torch.ones(2), "b": torch.zeros(2, 2)}), [b'"data_offsets"', b"[0,8]", b"F32", b"[-1]"])


@pytest.mark.filterwarnings("ignore")
@fuzz(
    "checkpoint file",
    content=WEIGHTS.map(lambda found: ("weights", found)) | SAFE.map(lambda found: ("a.safetensors", found)),
)
def test_checkpoint_file(content: Any) -> None:
    def touch(file: Path) -> None:
        read = read_checkpoint(file)
        assert all(np.isfinite(value.double().numpy()).shape == tuple(value.shape) for value in read.weights.values())

    with box() as place:
        name, written = content
        place.write({name: written})
        place.attempt(lambda: touch(place.given / name))


def array_bytes(array: Any) -> Any:
    kept = io.BytesIO()
    np.save(kept, array)
    return kept.getvalue()


ARRAYS = [
    array_bytes(array)
    for array in (np.array(["an", "\U0001f375"]), np.arange(6).reshape(2, 3), np.array([[0], "x"], object))
]
HEADERS = [b"'|O'", b"'<U9'", b"'<f8'", b"True", b"(99999999999,)", b"(-1,)", b"()", b"__import__('os')", b"'descr'"]


@pytest.mark.filterwarnings("ignore")
@fuzz("array file", st.sampled_from(ARRAYS).flatmap(lambda content: damaged(content, [*HEADERS, *EVIL])))
def test_array_file(content: Any) -> None:
    with box() as place:
        place.write({"a.npy": content})
        place.attempt(lambda: read_array(place.given / "a.npy").shape)


def scored(model: Any) -> None:
    if model is not None:
        scores = model.score(TEXTS[:2], [0])
        assert tuple(np.asarray(scores).shape) == (2, 1)


def some_damage(draw: Any, files: Any, tokens: Any = ()) -> Any:
    """One or two of the files damaged: JSON and YAML by values, the others by bytes."""
    for name in draw(st.sets(st.sampled_from(sorted(files)), min_size=1, max_size=2)):
        if name.endswith(".json"):
            files[name] = draw(json_files(json.loads(files[name])))
        elif name.endswith(".yaml"):
            value = draw(damaged_value(yaml.safe_load(files[name])))
            files[name] = draw(st.just(as_yaml(value)) | damaged(as_yaml(value), YAML))
        else:
            files[name] = draw(damaged(files[name], tokens))
        if draw(st.integers(0, 19)) == 0:
            del files[name]
    return files


YAML = [b"&a [*a]", b"!!python/object/apply:os.system [true]", b"!!timestamp x", b"<<: ", b"? ", b"- ", b"[" * 5000]
BOMB = b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)


def as_yaml(value: Any) -> Any:
    try:
        return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "backslashreplace")
    except Exception:  # not every value can be written
        return BOMB + b"emb_size: *j\nlabels_binarizer: *j\n"


def write_adv_xmtc(folder: Path) -> None:
    official.write_beside(folder, LABELS)
    torch.save(official.network_state(LABELS), folder / "AttentionXML")
    (folder / "confg_axml.yaml").write_text(yaml.safe_dump(SETTINGS))


@pytest.mark.filterwarnings("ignore")
@fuzz("official folder", st.data())
def test_official_folder(data: Any) -> None:
    files = some_damage(data.draw, made("adv-xmtc", write_adv_xmtc), EVIL)
    with box() as place:
        place.write(files)
        place.attempt(lambda: scored(read_official("adv-xmtc", place.given, ImportOptions())))


@pytest.mark.filterwarnings("ignore")
@fuzz("official tree", st.data())
def test_official_tree(data: Any) -> None:
    files = some_damage(data.draw, made("tree", lambda folder: official.Tree(folder)), EVIL)
    with box() as place:
        place.write(files)
        start = place.given / "FastAttentionXML-Eggs-Tree-0"
        place.attempt(lambda: scored(read_attention_xml(start, ImportOptions())))


@pytest.mark.filterwarnings("ignore")
@fuzz("official xlnet", st.data())
def test_official_xlnet(data: Any) -> None:
    files = some_damage(data.draw, made("xlnet", official_aplc.write_folder), EVIL)
    with box() as place:
        place.write(files)
        place.attempt(lambda: scored(read_official("adv-xmtc", place.given, ImportOptions())))


def write_own(kind: Any) -> Any:
    """A model folder of this package, by way of an official one."""

    def write(folder: Path) -> None:
        with box() as place:
            if kind == "tree":
                model = read_attention_xml(official.Tree(place.given).start, ImportOptions())
            else:
                (write_adv_xmtc if kind == "flat" else official_aplc.write_folder)(place.given)
                model = read_official("adv-xmtc", place.given, ImportOptions())
            save_model(model, folder / "model")

    return write


@pytest.mark.filterwarnings("ignore")
@fuzz("model folder", st.data())
def test_model_folder(data: Any) -> None:
    kind = data.draw(st.sampled_from(["flat", "tree", "xlnet"]))
    files = some_damage(data.draw, made(f"own {kind}", write_own(kind)))
    with box() as place:
        place.write(files)
        place.attempt(lambda: scored(load_model(place.given / "model", "cpu")))
