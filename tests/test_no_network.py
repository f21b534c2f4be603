"""Nothing leaves the machine without being asked: the main commands in a process that can reach nothing else.

The cache folder is the usual one: with an empty one, TextAttack itself tries to fetch NLTK's lists when it is imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch

from tests.models.importers.test_adv_xmtc import LABELS
from tests.toolkit import ROOT
from tests.toolkit import official_attention_xml as official
from tests.toolkit.campaign_folders import write_campaign
from tests.toolkit.small_campaigns import make_all

pytestmark = pytest.mark.slow


def run(commands: Any, cwd: Path) -> dict[str, Any]:
    """Status of each command and the addresses that it tried to reach."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, "-m", "tests.toolkit.no_network", json.dumps(commands)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return {name: (status, tried) for name, status, tried in json.loads(ran.stdout.splitlines()[-1])}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data as JSON Lines and as Parquet, two models, an official checkpoint and a finished campaign."""
    root = make_all(tmp_path_factory.mktemp("place"))
    (root / "parquet").mkdir()
    for split in ("train", "test"):
        rows = [json.loads(line) for line in (root / "data" / f"{split}.jsonl").read_text().splitlines()]
        datasets.Dataset.from_list(rows).to_parquet(str(root / "parquet" / f"{split}.parquet"))
    official.write_beside(root / "official", LABELS)
    torch.save(official.network_state(LABELS), root / "official" / "model")
    write_campaign(root / "finished", samples_per_bin=2)
    return root


def test_the_main_job_and_every_command_of_our_own(demo: Path, place: Path) -> None:
    """In one process, since importing TextAttack takes longer than any of them."""
    job = ["textattack", "attack", "--recipe", "xmtc-positive", "--model", "xmtc-demo", "--num-examples", "1"]
    attack = ["--k", "2", "--labels-per-bin", "5", "--samples-per-bin", "1", "--candidates", "4", "--out", "new"]
    commands = [
        ["doctor"],
        ["train", "attentionxml", "--data", "parquet", "--out", "trained", "--epochs", "1", "--hidden-size", "8"],
        ["evaluate", "plain", "--data", "data"],
        ["import", "attentionxml", "official/model", "--out", "imported"],
        ["campaign", "--model", "plain", "--data", "data", "--max-change-rate", "0.2", *attack],
        ["report", "finished", "--out", "report"],
    ]
    reports = run([job, *(["textattack-xmtc", *command] for command in commands)], place)
    assert reports == {name: (0, []) for name in ("attack", *(command[0] for command in commands))}


def test_an_address_that_is_asked_for_would_be_seen() -> None:
    script = """
import socket, sys
from tests.toolkit.no_network import _audit
sys.addaudithook(_audit)
for ask in (lambda: socket.create_connection(("192.0.2.1", 9), 1), lambda: socket.gethostbyname("example.org")):
    try:
        ask()
    except OSError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "192.0.2.1 was asked for" in ran.stdout and "example.org was asked for" in ran.stdout
