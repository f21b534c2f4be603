"""A gate of several conditions in a TOML file, each with a verdict that knows its error.

[vulnerability]         # success rate of the attack, at most: by bin (tail, head, all, or a number)
tail = 0.9
[label-kept]            # the same, counted only where the label still fits (campaign --preserve)
all = 0.1
[labels]                # labels that fall in at most this share of their texts
at-most = 0.7
names = ["Data Mining", "Software Engineering"]
[precision]             # P@k on the test texts, at least
1 = 0.45
[noise]                 # what a measure loses under random noise, at most, for every kind in the file
file = "noise.json"     # written by evaluate --noise ... --out noise.json
measure = "P@1"
rate = 0.05
at-most = 0.03
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import POSITIVE
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.gate import (
    FAILED,
    PASSED,
    SMALLEST_N,
    UNDECIDED,
    Check,
    bin_named,
    bin_of,
    bin_title,
    too_few,
    verdict_of,
    wrong_before,
)
from textattack_xmtc.results.headline import percent, rate_text
from textattack_xmtc.results.labels import FALSE_DISCOVERIES
from textattack_xmtc.results.pooled import above_chances
from textattack_xmtc.results.records import Bin, Model
from textattack_xmtc.results.statistics import Estimate, exact_share, mean_share, wilson
from textattack_xmtc.results.summary import FALLS, SENSE_KEPT, Count

_RATES: Mapping[str, tuple[Count, str]] = {
    "vulnerability": (FALLS, "success rate"),
    "label-kept": (SENSE_KEPT, "success rate, label kept"),
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "labels": ("at-most", "names"),
    "noise": ("file", "measure", "rate", "at-most"),
}
_TABLES = (*_RATES, "labels", "precision", "noise")


@dataclass(frozen=True)
class Gate:
    """The conditions of a gate file, as the module's docstring has them."""

    file: Path
    conditions: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, file: Path | str) -> Gate:
        """Read a gate file.

        Raises:
            DataError: it cannot be read as TOML.
            InputError: it has no condition, an unknown one, or a limit that is no share.
        """
        file = Path(file)
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{file} cannot be read as TOML ({error})", "correct the file") from error
        if not tables:
            raise InputError(f"{file} has no condition", f"give one of {', '.join(f'[{name}]' for name in _TABLES)}")
        for name, table in tables.items():
            _check_table(file, name, table)
        return cls(file, tables)

    def check_campaign(
        self,
        settings: Mapping[str, Any],
        label_names: Sequence[str],
        bins: Sequence[Bin],
        targets: Iterable[int],
        models: Sequence[Mapping[str, Any]],
    ) -> None:
        """Refuse a condition that a campaign cannot answer, before anything is attacked.

        Args:
            bins: the bins that samples were drawn from.
            targets: the label of each sample.
            models: what is written down of each model (`Model.facts`).

        Raises:
            InputError: what is missing, and how to get it.
            DataError: the file of noise cannot be read, or is of another model.
        """
        for table in set(_RATES) & self.conditions.keys():
            if (setting := _RATES[table][0].setting) and settings.get(setting) is None:
                raise InputError(
                    f"{self.file}: the campaign cannot answer [{table}]: it measures nothing of the label",
                    f"run it with --{setting} none (or another mode of docs/validity.md), or remove the condition",
                )
            for name in self.conditions[table]:
                number = bin_named(bins, name, "the campaign")
                drawn = sum(part.drawn for part in bins if number in (None, part.number))
                if drawn < SMALLEST_N:
                    raise InputError(
                        f"{self.file}: the campaign cannot answer [{table}] {name}: {drawn:,} samples are drawn, and a "
                        f"gate needs {SMALLEST_N} or more",
                        "draw more samples, use another bin, or remove the condition",
                    )
        if "labels" in self.conditions:
            self._check_labels(settings, label_names, set(map(int, targets)))
        for k in self.conditions.get("precision", {}):
            if int(k) > int(settings["k"]):
                raise InputError(
                    f"{self.file}: the campaign cannot answer [precision] {k}: it asks for the {settings['k']} best "
                    "labels",
                    "use --k with that number, or a smaller one in the file",
                )
        if "noise" in self.conditions:
            self._noise(models)

    def _check_labels(self, settings: Mapping[str, Any], label_names: Sequence[str], targets: set[int]) -> None:
        if settings["goal"] != POSITIVE:
            raise InputError(
                f"{self.file}: the campaign cannot answer [labels]: its goal is {settings['goal']}",
                "use --goal positive, or remove the condition",
            )
        index = {name: number for number, name in enumerate(label_names)}
        names = self.conditions["labels"]["names"]
        if unknown := [name for name in names if name not in index]:
            raise InputError(
                f"{self.file}: [labels] names what is no label of the data: {', '.join(map(repr, unknown))}",
                "correct the names",
            )
        if missing := [name for name in names if index[name] not in targets]:
            raise InputError(
                f"{self.file}: the campaign cannot answer [labels]: no sample of {', '.join(map(repr, missing))}",
                "draw by label (--per-label); a label that the model never gets right has none, and cannot be judged",
            )

    def checks(self, campaigns: Sequence[Campaign]) -> list[Check]:
        """Every condition on every model of some campaigns.

        Raises:
            InputError: a condition that a campaign cannot answer.
        """
        made: list[Check] = []
        for campaign in campaigns:
            drawn = (campaign.bins, campaign.drawn["target"])
            self.check_campaign(campaign.settings, campaign.label_names, *drawn, [one.facts for one in campaign.models])
        for campaign, model in models_of(campaigns):
            made += self._of_model(campaign, model)
        for campaign in campaigns if "noise" in self.conditions else ():
            made += [Check(campaign.name, *check) for check in self._noise([one.facts for one in campaign.models])]
        return made

    def _of_model(self, campaign: Campaign, model: Model) -> Iterator[Check]:
        for table, (count, what) in _RATES.items():
            for name, limit in self.conditions.get(table, {}).items():
                number = bin_of(campaign, name)
                rate = campaign.results[model.name].rate(number, count, exact=True)
                where = f"{table}, {bin_title(campaign, number)}"
                if rate.n < SMALLEST_N:
                    verdict, reason = UNDECIDED, too_few(rate)
                elif not rate.measured:
                    verdict, reason = UNDECIDED, f"{what} {rate_text(rate)}: some records do not say what was kept"
                else:
                    verdict, reason = _judged(rate, limit, f"{what} {rate_text(rate)}", "samples")
                reason += wrong_before(campaign, model.name, number)
                yield Check(campaign.name, model.name, where, verdict, reason)
        if "labels" in self.conditions:
            yield from self._labels(campaign, model)
        for k, limit in self.conditions.get("precision", {}).items():
            yield self._precision(campaign, model, int(k), limit)

    def _labels(self, campaign: Campaign, model: Model) -> Iterator[Check]:
        """A label fails where a test shows that it falls too often, corrected for the number of labels."""
        names, limit = self.conditions["labels"]["names"], self.conditions["labels"]["at-most"]
        rows, index = campaign.results[model.name].of_bin().rows, {n: i for i, n in enumerate(campaign.label_names)}
        rates = []
        for name in names:
            of_label = rows[rows["target"] == index[name]]
            rates.append(exact_share(np.asarray(of_label[FALLS.key] == 1), of_label["text"]))
        n = np.array([rate.n for rate in rates])
        falls = np.array([round(rate.value * rate.n) if rate.n else 0 for rate in rates])
        chances = np.ones(len(names))
        chances[n > 0] = above_chances(falls[n > 0], n[n > 0], limit)
        for name, rate, chance in zip(names, rates, chances.tolist(), strict=True):
            where = f"labels, {name}"
            if not rate.n:
                yield Check(campaign.name, model.name, where, UNDECIDED, "no sample of it was attacked")
                continue
            verdict, reason = _judged(rate, limit, f"falls in {rate_text(rate)} of its texts", "samples")
            if verdict == FAILED and chance > FALSE_DISCOVERIES:
                verdict, reason = UNDECIDED, f"{reason}, which one of {len(names):,} labels may be by chance"
            yield Check(campaign.name, model.name, where, verdict, reason)

    def _precision(self, campaign: Campaign, model: Model, k: int, limit: float) -> Check:
        measured = {int(row["k"]): row for row in campaign.precision.get(model.name, ())}
        if k not in measured:
            raise InputError(
                f"{self.file}: {campaign.folder} does not say P@{k} of {model.name}",
                "run the campaign again with this version",
            )
        row = measured[k]
        estimate = mean_share(row["value"], row["error"], int(row["n"]))
        verdict, reason = _of_texts(estimate, limit, f"P@{k}", at_most=False)
        return Check(campaign.name, model.name, f"precision, P@{k}", verdict, reason)

    def _noise(self, models: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
        """Model, condition, verdict and reason for each kind of noise.

        Raises:
            DataError: the file was not written by `evaluate --noise`, or without this measure and rate, or of a model
                that the campaign does not have.
        """
        asked = self.conditions["noise"]
        file, measure, rate, limit = (asked[key] for key in _KEYS["noise"])
        file = self.file.parent / file
        made = []
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            name = next((one["name"] for one in models if one["fingerprint"] == content["fingerprint"]), None)
            for curve in content["noise"]:
                row = curve["losses"][measure][curve["rates"].index(rate)]
                loss = Estimate(row["value"], row["low"], row["high"], int(curve["texts"]))
                verdict, reason = _of_texts(loss, limit, f"loss of {measure} at a rate of {percent(rate)}")
                made.append((str(name), f"noise, {curve['kind']}", verdict, reason))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.file}: {file} does not say what {measure} loses at a noise rate of {rate} ({error!r})",
                f"write it with textattack-xmtc evaluate --noise KIND --noise-rate {rate} --out {file.name}",
            ) from error
        if name is None:
            raise DataError(
                f"{self.file}: {file} is of a model that this campaign does not have",
                "measure this release: textattack-xmtc evaluate MODEL --noise KIND --out " + file.name,
            )
        if not made:
            raise DataError(f"{self.file}: {file} has no kind of noise", "write it with evaluate --noise KIND")
        return made


