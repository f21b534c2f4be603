"""How an attack spends its queries: the names by which recipes, campaigns and the command line call it."""

from __future__ import annotations

from typing import Literal

Ranking = Literal["masked-delta", "masked-blocks", "first-candidate", "random"]
"""In which order words are tried.

`masked-delta`: every word is masked once (Algorithm 1). `masked-blocks`: blocks of words are masked, and only those are
split that come to the front. `first-candidate`: every word is exchanged once for its first candidate, which tells where
new words help most. `random`: no query is spent.
"""

Objective = Literal["targets", "margin"]
"""How near a text is to the goal.

`targets`: the sum of the targets' scores (Algorithm 1). `margin`: how far the targets are above the label that they
must overtake, as a difference of log-odds; only for targets that are to rise.
"""

CandidateOrder = Literal["all", "until-goal", "while-better"]
"""How many of a word's candidates are asked about, in the masked LM's order.

`all`: every one, in one go (Algorithm 1). `until-goal`: in chunks, up to the first chunk whose best candidate reaches
the goal; so it succeeds wherever `all` does. `while-better`: the same, and also no further than two chunks in a row
that hold nothing better than what was there before them.
"""

CandidateSource = Literal["masked-lm", "label-texts", "label-names", "answers"]
"""Where a word's candidates come from; all are among the words that the masked LM finds plausible in its place.

`masked-lm`: its best (the paper). The others put first what speaks for the labels under attack: `label-texts` by the
labels' training texts, `label-names` by their names alone, `answers` by what the victim has answered in this example.
"""
