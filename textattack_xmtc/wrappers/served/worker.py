"""Answers questions about texts, one line of JSON each, until there are no more.

`process.py` starts this file with the Python of another environment, which need not have this package: so it stands on
the standard library alone, and keeps to what Python 3.8 understands.

    python -I worker.py FILE [ARGUMENT ...]

FILE has a function `load(*arguments)`. What it returns is asked for

- `best(texts, m)`: for each text, pairs of a label's index and its score, the m best where there are as many;
- `score(texts, labels)`, where it has that: for each text, the scores of just these labels;
- `label_names` (a list) or `num_labels`, and where it has them `name`, `score_kind`, `mask` and `floor`.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from typing import Any

FACTS = ("name", "score_kind", "label_names", "num_labels", "mask", "floor")


def main(file: str, *arguments: str) -> int:
    """Load the model, say what it is, and answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    # What a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def say(**what: Any) -> None:
        answers.write(json.dumps(what, default=_plain) + "\n")
        answers.flush()

    try:
        model = runpy.run_path(file)["load"](*arguments)
        facts = {name: getattr(model, name) for name in FACTS if getattr(model, name, None) is not None}
        say(scores_labels=hasattr(model, "score"), **facts)
    except Exception as error:
        say(error=_told(error))
        return 1
    with os.fdopen(0, encoding="ascii") as questions:
        for line in questions:
            question = json.loads(line)
            try:
                say(rows=getattr(model, question.pop("ask"))(**question))
            except Exception as error:
                say(error=_told(error))
    return 0


def _plain(value: Any) -> Any:
    """Arrays, and the numbers of numpy."""
    return value.tolist()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