def _judged(estimate: Estimate, limit: float, shown: str, what: str, at_most: bool = True) -> tuple[str, str]:
    """The verdict on an estimate, with its reason."""
    verdict, needed = verdict_of(estimate, limit, at_most)
    reason = f"{shown}, n = {estimate.n:,}; "
    if verdict != UNDECIDED:
        side = ("within" if at_most else "at least") if verdict == PASSED else ("above" if at_most else "below")
        return verdict, f"{reason}{side} {percent(limit)}"
    more = f"about {needed:,} {what} would tell" if needed else "no number of samples tells it from the limit"
    return verdict, f"{reason}its interval reaches across {percent(limit)}: {more}"


def _of_texts(estimate: Estimate, limit: float, what: str, at_most: bool = True) -> tuple[str, str]:
    """The verdict on a mean over texts, with its reason.

    Texts that all agree show no spread: the interval is then as wide as that of a share that was never seen.
    """
    unseen = wilson(0, estimate.n).high if estimate.n and estimate.high == estimate.low else 0.0
    estimate = replace(estimate, low=estimate.low - unseen, high=estimate.high + unseen)
    if estimate.n < SMALLEST_N:
        few = f"n = {estimate.n:,} test texts are too few: a gate needs {SMALLEST_N} or more"
        return UNDECIDED, f"{few}; {_precise(what, estimate)}"
    return _judged(estimate, limit, _precise(what, estimate), "test texts", at_most)


