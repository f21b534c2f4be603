"""What someone chose for a campaign: the options of the command line and the keys of its TOML file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import GOALS, POSITIVE, GoalName, goal_named
from textattack_xmtc.search_options import CandidateOrder, CandidateSource, Objective, Ranking

Mode = Literal["paper", "adv-xmtc"]

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": get_args(Mode),
    "ranking": get_args(Ranking),
    "candidate_order": get_args(CandidateOrder),
    "candidate_source": get_args(CandidateSource),
    "objective": get_args(Objective),
}
_POSITIVE = ("k", "labels_per_bin", "samples_per_bin", "total", "pairs_per_text", "candidates")
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Plan:
    """A campaign as it was chosen; all that shapes a result, and nothing that does not.

    Attributes:
        models: model folders, or Python files with a `model`; all are attacked on the same samples.
        data: what `load_corpus` takes.
        reference_model: the one that decides what is right; the first by default.
        goal: what the attack wants of the target.
        k: how many labels count as predicted.
        max_change_rate: theta, share of the words that may be changed.
        labels_per_bin: labels after which a bin closes (L of section 4.1); by default as many as fit the corpus.
        samples_per_bin: samples drawn from each bin.
        total: where given, samples of all bins together, about; it takes the place of `samples_per_bin` (Table 3).
        pairs_per_text: at most so many (text, target) pairs are drawn of one text.
        cluster: negative goal: only targets that share a cluster with a true label of the text (Eq. 4.5).
        candidates: words of the masked LM that are tried for each word.
        mode: Algorithm 1 ("paper") or the published script ("adv-xmtc").
        ranking: the order of the words in mode paper.
        candidate_order: how a word's candidates are asked about in mode paper.
        candidate_source: where they come from in mode paper; the training texts of "label-texts" are those of `data`.
        objective: how near a text is to the goal in mode paper.
        encoder: measures similarity; as `load_encoder` takes it.
        masked_lm: a folder or hub name; "auto" is the one kept with the reference model.
        seed: of bins' draws, clusters and the random ranking.
        samples: a file of samples drawn before, to be attacked instead of new ones.

    Raises:
        InputError: a value that cannot be.
    """

    models: tuple[str, ...]
    data: str
    reference_model: str = ""
    goal: GoalName = POSITIVE
    k: int = 5
    max_change_rate: float = 0.1
    labels_per_bin: int | None = None
    samples_per_bin: int = 200
    total: int | None = None
    pairs_per_text: int = 1
    cluster: bool = True
    candidates: int = 48
    mode: Mode = "paper"
    ranking: Ranking = "masked-delta"
    candidate_order: CandidateOrder = "all"
    candidate_source: CandidateSource = "masked-lm"
    objective: Objective = "targets"
    encoder: str = "auto"
    masked_lm: str = "auto"
    seed: int = 0
    samples: str | None = None

    def __post_init__(self) -> None:
        if not self.models:
            raise InputError("there is no model to attack", "give --model FOLDER (or FILE.py), once or several times")
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}={value} is not a number of anything", "choose 1 or more")
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is below 0", "choose 0 or more")
        if not 0 < self.max_change_rate <= 1:
            raise InputError(
                f"max_change_rate={self.max_change_rate} is not a share of the words", "choose one above 0 and up to 1"
            )
        object.__setattr__(self, "goal", goal_named(self.goal).name)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"{name}={getattr(self, name)!r} is unknown", f"choose {' or '.join(choices)}")
        if self.mode == "adv-xmtc" and self.ranking != "masked-delta":
            raise InputError(
                f"mode adv-xmtc has a ranking of its own, and ranking={self.ranking!r} was chosen", "use mode paper"
            )
        if self.mode == "adv-xmtc" and self.candidate_order != "all":
            raise InputError(
                f"mode adv-xmtc asks about all candidates, and candidate_order={self.candidate_order!r} was chosen",
                "use mode paper",
            )
        if self.mode == "adv-xmtc" and self.candidate_source != "masked-lm":
            raise InputError(
                f"mode adv-xmtc takes the masked LM's words, and candidate_source={self.candidate_source!r} was chosen",
                "use mode paper",
            )
        if self.objective == "margin" and (self.mode == "adv-xmtc" or GOALS[self.goal].minimize):
            raise InputError(
                f"objective='margin' is for targets that are to rise, and goal={self.goal!r} in mode {self.mode} was "
                "chosen",
                "use it with goal negative in mode paper",
            )
        twice = next((model for model in self.models if self.models.count(model) > 1), None)
        if twice is not None:
            raise InputError(f"the model {twice!r} is named twice", "name each once")
        if not self.reference_model:
            object.__setattr__(self, "reference_model", self.models[0])
        if self.reference_model not in self.models:
            raise InputError(
                f"the reference model {self.reference_model!r} is none of the models {', '.join(self.models)}",
                "name it as one of the models",
            )

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Plan:
        """The plan with these options; what is not said has its default.

        Raises:
            InputError: models or data are missing, or a value cannot be.

        Example:
            >>> Plan.of({"models": ["runs/plain"], "data": "corpus", "k": 3}).k
            3
        """
        missing = {"models": "--model FOLDER", "data": "--data PATH"}
        for name, option in missing.items():
            if not options.get(name):
                raise InputError(f"a campaign needs {name}, and there are none", f"give {option}")
        given: dict[str, Any] = {**options, "models": tuple(options["models"])}
        return cls(**given)

    def settings(self) -> dict[str, Any]:
        """The same as JSON would hold it."""
        return {**asdict(self), "models": list(self.models)}


OPTIONS = tuple(field.name for field in fields(Plan))
"""The names of all options."""

_TYPES: Mapping[str, type] = {
    **dict.fromkeys((*_POSITIVE, "seed"), int),
    "max_change_rate": float,
    "cluster": bool,
    "models": list,
    "transfer_to": list,
}

_BESIDE = ("out", "transfer_to")  # keys of the file that shape no record


def read_options(file: Path) -> dict[str, Any]:
    """The options in a TOML file: the names of the command line, with `_` or `-`, and `model` or `models`.

    Beside those of a plan there may be `out` and `transfer_to`.

    Raises:
        DataError: the file cannot be read.
        InputError: a key that is no option, or a value of another kind.
    """
    try:
        with file.open("rb") as opened:
            found = tomllib.load(opened)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as TOML ({error})", "correct the file") from error
    options = {}
    for key, value in found.items():
        name = key.replace("-", "_")
        name = "models" if name == "model" else name
        if name not in (*OPTIONS, *_BESIDE):
            near = difflib.get_close_matches(name, (*OPTIONS, *_BESIDE), n=1)
            raise InputError(
                f"{file}: {key!r} is no option of a campaign",
                f"did you mean {near[0]!r}?" if near else "see textattack-xmtc campaign --help",
            )
        options[name] = _typed(name, value, file)
    return options


def _typed(name: str, value: Any, file: Path) -> Any:
    kind: type = _TYPES.get(name, str)
    if kind is list and isinstance(value, str):
        value = [value]
    if kind is bool and value in ("yes", "no"):
        value = _YES_NO[value]
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
        expected = {int: "a whole number", float: "a number", bool: "true or false", list: "a list of folders"}
        raise InputError(f"{file}: {name} is {value!r}", f"give {expected.get(kind, 'a string')}")
    return value
