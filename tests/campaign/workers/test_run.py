"""Campaigns on worker processes and on Ray actors: the records of one process, and what is left of those that die."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.conftest import working_in
from tests.toolkit.dying_worker import HALF_A_REPLY, HOPELESS, DyingWorker, KilledWorker
from tests.toolkit.small_campaigns import LABELS, OPTIONS, records
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.prepare import attack_on, tools_of
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.campaign.workers import run as with_workers
from textattack_xmtc.campaign.workers.local import IMPORTED, LocalPool
from textattack_xmtc.campaign.workers.protocol import Died, Loaded, Pool, Worker, without_results
from textattack_xmtc.campaign.workers.ray_cluster import RayPool
from textattack_xmtc.campaign.workers.run import Workers
from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.results.folder import read_campaign

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra `ray`)")


def two_targets(drawn: Path, file: Path, negative: bool = False) -> dict[str, Any]:
    """Options of a campaign on the texts of another, each of them with two targets."""
    lines = []
    for line in (drawn / "samples.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        others = [label for label in range(LABELS) if label not in row["labels"]]
        lines += [json.dumps({**row, "target": target}) for target in (others[:2] if negative else row["labels"])]
    file.write_text("\n".join(lines), encoding="utf-8")
    return {**OPTIONS, "samples": str(file), "goal": "negative" if negative else "positive"}


@pytest.fixture(scope="module")
def targets(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with two targets of each text, in one process."""
    out = tmp_path_factory.mktemp("targets") / "out"
    with working_in(whole.parent):
        assert run_campaign(out, two_targets(whole, out.parent / "samples.jsonl"))
    assert len(read_campaign(out).samples) == 24
    return out


@pytest.fixture(autouse=True)
def _here(here: None) -> None:
    pass


def in_order(out: Path) -> dict[str, list[dict[str, Any]]]:
    return {model: sorted(rows, key=lambda row: row["sample"]) for model, rows in records(out).items()}


def plan_and_campaign(out: Path) -> tuple[Plan, Any]:
    campaign = read_campaign(out)
    return Plan.of(campaign.settings), campaign


LABEL_AWARE = {"ranking": "first-candidate", "candidate_order": "until-goal", "objective": "margin"}