def _precise(what: str, estimate: Estimate) -> str:
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{what} {value:.1f}% ({low:.1f} to {high:.1f}%)"


def _check_table(file: Path, name: str, table: Any) -> None:
    """Refuse what no gate file can have.

    Raises:
        InputError: as `Gate.read` says.
    """
    if name not in _TABLES:
        raise InputError(f"{file}: unknown condition [{name}]", f"choose among {', '.join(_TABLES)}")
    if not isinstance(table, dict) or not table:
        raise InputError(f"{file}: [{name}] has no limit", "give one, or remove it")
    if name in _KEYS:
        if set(table) != set(_KEYS[name]):
            raise InputError(
                f"{file}: [{name}] has {', '.join(sorted(table))}", f"give {', '.join(_KEYS[name])}, and nothing else"
            )
        texts = {key: table[key] for key in ("file", "measure") if key in table}
        limits = {key: table[key] for key in ("at-most", "rate") if key in table}
        names = table.get("names", ["any"])
        good = isinstance(names, list) and names and all(isinstance(one, str) for one in names)
        if not good or len(set(names)) < len(names) or not all(isinstance(text, str) for text in texts.values()):
            raise InputError(
                f"{file}: [{name}] has values of another kind", "give names as a list of different strings"
            )
    else:
        limits = table
    for key, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= 1:
            raise InputError(f"{file}: [{name}] {key} is {limit!r}", "give a share between 0 and 1")
    if name == "precision":
        for k in table:
            if not (k.isdecimal() and k.isascii() and int(k) >= 1):
                raise InputError(f"{file}: [precision] has {k!r}", "give k of P@k, as in 1 = 0.45")
