"""A real Annif server on this machine, with small projects of its own: loaded, trained, started, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from tests.toolkit import ROOT

ANNIF = ROOT / ".venv-annif" / "bin" / "annif"
needs_annif = pytest.mark.skipif(not ANNIF.exists(), reason="needs the environment of Annif: `make annif`")

_PUNKT = ("abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt")
_PROJECT = """[{name}]
name={name}
language={language}
backend={backend}
analyzer=simple
limit=100
{options}
"""


class AnnifServer:
    """A folder with a vocabulary and projects, and a server over it while the context is open.

    Args:
        folder: where Annif keeps its data.
        concepts: labels by URI.
        documents: texts with the URIs of each, for training.
        projects: options of each project by its name; `backend` is "tfidf", and it is trained, unless they say
            otherwise.
    """

    def __init__(
        self,
        folder: Path,
        concepts: Mapping[str, str],
        documents: Iterable[tuple[str, Iterable[str]]],
        projects: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.folder, self.projects = folder, projects
        self.vocabulary = folder / "concepts.tsv"
        self.vocabulary.write_text("".join(f"<{uri}>\t{label}\n" for uri, label in concepts.items()), encoding="utf-8")
        self.documents = folder / "train.tsv"
        rows = (f"{' '.join(text.split())}\t{' '.join(f'<{uri}>' for uri in uris)}\n" for text, uris in documents)
        self.documents.write_text("".join(rows), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        # Annif's analyzers want NLTK's sentence splitter; one that knows no abbreviations needs no download.
        punkt = folder / "nltk_data" / "tokenizers" / "punkt_tab" / "english"
        punkt.mkdir(parents=True)
        for name in _PUNKT:
            (punkt / name).touch()
        self.configure(projects)
        self._run("load-vocab", "--language", "en", "concepts", str(self.vocabulary))
        for name, options in projects.items():
            if options.get("trained", True):
                self._run("train", name, str(self.documents))

    def configure(self, projects: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the configuration with just these projects."""
        parts = []
        for name, options in projects.items():
            rest = {"backend": "tfidf", "language": "en", "vocab": "concepts", **options}
            fields = {field: rest.pop(field) for field in ("backend", "language")}
            rest.pop("trained", None)
            parts.append(_PROJECT.format(name=name, options="\n".join(f"{k}={v}" for k, v in rest.items()), **fields))
        (self.folder / "projects.cfg").write_text("\n".join(parts), encoding="utf-8")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [str(ANNIF), "run", "--host", "127.0.0.1", "--port", str(self.port)],
            cwd=self.folder,
            env=self._environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        until = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/v1/projects", timeout=5).close()
                return
            except OSError:
                printed = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                assert self._process.poll() is None and time.monotonic() < until, printed
                time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server, and wait until it has ended."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)  # a session of its own: the server and its workers
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, *arguments: str) -> None:
        ran = subprocess.run(
            [str(ANNIF), *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**kept, "NLTK_DATA": str(self.folder / "nltk_data"), "ANNIF_DATADIR": str(self.folder / "data")}
