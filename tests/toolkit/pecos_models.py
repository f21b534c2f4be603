"""Where libpecos is, and a small model of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit import ROOT

HERE = Path(__file__).parent
OWN = ROOT / ".venv-pecos" / "bin" / "python"
PYTHON = os.environ.get("XMTC_PECOS_PYTHON") or (str(OWN) if OWN.exists() else None)
needs_pecos = pytest.mark.skipif(
    PYTHON is None, reason="needs an environment with libpecos: `make pecos`, or one that XMTC_PECOS_PYTHON names"
)

TEXT = "egg water boil cold hot cool minute running pan salt oil fish meat rice bean corn"
WORDS = TEXT.split()
NAMES = [f"about {word}" for word in WORDS]


def documents(count: int = 300, seed: int = 0) -> tuple[list[str], list[list[int]]]:
    """Texts of ten of the words, and their labels: the first three."""
    chance = random.Random(seed)
    drawn = [chance.sample(range(len(WORDS)), 10) for _ in range(count)]
    return [" ".join(WORDS[number] for number in row) for row in drawn], [row[:3] for row in drawn]


def train(folder: Path, asked: Sequence[str]) -> Any:
    """A Text2Text model in `folder`, and what PECOS itself says of the texts `asked`."""
    texts, labels = documents()
    return train_on(folder, texts, labels, NAMES, asked)


def train_on(
    folder: Path, texts: Sequence[str], labels: Sequence[Sequence[int]], names: Sequence[str], asked: Sequence[str]
) -> Any:
    """The same for other texts, with the label indices of each."""
    given = {"texts": texts, "labels": labels, "names": names, "asked": asked}
    command = [str(PYTHON), "-I", str(HERE / "train_pecos.py"), str(folder)]
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return json.loads((folder / "said.json").read_text())
