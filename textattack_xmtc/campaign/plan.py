"""The options of a campaign that shape its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.protection import Preserve
from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE, GoalName, goal_named
from textattack_xmtc.options import option, options_of, require
from textattack_xmtc.scores import ComputeType
from textattack_xmtc.search_options import (
    CandidateOrder,
    CandidateSource,
    Objective,
    Ranking,
    SenseFilter,
    check_evidence,
    is_noise,
    needs_masked_lm,
    ranking_named,
    require_choice,
)

Mode = Literal["paper", "adv-xmtc"]

_CHOICES: Mapping[str, object] = {
    **{"mode": Mode, "ranking": Ranking, "candidate_order": CandidateOrder, "candidate_source": CandidateSource},
    **{"objective": Objective, "senses": SenseFilter, "masked_lm_dtype": ComputeType},
}
_PUBLISHED: Mapping[str, tuple[str | None, str]] = {
    "ranking": ("masked-delta", "has a ranking of its own"),
    "threshold": (None, "counts the k best alone"),
    "candidate_order": ("all", "asks about all candidates"),
    "candidate_source": ("masked-lm", "takes the masked LM's words"),
    "preserve": (None, "keeps nothing of the label"),
    "masked_lm_dtype": ("float32", "computes in float32"),
}
"""Options that mode adv-xmtc leaves no choice, with why."""

_CHECKED = ("evidence", "goal", "seed", "max_change_rate", "preserve", "preserve_seed")
_POSITIVE = (
    "k",
    "labels_per_bin",
    "samples_per_bin",
    "total",
    "pairs_per_text",
    "candidates",
    "per_label",
    "min_right",
)
_EQUAL_DRAWS: Mapping[str, object] = {"samples_per_bin": 200, "total": None, "pairs_per_text": 1, "samples": None}
_BY_LABEL: Mapping[str, object] = {"labels": None, "min_right": 1}


@dataclass(frozen=True)
class Plan(ReadOptions):
    """A campaign as it was chosen: all that shapes a result, and nothing that does not.

    How the data are read is part of it (`ReadOptions`).

    The fields say what each option is for; those without a remark on `mode` hold in both modes.

    Raises:
        InputError: an invalid value.
    """

    models: tuple[str, ...] = option(
        factory=tuple,
        help="a model folder, or a Python file with a `model`; several are attacked on the same samples",
        flags=("--model",),
        metavar="MODEL",
    )
    data: str = option("", "a folder or file in any known format, hf:NAME, or api-docs", metavar="PATH")
    goal: GoalName = option(POSITIVE, f"what the attack wants: {', '.join(GOALS)}", group="attack")
    k: int = option(5, "how many of the best labels count as predicted", group="attack")
    threshold: str | None = option(
        None,
        "the least score of a label that counts as predicted, beside k: a number, or a file with one for each label "
        "(JSON by name, or a number a line); by default a victim's own, if it has one",
        metavar="SCORE|FILE",
        group="attack",
    )
    max_change_rate: float = option(
        0.1, "share of the words that may be changed (theta)", metavar="SHARE", group="attack"
    )
    candidates: int = option(48, "words of the masked LM that are tried for each word", group="attack")
    masked_lm: str = option(
        "auto", "a folder or hub name; auto: the one kept with the reference model", metavar="NAME", group="attack"
    )
    masked_lm_dtype: ComputeType = option(
        "float32",
        "what the masked LM computes in: bfloat16 is faster on CPUs with AMX and on GPUs, and proposes a few other "
        "words (docs/speed.md)",
        group="attack",
    )
    encoder: str = option("auto", "measures similarity: use, sbert, embedded, ...", metavar="NAME", group="attack")
    mode: Mode = option("paper", "Algorithm 1 (paper), or the published script (adv-xmtc)", group="attack")
    ranking: Ranking = option(
        "masked-delta",
        "the order of the words in mode paper: each masked once (masked-delta), blocks masked and split "
        "(masked-blocks), each exchanged for its first candidate (first-candidate), or random",
        group="attack",
    )
    candidate_order: CandidateOrder = option(
        "all", "which candidates of a word are asked about in mode paper", group="attack"
    )
    candidate_source: CandidateSource = option(
        "masked-lm",
        "where candidates come from in mode paper: masked-lm; or words that speak for the target, by its training "
        "texts (label-texts), its name (label-names), or the victim's answers alone (answers); or words of the same "
        "sense (same-sense); or what noise makes of the word: typos, ocr, ... (docs/noise.md)",
        group="attack",
    )
    objective: Objective = option(
        "targets",
        "how near a text is to the goal in mode paper: the targets' scores (targets), or how far they are above the "
        "label that they must overtake (margin, negative goal)",
        group="attack",
    )
    preserve: str | None = option(
        None,
        "what is kept of the label (docs/validity.md): the content words with the most evidence for the target stay "
        "(frozen), or are exchanged for words of the same sense (paraphrased); as many drawn words stay (random); or "
        "all are free, and what was kept is measured (none). SHARE: of the content words, 0.2",
        metavar="MODE[:SHARE]",
        group="label",
    )
    preserve_seed: int = option(0, "of protected words that are drawn", metavar="N", group="label")
    evidence: str = option(
        "name+texts",
        "what speaks for a label: its name and then its training texts (name+texts), or one of them (name, texts); "
        "closeness to its name (meaning:ENCODER) or to its training texts (meaning-texts:ENCODER); occlusion on "
        "another model (model:FOLDER)",
        metavar="SOURCE",
        group="label",
    )
    evidence_names: str | None = option(
        None, "names of labels that the data call by numbers, as JSON", metavar="FILE", group="label"
    )
    senses: SenseFilter = option(
        "context", "which senses of a word count: those that fit its context, the first, or all", group="label"
    )
    reference_model: str = option(
        "", "decides which samples are right; the first model by default", metavar="MODEL", group="samples"
    )
    labels_per_bin: int | None = option(
        None,
        "labels after which a bin of label frequency closes (L of section 4.1); by default as many as fit the corpus",
        group="samples",
    )
    samples_per_bin: int = option(
        _EQUAL_DRAWS["samples_per_bin"], "drawn from each bin, or the most that all can give", group="samples"
    )
    total: int | None = option(
        None, "about so many of all bins together, in place of --samples-per-bin (Table 3)", group="samples"
    )
    pairs_per_text: int = option(1, "targets that are drawn of one text, at most", group="samples")
    per_label: int | None = option(
        None,
        "positive goal: draw by label, at most so many right texts of each, in place of equal draws from bins; a text "
        "may serve several labels",
        metavar="N",
        group="samples",
    )
    labels: str | None = option(
        None,
        "with --per-label: only the N labels with the most training texts, or those of a file, a name a line",
        metavar="N|FILE",
        group="samples",
    )
    min_right: int = option(
        _BY_LABEL["min_right"], "with --per-label: right texts that a label must have", metavar="N", group="samples"
    )
    cluster: bool = option(
        True, "negative goal: only targets that share a label cluster with a true label (Eq. 4.5)", group="samples"
    )
    texts: str | None = option(
        None,
        "further test texts, in any known format, beside those of the data: for labels that have few",
        metavar="FILE",
        group="samples",
    )
    samples: str | None = option(
        None, "attack these, drawn before (samples.jsonl of a campaign)", metavar="FILE", group="samples"
    )
    seed: int = option(
        0, "of everything that is drawn", flags=("--seed", "--random-seed"), metavar="N", group="samples"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"invalid {name}={value}", "choose 1 or more")
        for name in ("seed", "preserve_seed"):
            if getattr(self, name) < 0:
                raise InputError(f"invalid {name}={getattr(self, name)}", "choose 0 or more")
        if not 0 < self.max_change_rate <= 1:
            raise InputError(
                f"invalid max_change_rate={self.max_change_rate}", "choose a share of the words above 0 and up to 1"
            )
        object.__setattr__(self, "goal", goal_named(self.goal).name)
        object.__setattr__(self, "ranking", ranking_named(self.ranking))
        for name, choices in _CHOICES.items():
            require_choice(name, getattr(self, name), choices)
        check_evidence(self.evidence)
        if self.preserve is not None:
            preserve = Preserve.parse(self.preserve)
            if preserve.mode == "paraphrased" and is_noise(self.candidate_source):
                raise InputError(
                    f"noise has no words of the same sense, and candidate_source={self.candidate_source!r} was chosen "
                    f"with preserve={self.preserve!r}",
                    "use --preserve frozen, random or none",
                )
        for name, (value, rule) in _PUBLISHED.items() if self.mode == "adv-xmtc" else ():
            if getattr(self, name) != value:
                raise InputError(
                    f"mode adv-xmtc {rule}, and {name}={getattr(self, name)!r} was chosen", "use mode paper"
                )
        self._check_draw()
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

    def _check_draw(self) -> None:
        """Refuse options of one way to draw beside the other."""
        by_label = self.per_label is not None
        for name, default in (_EQUAL_DRAWS if by_label else _BY_LABEL).items():
            if getattr(self, name) != default:
                flag = f"--{name.replace('_', '-')}"
                raise InputError(
                    f"{name}={getattr(self, name)!r} does not go {'with' if by_label else 'without'} --per-label",
                    f"leave out {flag}" + ("" if by_label else ", or give --per-label"),
                )
        if by_label and self.goal != POSITIVE:
            raise InputError(
                f"--per-label asks how easily a label is lost, and goal={self.goal!r} was chosen", "use --goal positive"
            )

    def check_used(self) -> None:
        """Refuse options that would change nothing beside the others: who gives one expects it to.

        Plans of campaigns that are there are not checked; older ones may have such options.

        Raises:
            InputError: the message names the option and what would use it.
        """
        names_count = self.evidence.partition(":")[0] in ("name", "name+texts", "meaning")
        measured, given = self.preserve is not None, self.samples is not None
        rules: list[tuple[bool, tuple[str, ...], str]] = [
            (measured, ("evidence", "evidence_names", "preserve_seed"), "give --preserve (none: measured only)"),
            (measured or self.candidate_source == "same-sense", ("senses",), "give --preserve, or words of one sense"),
            (names_count, ("evidence_names",), f"leave it out: --evidence {self.evidence} reads no names"),
            (
                needs_masked_lm(self.candidate_source),
                ("masked_lm", "masked_lm_dtype"),
                f"leave it out: {self.candidate_source} needs none",
            ),
            (self.candidate_source != "same-sense", ("candidates",), "leave it out: all words of a sense are tried"),
            (self.goal == NEGATIVE and not given, ("cluster",), "use it where negative targets are drawn"),
            (self.total is None, ("samples_per_bin",), "give it or --total"),
            (
                not given,
                ("labels_per_bin", "samples_per_bin", "total", "pairs_per_text"),
                "leave it out: --samples has them",
            ),
            (
                bool(self.label_file or self.evidence_names),
                ("label_language",),
                "give --label-file or --evidence-names",
            ),
        ]
        defaults = {field.name: field.default for field in fields(self)}
        for used, names, fix in rules:
            for name in names:
                if not used and getattr(self, name) != defaults[name]:
                    flag = f"--{name.replace('_', '-')}"
                    raise InputError(f"{flag} would change nothing in this campaign", fix)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Plan:
        """The plan with these options; those that are not given have their defaults.

        Raises:
            InputError: models or data are missing, or a value cannot be.

        Example:
            >>> Plan.of({"models": ["runs/plain"], "data": "corpus", "k": 3}).k
            3
        """
        require(options, options_of(cls), "models", "data")
        given: dict[str, Any] = {**options, "models": tuple(options["models"])}
        return cls(**given)

    def settings(self) -> dict[str, Any]:
        """The same as JSON would hold it."""
        return {**asdict(self), "models": list(self.models)}


OPTIONS = tuple(field.name for field in fields(Plan))
"""The names of all options."""


def check_values(options: Mapping[str, Any]) -> None:
    """Refuse invalid values before anything is loaded, as far as they can be told apart from a campaign to resume.

    Raises:
        InputError: a value that no campaign can have.
    """
    for name, value in options.items():
        if name in _CHOICES or name in _POSITIVE or name in _CHECKED:
            goal: dict[str, Any] = {"goal": NEGATIVE} if value == "margin" else {}
            goal |= {"per_label": 1} if name in _BY_LABEL else {}
            Plan.of({"models": ["any"], "data": "any", **goal, name: value})
