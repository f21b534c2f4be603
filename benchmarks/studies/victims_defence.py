"""Claim (d) on stronger victims: is a sentence encoder with rows trained on PW-cb harder to attack on rare labels?

    python -m benchmarks.studies.victims_defence --victims FOLDER --masked-lm FOLDER --out FOLDER [--tables-only]

FOLDER of `--victims` is the `--out` of `benchmarks.studies.victims`, whose models "linear" and "linear-pw-cb" on
`tib-ci` are attacked: Algorithm 1 on samples that the plain one gets right, drawn anew for each seed. Campaigns resume.
The table pools the seeds whose campaign is complete; where a text was drawn for several, its intervals are bootstraps
over texts. It goes between its marks in `docs/results.md`, its numbers to `victims_defence.json`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.studies.findings import COMMAND
from benchmarks.studies.findings_tables import ANY, HALF, Table, percent, points, put_tables
from benchmarks.studies.victims import SEEDS
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.statistics import difference_of, share_of
from textattack_xmtc.results.summary import SampleResults

CORPUS, RESULTS = "tib-ci", Path(__file__).with_suffix(".json")
OPTIONS = ("--labels-per-bin", "100", "--samples-per-bin", "30", "--goal", "positive", "--encoder", "embedded")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--victims", "--masked-lm", "--out"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--tables-only", action="store_true", help="run no campaign")
    options = parser.parse_args()
    folders = {seed: options.out / f"seed-{seed}" for seed in SEEDS}
    for seed, folder in {} if options.tables_only else folders.items():
        chosen = ["--masked-lm", str(options.masked_lm), "--out", str(folder), *OPTIONS]
        for model in ("linear", "linear-pw-cb"):
            chosen += ["--model", str(options.victims / "models" / f"{CORPUS}-{model}-{seed}")]
        chosen += ["--data", str(options.victims / "corpora" / CORPUS), "--resume"]
        subprocess.run([sys.executable, "-c", COMMAND, "campaign", *chosen], check=True)
    there = [read_campaign(folder) for folder in folders.values() if (folder / "campaign.json").exists()]
    there = [one for one in there if all(len(model.records) == len(one.samples) for model in one.models)]
    put_tables({"victims-defence": defence(there)}, RESULTS)


def defence(campaigns: Sequence[Campaign]) -> Table:
    """The reweighted model against the plain one, on the rarest and the most frequent bin, over all campaigns."""
    head = ["bin", "counted when", "seeds", "n", "plain", "PW-cb", "of these wrong before", "difference (points)"]
    head += ["right on both: difference (points)", "n both"]
    rows = []
    for end, name in ((0, "tail"), (-1, "head")):
        for setting in (ANY, HALF):
            parts = [compared(one, one.bins[end].number, setting.share * one.max_change_rate) for one in campaigns]
            plain, other, wrong, texts = (np.concatenate(part) for part in zip(*parts, strict=True))
            _, texts = np.unique(texts, return_inverse=True)
            every, _ = difference_of(other, plain, texts)
            both, _ = difference_of(other[~wrong], plain[~wrong], texts[~wrong])
            values = [
                percent(share_of(plain, texts)),
                percent(share_of(other, texts)),
                f"{wrong.sum()} of {len(wrong)}",
            ]
            values += [points(every), points(both), str(both.n)]
            rows.append([name, setting.name, str(len(campaigns)), str(len(plain)), *values])
    return head, rows


def compared(campaign: Campaign, number: int, limit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each sample of a bin: lost by the plain model, by the other, by the other before the attack; and its text."""
    sides = [campaign.results[model.name].of_bin(number, wrong_counts=True).rows for model in campaign.models]
    common = sides[0].index.intersection(sides[1].index)
    one, two = (SampleResults(rows.loc[common]) for rows in sides)
    before = [np.asarray(side.rows["wrong_before"], dtype=bool) for side in (one, two)]
    lost = [side.passed(limit=limit) | wrong for side, wrong in zip((one, two), before, strict=True)]
    return lost[0], lost[1], before[1], np.array([campaign.samples[number].text_id for number in common])


if __name__ == "__main__":
    main()
