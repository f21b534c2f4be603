"""How often labels fall to random noise, and how often to a search that places the same noise.

    python -m benchmarks.studies.noise MODEL CAMPAIGN [CAMPAIGN ...] [--seeds N]

Each CAMPAIGN is a finished `campaign --model MODEL --candidate-source KIND`, so its records are the worst case. The
average case is measured here, on the same texts and labels: each word is hit at the campaign's change rate, and the
label has fallen where it is no longer among the k best; the mean over N draws. Prints a table in Markdown, with 95%
intervals: Wilson's of the campaigns, a bootstrap over texts of the average.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textattack_xmtc.campaign.victims import load_victim
from textattack_xmtc.results.folder import read_campaign, read_samples_file
from textattack_xmtc.results.records import FAILED, SUCCEEDED
from textattack_xmtc.results.statistics import Estimate, bootstrap_ratios, wilson
from textattack_xmtc.transformations.noise import NOISE, noisy_text


def percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low * 100:.1f} to {estimate.high * 100:.1f}%)"


def row(source: str, folder: Path, seeds: int) -> str:
    campaign = read_campaign(folder)
    kind, rate = campaign.settings["candidate_source"], campaign.max_change_rate
    victim = load_victim("model", source, campaign.label_names)
    records = {n: record for n, record in campaign.models[0].records.items() if record.outcome in (SUCCEEDED, FAILED)}
    samples = [one for one in read_samples_file(folder / "samples.jsonl") if one.number in records]
    targets = victim.from_corpus[[one.target for one in samples]]

    def falls(texts: Sequence[str]) -> np.ndarray:
        shown = victim.model.top_k(texts, campaign.k)[0]
        return np.asarray((shown != targets[:, None]).all(axis=1))

    if falls([one.text for one in samples]).any():
        raise SystemExit(f"{folder} is not a campaign on {source}: labels are missing without noise")
    average, changed = np.zeros(len(samples)), 0.0
    for seed in range(seeds):
        noisy = [noisy_text(one.text, kind, rate, seed) for one in samples]
        average += falls([one.text for one in noisy]) / seeds
        changed += sum(one.changed for one in noisy) / sum(one.words for one in noisy) / seeds
    (random,) = bootstrap_ratios(average[:, None], np.ones((len(samples), 1)))
    reached = [campaign.reached(records[one.number]) for one in samples]
    rates = [records[one.number].change_rate for one, fell in zip(samples, reached, strict=True) if fell]
    searched = f"{np.mean(rates):.1%}" if rates else "-"
    search = wilson(sum(reached), len(reached))
    keeps = NOISE[kind].keeps
    return f"| {kind} | {keeps} | {len(samples)} | {changed:.1%} | {percent(random)} | {searched} | {percent(search)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("campaigns", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    print("| kind | a reader keeps | n | random: words changed | labels fall | search: words changed | labels fall |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for folder in arguments.campaigns:
        print(row(arguments.model, folder, arguments.seeds), flush=True)


if __name__ == "__main__":
    main()
