"""The commands of continuous integration exist, and the workflows call no others."""

from __future__ import annotations

import os
import re
import subprocess

import yaml

from tests.toolkit import ROOT

RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_target_that_is_run_exists() -> None:
    called = set(re.findall(r"\b(?:make|step victim) ([a-z-]+)", RUN))
    assert called >= {
        "demo",
        "test",
        "bench-check",
        "test-use",
        "pecos",
        "annif",
        "libmultilabel",
        "drill",
        "docs",
        "dist",
    }
    assert called <= TARGETS


def test_the_scripts_can_be_run() -> None:
    scripts = [file for file in (ROOT / ".ci").iterdir() if not file.suffix]
    assert {"run", "environment", "share-demo", "oldest-textattack", "wheel"} <= {file.name for file in scripts}
    for script in scripts:
        assert os.access(script, os.X_OK), script
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_an_unknown_stage_is_refused() -> None:
    ran = subprocess.run(["bash", str(ROOT / ".ci" / "run"), "nothing"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "core|rest" in ran.stderr


def test_workflows_call_the_same_commands() -> None:
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
        commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
        assert commands
        for command in commands:
            name, argument = command.split()
            assert (name == "make" and argument in TARGETS) or (name == ".ci/run" and argument in ("core", "rest"))
