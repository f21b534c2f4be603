"""`make drill`: campaigns that are killed and hindered; each must end with every record once and a correct report."""

from __future__ import annotations

import argparse
import importlib.util
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.drill.accidents import ACCIDENTS
from tests.drill.campaigns import Wrong, prepare
from tests.drill.kills import kills_in_attacks, kills_of_one_process, kills_on_workers


def main() -> int:
    parser = argparse.ArgumentParser("drill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="SIGKILLs in all")
    parser.add_argument("--on-workers", type=int, default=20, help="how many of them hit campaigns with workers")
    parser.add_argument("--on-ray", type=int, default=None, help="how many of these hit Ray actors (half, with Ray)")
    parser.add_argument("--in-attacks", type=int, default=12, help="further kills, each in the midst of an attack")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    has_ray = importlib.util.find_spec("ray") is not None
    on_ray = given.on_workers // 2 if given.on_ray is None else given.on_ray
    if on_ray and not has_ray:
        print("drill: Ray is not installed (extra `ray`): its kills hit worker processes instead", flush=True)
        on_ray = 0
    in_actors = given.in_attacks // 2 if has_ray else 0
    in_processes = given.in_attacks - in_actors
    on_processes, alone = given.on_workers - on_ray, given.kills - given.on_workers

    root = Path(tempfile.mkdtemp(prefix="drill-"))
    chance = random.Random(given.seed)
    rounds: list[tuple[str, Callable[[Path], object]]] = [
        (f"{alone} kills of one process", lambda whole: kills_of_one_process(root, whole, alone, chance)),
        (
            f"{on_processes} kills with worker processes",
            lambda whole: kills_on_workers(root, whole, on_processes, chance),
        ),
        (
            f"{on_ray} kills with Ray actors",
            lambda whole: kills_on_workers(root, whole, on_ray, chance, "--ray", "local"),
        ),
        (
            f"{in_processes} kills of worker processes in the midst of attacks",
            lambda whole: kills_in_attacks(root, whole, in_processes, chance),
        ),
        (
            f"{in_actors} kills of Ray actors in the midst of attacks",
            lambda whole: kills_in_attacks(root, whole, in_actors, chance, "--ray", "local"),
        ),
    ]
    rounds = [one for one in rounds if not one[0].startswith("0 ")]
    rounds += [(name, lambda whole, run=run: run(root, whole, chance)) for name, run in ACCIDENTS.items()]
    try:
        whole = prepare(root)
        for name, happens in rounds:
            start = time.monotonic()
            campaigns = happens(whole)
            over = f" over {campaigns} campaigns" if campaigns else ""
            print(
                f"drill: {name}{over}: every record once, reports right ({time.monotonic() - start:.0f} s)", flush=True
            )
    except Wrong as error:
        print(f"drill: seed {given.seed}: {error}\ndrill: the folders are kept in {root}", file=sys.stderr)
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
