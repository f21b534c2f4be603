"""A hardened model folder from a trained one: in one go or in several."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.reserve import reserve_of
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence
from textattack_xmtc.hardening.fine_tuning import FineTuning, settings_of
from textattack_xmtc.hardening.held_out import HeldOut
from textattack_xmtc.hardening.labels import align_labels
from textattack_xmtc.hardening.options import NOT_IN_0_1_0, HardeningOptions, dropped
from textattack_xmtc.hardening.protected_tokens import ProtectedTokens
from textattack_xmtc.hardening.rounds import Rounds
from textattack_xmtc.hardening.schedule import PROBED, Clock, Schedule, schedule_of, within_budget
from textattack_xmtc.hardening.unlabelled import own_labels, texts_beside
from textattack_xmtc.models.architecture import ARCHITECTURES
from textattack_xmtc.models.folder import CONFIG, TRAINING, load_model, read_dict
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import SHOWN
from textattack_xmtc.models.training.plan import held_out_of, measured_on_test, save_trained
from textattack_xmtc.workdir.files import write_json
from textattack_xmtc.workdir.folders import check_writable
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.workdir.provenance import fingerprint
from textattack_xmtc.workdir.resume import check_config, unfinished_folder

JSON = dict[str, Any]
SCHEDULE, CHECKPOINT = "schedule.json", "checkpoint.pt"


def harden_folder(
    victim: Path | str,
    corpus: Corpus,
    options: HardeningOptions,
    out: Path | str,
    *,
    unlabelled: Corpus | None = None,
    loss: LossSettings | None = None,
    resume: bool = False,
    device: str | None = None,
    checkpoint_seconds: float = 120.0,
) -> JSON:
    """Train a model further, on clean and attacked texts, and save it as a folder, which is there only when complete.

    Until then the state lies beside it in `OUT.unfinished`, renewed after each round: the weights, the texts of the
    round and the schedule. On a CPU, a hardening that was interrupted and resumed gives the weights of one that was
    not; with a budget, from the moment when the schedule has been made from it.

    Args:
        corpus: what it was trained on, with a split "train"; "test" is measured on in the end and kept. What the
            model's training set aside stays aside.
        unlabelled: further texts to train on; their labels are the model's own (`hardening.unlabelled`).
        loss: what is trained on; by default what the model was trained on.
        resume: resume from what lies in `OUT.unfinished`; where nothing does, start.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        checkpoint_seconds: how often the state is written within a round.

    Returns:
        What is saved as `training.json`: that of the model, with `hardened`: what from, how, the log, the seconds.

    Raises:
        InputError: the model cannot be trained, the data are not its own, there is nothing to attack, the folder or an
            unfinished hardening exists already, or the unfinished one has another configuration.
        ModelFolderError: the folder is damaged.
    """
    victim, out = Path(victim), Path(out)
    work = unfinished_folder(out, "hardening", resume)
    check_writable(out)
    if victim.is_dir() and not (victim / CONFIG).is_file():
        raise InputError(
            f"{str(victim)!r} is not a model folder that can be trained",
            f"give the folder of one of {', '.join(ARCHITECTURES)}, as `train` makes it",
        )
    model = load_model(victim, device)
    kept = read_dict(victim, TRAINING) if (victim / TRAINING).is_file() else {}
    settings = settings_of(model, kept)
    loss = loss or _loss_of(kept)
    rows = reserve_of(align_labels(corpus, model.label_names), kept)
    held_out = _held_out(kept, rows)
    data = rows.holding_out(held_out, int(((kept.get("plan") or {}).get("settings") or {}).get("seed", 0)))
    options = _as_begun(work, options)
    config = {
        "victim": fingerprint(victim),
        "corpus": corpus.fingerprint,
        "unlabelled": None if unlabelled is None else unlabelled.fingerprint,
        "options": asdict(options),
        "loss": json.loads(json.dumps(asdict(loss))),
    }
    planned = _planned(work, config)
    counts, train = rows.label_counts, data.split("train")
    texts, labels = list(train["text"]), list(train["labels"])
    clock = Clock()
    if unlabelled is not None:
        more = texts_beside(unlabelled, corpus)
        labels += own_labels(model, more, labels)
        texts += more
        say(f"{len(more):,} texts without labels beside the {len(train):,} with labels")
    watched, measured = data.split("validation"), Clock()
    words = np.concatenate(model.encode(texts))
    evidence = TrainingTextEvidence(rows)
    protected = ProtectedTokens(model, evidence, texts, labels, options.protect, options.seed)
    held_out_texts = HeldOut(model, watched["text"], watched["labels"], counts, options, words, protected)
    before = held_out_texts.measured()
    measuring = measured.seconds
    say(f"before: {_shown(before)}")

    def fine_tuning(schedule: Schedule) -> tuple[FineTuning, Rounds]:
        tuning = FineTuning(model, settings, CountedLoss(loss, counts, len(train)), options, schedule)
        size = schedule.round_steps * settings.batch_size
        return tuning, Rounds(model, texts, labels, counts, options, protected, size, tuning.take)

    def seconds_a_step() -> float:
        clock = Clock()
        tuning, rounds = fine_tuning(Schedule(1, PROBED))
        rounds.prepare(0)
        return clock.seconds / PROBED + tuning.seconds_a_step()

    if planned is None:
        schedule = (
            schedule_of(options.steps, options.round_steps)
            if options.steps is not None
            else within_budget(options, kept.get("seconds"), seconds_a_step, clock.seconds, measuring)
        )
        planned = {"schedule": asdict(schedule), "before": before, "seconds": round(clock.seconds, 1)}
        work.mkdir(parents=True, exist_ok=True)
        write_json(work / SCHEDULE, {"config": config, **planned})
    schedule = Schedule(**planned["schedule"])
    stored = planned.pop("config", config)
    checkpoint = Checkpoint(work / CHECKPOINT, {**stored, "schedule": planned["schedule"]}, checkpoint_seconds)
    say(f"{schedule.rounds} rounds of {schedule.round_steps} steps of {settings.batch_size} texts")
    tuning, rounds = fine_tuning(schedule)
    state = checkpoint.read()
    if state is not None:
        tuning.training.load_state_dict(state["training"])
        rounds.resume(state["round"])

    def validate() -> Mapping[str, float]:
        measures = held_out_texts.measured()
        if not sys.stderr.isatty():
            say(f"round {len(tuning.training.log) + 1} of {schedule.rounds}: {_shown(measures)}")
        return measures

    log = tuning.training.run(validate, keeper(checkpoint, tuning.training, round=rounds.state), rounds.prepare)
    seconds = round(planned["seconds"] + sum(entry["seconds"] for entry in log), 1)
    hardened = {
        "from": {"folder": victim.name, "fingerprint": config["victim"], "hardened": kept.get("hardened")},
        "options": asdict(options),
        "loss": asdict(loss),
        "unlabelled": config["unlabelled"] and {"fingerprint": config["unlabelled"], "texts": len(texts) - len(train)},
        **planned,
        "log": log,
        "seconds": seconds,
    }
    reserve, statistics = (kept.get("corpus") or {}).get("reserve"), asdict(corpus_statistics(rows))
    corpus_facts = {"fingerprint": corpus.fingerprint, "held_out": held_out, "reserve": reserve, **statistics}
    training = {**kept, "corpus": corpus_facts, "hardened": hardened, "test": measured_on_test(model, rows)}
    save_trained(model, out, training, rows, model.masked_lm_folder, work)
    return training


def _loss_of(kept: JSON) -> LossSettings:
    """What a model was trained on, by its `training.json`."""
    stored = ((kept.get("hardened") or {}).get("loss")) or (kept.get("plan") or {}).get("loss")
    if not stored:
        return LossSettings()
    constants = stored["constants"]
    return LossSettings(**{**stored, "constants": constants if isinstance(constants, str) else tuple(constants)})


def _held_out(kept: JSON, rows: Corpus) -> int:
    """As many texts as the model's own training held out, so that they are the same ones."""
    of_training = kept.get("corpus") or {}
    texts = len(rows.split("train"))
    if of_training.get("train") == texts and of_training.get("held_out"):
        return int(of_training["held_out"])
    return held_out_of(texts)


