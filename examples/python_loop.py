"""An attack in a loop of one's own: over a JSON Lines file, with a summary that TextAttack does not have.

    python examples/python_loop.py [MODEL_FOLDER] [FILE.jsonl] [HOW_MANY]

Without arguments: the demo victim (the first run trains it, a few minutes) and 15 texts that it was not trained on. The
file holds one {"text": "...", "labels": ["...", ...]} a line.
"""

import json
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import mean

from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult

from textattack_xmtc import XMTCPositive
from textattack_xmtc.models.demo import demo_folder
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import ScorerWrapper


def attacks(attack, rows):
    """One attack a true label, with the label it was made on."""
    for row in rows:
        for label in row["labels"]:
            truth = GroundTruth(tuple(row["labels"]), targets=(label,))
            yield label, attack.attack(row["text"], truth.encode())


def main(folder=None, file=None, how_many=15):
    folder = Path(folder) if folder else demo_folder()
    attack = XMTCPositive.build(ScorerWrapper.from_folder(folder), k=5, max_change_rate=0.1, encoder="embedded")
    with Path(file or folder / "test.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, int(how_many))]

    outcomes, queries, similarities, worst = Counter(), [], [], Counter()
    for label, result in attacks(attack, rows):
        outcomes[type(result).__name__.removesuffix("AttackResult").lower()] += 1
        if isinstance(result, SkippedAttackResult):
            continue  # the label was not among the 5 best to begin with, or the text is too short
        queries.append(result.num_queries)
        if isinstance(result, SuccessfulAttackResult):
            first, final = result.original_result, result.perturbed_result
            (target,) = final.targets
            similarities.append(final.similarity.cosine)
            worst[label] = final.raw_output.ranks[target]
            changed = first.attacked_text.all_words_diff(final.attacked_text)
            before = " ".join(first.attacked_text.words[i] for i in sorted(changed))
            after = " ".join(final.attacked_text.words[i] for i in sorted(changed))
            print(f"{label:>20} rank {first.raw_output.top.rank(target)} -> {worst[label]:<5} {before} -> {after}")

    attacked = outcomes["successful"] + outcomes["failed"]
    print(f"\n{sum(outcomes.values())} labels of {len(rows)} texts: {dict(outcomes)}")
    if attacked:
        print(f"success rate {outcomes['successful'] / attacked:.0%}, {mean(queries):.0f} queries an attack")
    if similarities:
        print(f"similarity of the successes {mean(similarities):.3f} ({attack.encoder.name})")
        print("fell furthest: " + ", ".join(f"{label} ({rank})" for label, rank in worst.most_common(3)))


if __name__ == "__main__":
    main(*sys.argv[1:])
