"""Do attacks transfer? Adversarial texts of a campaign, tried on models that they were not made for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.campaign.attack import UNKNOWN_LABEL
from textattack_xmtc.campaign.folder import check_files
from textattack_xmtc.campaign.victims import Victim, distinct_names, load_victim, model_facts
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import TRANSFERS, TRIALS, read_transfers, record_file
from textattack_xmtc.results.records import ERROR, FAILED, SKIPPED, SUCCEEDED, WRONG_BEFORE, Sample
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.workdir.files import RecordWriter, write_json, writing
from textattack_xmtc.workdir.interrupt import Asked
from textattack_xmtc.workdir.progress import Progress
from textattack_xmtc.wrappers.naming import fingerprint_of

_AT_ONCE = 32  # adversarial texts; up to three texts are asked about for each

JSON = dict[str, Any]


class AdversarialText(NamedTuple):
    """An adversarial text: the model that it was found on, the sample, the text, and a control (or None)."""

    source: str
    sample: Sample
    text: str
    control: str | None


def add_transfers(out: Path, campaign: Campaign, sources: Sequence[str], device: str | None = None) -> None:
    """Write down that the adversarial texts of a campaign are to be tried on further models.

    Each is loaded once, so that what does not fit is said before anything is attacked.

    Args:
        sources: model folders, or Python files with a `model`; those that are written down already are left out.

    Raises:
        InputError: there is no such model, it does not fit the corpus, or it is the only one that is attacked.
        ModelFolderError: it cannot be loaded.
        XMTCError: the folder cannot be written.
    """
    listed = read_transfers(out)
    new = [source for source in dict.fromkeys(sources) if source not in {facts["folder"] for facts in listed}]
    if not new:
        return
    # A model of the campaign keeps its name.
    own_names = {str(model.facts["folder"]): model.name for model in campaign.models}
    taken = [*own_names.values(), *(facts["name"] for facts in listed)]
    names = {**distinct_names([source for source in new if source not in own_names], taken), **own_names}
    for source in new:
        prints = {model.facts["fingerprint"] for model in campaign.models}
        if prints == {fingerprint_of(source)}:
            raise InputError(
                f"{source!r} is the model that the campaign attacks: its adversarial texts were found on it",
                "name another model with --transfer-to",
            )
        victim = load_victim(names[source], source, campaign.label_names, device, campaign.settings.get("threshold"))
        victim.model.decision_rule(campaign.k)
        facts = model_facts(victim, source, right=0)
        del facts["right"]  # nobody has asked
        listed.append(facts)
    with writing(out / TRANSFERS):
        write_json(out / TRANSFERS, listed)


def run_transfers(out: Path, campaign: Campaign, interruption: Asked, device: str | None = None) -> bool:
    """Try every adversarial text on every other model that is written down, each once.

    Args:
        interruption: once somebody has asked for it, no further texts are tried.

    Returns:
        Whether all have a record.

    Raises:
        InputError: a model is not the one that was written down.
        ModelFolderError, MissingExtraError: it cannot be loaded.
        XMTCError: a record cannot be written.
    """
    for transfer in campaign.transfers:
        pairs = campaign.to_transfer(transfer.facts)
        todo = [(model, number) for model, number in pairs if (model.name, number) not in transfer.trials]
        if not todo:
            continue
        check_files(transfer.facts)
        threshold = campaign.settings.get("threshold")
        victim = load_victim(transfer.name, str(transfer.facts["folder"]), campaign.label_names, device, threshold)
        trials = Trials(victim, campaign.goal, campaign.k)
        outcomes = [trial.outcome for trial in transfer.trials.values()]
        with (
            RecordWriter(record_file(out, TRIALS, transfer.name)) as writer,
            Progress(f"tried on {transfer.name}", len(pairs), outcomes) as progress,
        ):
            for start in range(0, len(todo), _AT_ONCE):
                if interruption.asked:
                    return False
                batch = [
                    adversarial_text(model.name, campaign.samples[number], str(model.records[number].adversarial))
                    for model, number in todo[start : start + _AT_ONCE]
                ]
                for row in trials.records(batch):
                    writer.append(row)
                    progress.add(row)
    return True


def adversarial_text(source: str, sample: Sample, text: str) -> AdversarialText:
    """An adversarial text with its control."""
    return AdversarialText(source, sample, text, control_text(sample.text, text, sample.number))


def control_text(original: str, adversarial: str, seed: int) -> str | None:
    """`original` with as many words exchanged as in `adversarial`, for the same new words, but others of its words.

    Where a model loses a label by this text as well, it is not that the attack has one the right words. Function
    words are left alone, as the attack leaves them.

    Returns:
        The text; None where too few words are left, or words were not just exchanged.

    Example:
        >>> control_text("the lonely meadow", "the lonely harbour", 0)
        'the harbour meadow'
    """
    first, final = AttackedText(original), AttackedText(adversarial)
    if len(first.words) != len(final.words):
        return None
    pairs = list(zip(first.words, final.words, strict=True))
    new = [after for before, after in pairs if before != after]
    kept_out = ENGLISH | {word.lower() for word in new}
    others = [
        place for place, (before, after) in enumerate(pairs) if before == after and before.lower() not in kept_out
    ]
    if not new or len(others) < len(new):
        return None
    places = np.random.default_rng(seed).choice(others, len(new), replace=False).tolist()
    return str(first.replace_words_at_indices(places, new).text)


class Trials:
    """Turns adversarial texts into records of what they do to a model that they were not found on.

    The model must meet the goal's condition on the original text (positive: the target is among its k best; negative:
    it is not; untargeted: a true label is), otherwise there is nothing to lose: such texts are skipped. The goal is
    then read off the k best labels of the adversarial text, and of the control.
    """

    def __init__(self, victim: Victim, goal: str, k: int) -> None:
        self._victim, self._goal, self._k = victim, GOALS[goal], k
        self._rule = victim.model.decision_rule(k)

    def records(self, batch: Sequence[AdversarialText]) -> list[JSON]:
        """A record for each text. Where the model fails over one of them, that one's record says so."""
        try:
            return self._tried(batch)
        except Exception as error:  # whatever it is, the texts beside it are not to be lost
            if len(batch) > 1:
                return [row for one in batch for row in self.records([one])]
            return [_record(self._goal.name, batch[0], ERROR, f"{type(error).__name__}: {error}")]

    def _tried(self, batch: Sequence[AdversarialText]) -> list[JSON]:
        before = self._best(one.sample.text for one in batch)
        at_stake = {place: self._at_stake(one.sample, before[one.sample.text]) for place, one in enumerate(batch)}
        tried = [one for place, one in enumerate(batch) if at_stake[place]]
        after = self._best(text for one in tried for text in (one.text, one.control) if text is not None)
        rows = []
        for place, one in enumerate(batch):
            best, labels = before[one.sample.text], at_stake[place]
            if not labels:
                unknown = not self._goal.true_targets and self._victim.from_corpus[one.sample.target] < 0
                reason = UNKNOWN_LABEL if unknown else WRONG_BEFORE
                rows.append(_record(self._goal.name, one, SKIPPED, reason, before=best, queries=1))
                continue
            outcome = SUCCEEDED if self._goal.reached(after[one.text], labels) else FAILED
            control: JSON | None = None
            if one.control is not None:
                top = after[one.control]
                control = {"text": one.control, "top_k": top, "reached": self._goal.reached(top, labels)}
            kept = {"before": best, "after": after[one.text], "control": control}
            rows.append(_record(self._goal.name, one, outcome, None, **kept, queries=2 + (control is not None)))
        return rows

    def _best(self, texts: Iterable[str]) -> dict[str, list[int]]:
        """The labels shown for each text, at most k, as the corpus counts them."""
        distinct = list(dict.fromkeys(texts))
        labels, scores = self._victim.model.top_k(distinct, self._k)
        labels = np.where(self._rule.are_shown(labels, scores), labels, NOTHING)
        rows = self._victim.in_corpus(labels).tolist()
        return {text: [label for label in row if label != NOTHING] for text, row in zip(distinct, rows, strict=True)}

    def _at_stake(self, sample: Sample, best: Sequence[int]) -> frozenset[int]:
        """The labels that are to leave the k best, or to enter them; none where the goal has no work."""
        known = self._victim.from_corpus[sample.target] >= 0
        return self._goal.at_stake(best, sample.labels, [sample.target] if known else [])


def _record(goal: str, one: AdversarialText, outcome: str, reason: str | None, **more: Any) -> JSON:
    sample = one.sample
    head = {"source": one.source, "sample": sample.number, "text_id": sample.text_id, "target": sample.target}
    nothing: JSON = {"before": None, "after": None, "control": None, "queries": 0}
    return {**head, "bin": sample.bin, "goal": goal, "outcome": outcome, "reason": reason, **nothing, **more}