def _as_begun(work: Path, options: HardeningOptions) -> HardeningOptions:
    """The options with which an unfinished hardening began, where its version did not have all of these yet."""
    if not (work / SCHEDULE).is_file():
        return options
    stored = read_dict(work, SCHEDULE)
    began = (stored.get("config") or stored.get("made_of") or {}).get("options") or {}
    if (augment := began.get("augment", "gradient")) != "gradient":
        raise dropped(f"augment={augment!r}, with which the hardening in {str(work)!r} began,")
    return HardeningOptions(**{**asdict(options), **{n: old for n, old in NOT_IN_0_1_0.items() if n not in began}})


def _planned(work: Path, config: JSON) -> JSON | None:
    """The schedule and first measures of an interrupted hardening; None where it has none yet."""
    if not (work / SCHEDULE).is_file():
        return None
    stored = read_dict(work, SCHEDULE)
    before = stored.pop("config", None) or stored.pop("made_of", None) or {}  # the second: version 0.1.0
    options = NOT_IN_0_1_0 | (before.get("options") or {})
    known = {name: options[name] for name in config["options"] if name in options}  # others have been dropped
    check_config(
        f"the unfinished hardening in {str(work)!r}",
        {**before, "options": known},
        config,
        "repeat the command that started it, or harden into another folder",
    )
    return {**stored, "config": before}


def _shown(measures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in measures.items() if name in SHOWN) or "nothing to measure"