# Nothing passes from one sample to the next ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ranking": "random", "seed": 3},
        {"ranking": "masked-blocks", "candidate_order": "while-better"},
        {"goal": "negative", "cluster": False},
        {"goal": "negative", "cluster": False, "candidate_source": "label-texts", "candidate_order": "until-goal"},
        {"goal": "negative", "cluster": False, "candidate_source": "label-texts", **LABEL_AWARE},
        {"goal": "negative", "cluster": False, "candidate_source": "label-names"},
        {"goal": "negative", "cluster": False, "candidate_source": "answers"},
        {"goal": "untargeted"},
        {"candidate_source": "typos", "seed": 3},
        {"mode": "adv-xmtc", "masked_lm": "words"},
    ],
    ids=str,
)
def test_the_order_of_the_samples_is_no_matter(whole: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    options = two_targets(whole, tmp_path / "samples.jsonl", changes.get("goal") == "negative")
    run_campaign(tmp_path / "out", {**options, "models": ["plain"], **changes})
    plan, campaign = plan_and_campaign(tmp_path / "out")
    attack = attack_on(plan, campaign, campaign.models[0], tools_of(plan, campaign))
    order = random.Random(0).sample(sorted(campaign.samples), len(campaign.samples))
    single = sorted((attack.record(campaign.samples[number]) for number in order), key=lambda row: row["sample"])
    assert [{key: row[key] for key in row if key != "seconds"} for row in single] == records(tmp_path / "out")["plain"]
    assert sum(row["queries"] > 1 for row in single) > 10


# Pools ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["processes", pytest.param("ray", marks=needs_ray)])
def workers(request: pytest.FixtureRequest) -> Workers:
    return pool_of(request.param, request)


def pool_of(kind: str, request: pytest.FixtureRequest) -> Workers:
    if kind == "ray":
        request.getfixturevalue("ray_cluster")
    return Workers(2, "local" if kind == "ray" else None)


@pytest.mark.slow
def test_workers_leave_the_records_of_one_process_whoever_dies(
    targets: Path, tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sample kills every worker that touches it."""
    out = tmp_path / "out"
    options = {**OPTIONS, "samples": str(targets.parent / "samples.jsonl")}
    monkeypatch.setattr(with_workers, "Worker", DyingWorker)
    assert run_campaign(out, options, workers=workers)
    printed = capsys.readouterr().err
    assert printed.count(" died (") == 3 and printed.count(f"sample {HOPELESS} runs again on another") == 2
    assert f"sample {HOPELESS} has cost 3 workers and is recorded as an error" in printed
    assert "2 models: 48 of 48 samples" in printed
    actual, expected = in_order(out), in_order(targets)
    failed = actual["other"][HOPELESS]
    assert failed["outcome"] == "error" and failed["reason"].startswith("3 workers died over it, the last ")
    assert failed.keys() == expected["other"][HOPELESS].keys()
    expected["other"][HOPELESS] = failed
    assert actual == expected

    assert run_campaign(out, {}, resume=True) and in_order(out) == expected, "an error is a record"
    assert run_campaign(out, {}, resume=True, retry_errors=True)
    assert in_order(out) == in_order(targets) and read_campaign(out).notes == ()


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_midst_of_an_attack(
    whole: Path, tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its sample is attacked again by another, and every sample has one record: that of an attack to its end."""
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    moments = {("plain", 3): 1, ("plain", 7): 2_000, ("other", 2): 500}
    if workers.ray is None:
        moments["other", 9] = HALF_A_REPLY
    monkeypatch.setattr(with_workers, "Worker", partial(KilledWorker, marks, moments))
    assert run_campaign(out, OPTIONS, workers=workers)
    printed = capsys.readouterr().err
    assert {file.name for file in marks.iterdir()} == {f"{model}-{number}" for model, number in moments}
    assert printed.count(" died (") == len(moments)
    for _, number in moments:
        assert f"sample {number} runs again on another" in printed
    assert in_order(out) == records(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "source"),
    [("processes", "label-texts"), ("processes", "answers"), pytest.param("ray", "answers", marks=needs_ray)],
)
def test_workers_leave_the_records_of_one_process_whatever_attacks_learn(
    whole: Path, tmp_path: Path, kind: str, source: str, request: pytest.FixtureRequest
) -> None:
    options = two_targets(whole, tmp_path / "samples.jsonl", negative=True)
    options |= {"models": ["plain"], "candidate_source": source, "candidate_order": "until-goal"}
    assert run_campaign(tmp_path / "one", options)
    assert run_campaign(tmp_path / "many", options, workers=pool_of(kind, request))
    assert in_order(tmp_path / "many") == in_order(tmp_path / "one")
    assert {row["outcome"] for row in in_order(tmp_path / "one")["plain"]} >= {"succeeded"}


@pytest.mark.slow
@pytest.mark.parametrize("fork", [False, True])
def test_a_pool_says_what_a_worker_does_and_how_it_ends(
    targets: Path, fork: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is not there is an answer; the death of an idle worker is one; each has its share of the threads.

    Each has the environment of the moment when it starts.
    """
    monkeypatch.setenv("XMTC_TEST_MOMENT", str(fork))
    plan, campaign = plan_and_campaign(targets)
    bare = without_results(campaign)
    assert not bare.samples and not any(model.records for model in bare.models)
    pool = LocalPool(_Threads(plan, bare), 1, threads=1, fork=fork)
    try:
        pool.start(0)
        pool.ask(0, "nowhere")
        ((worker, answer),) = _replies(pool)
        assert worker == 0 and "a worker could not load 'nowhere' (StopIteration" in str(answer)
        pool.ask(0, "plain")
        assert _replies(pool) == [(0, Loaded(pool.pids[0]))]
        pool.ask(0, campaign.samples[0])
        ((_, record),) = _replies(pool)
        assert record["threads"] == 1 and record["environment"] == ["1", str(fork)]
        os.kill(pool.pids[0], signal.SIGTERM)
        assert _replies(pool) == [(0, Died("killed by SIGTERM"))]
    finally:
        pool.close()


@needs_ray
@pytest.mark.slow
def test_an_actor_that_cannot_begin_says_why(ray_cluster: None) -> None:
    """As on a node that lacks a package."""
    pool = RayPool(_lacking, "local", 1)
    try:
        pool.start(0)
        pool.ask(0, "plain")
        ((_, answer),) = _replies(pool)
        assert isinstance(answer, Died) and answer.how.endswith("ModuleNotFoundError: No module named 'lacking'")
    finally:
        pool.close()


def _lacking() -> Worker:
    raise ModuleNotFoundError("No module named 'lacking'")


class _Threads:
    """Makes a worker that adds to a record what its process is like."""

    def __init__(self, plan: Plan, campaign: Any) -> None:
        self.plan, self.campaign = plan, campaign

    def __call__(self) -> Worker:
        import torch

        worker = Worker(self.plan, self.campaign)
        real = worker.attack
        environment = [os.environ[name] for name in ("RAYON_NUM_THREADS", "XMTC_TEST_MOMENT")]
        beside = {"threads": torch.get_num_threads(), "environment": environment}
        worker.attack = lambda sample: {**real(sample), **beside}  # type: ignore[method-assign]  # says more
        return worker


def _replies(pool: Pool) -> list[Any]:
    while not (replies := list(pool.replies(60))):
        pass
    return replies


def test_what_the_server_of_workers_imports_is_there() -> None:
    """It would go on without a module that is not, and every worker would import it again."""
    assert all(importlib.util.find_spec(name) for name in IMPORTED)


def test_nothing_is_started_where_nothing_is_left(targets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pool(*_: Any) -> None:
        raise AssertionError("nobody is needed")

    monkeypatch.setattr(Workers, "pool", pool)
    assert run_campaign(targets, {}, resume=True, workers=Workers(3))


# Refusals -------------------------------------------------------------------------------------------------------------


def test_no_workers() -> None:
    with pytest.raises(InputError, match="0 workers attack nothing; give --workers 1 or more"):
        Workers(0)


def test_ray_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[ray\]', or use --workers N"):
        RayPool(lambda: None, "local")  # type: ignore[arg-type, return-value]  # never asked for


@needs_ray
@pytest.mark.slow
def test_a_cluster_of_our_own_leaves_no_handler_behind() -> None:
    import ray

    ray.shutdown()  # the one that tests share
    before = signal.getsignal(signal.SIGTERM)
    pool = RayPool(_lacking, "local", 1)
    pool.close()
    assert signal.getsignal(signal.SIGTERM) is before


@needs_ray
def test_a_cluster_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"there is no Ray cluster at 'auto' .*ray start --head"):
        RayPool(lambda: None, "auto")  # type: ignore[arg-type, return-value]  # never asked for
