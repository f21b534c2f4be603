"""A hardened model folder from a trained one: in one go or in several."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.hardening.attack import QuickAttack
from textattack_xmtc.hardening.candidates import KeptCandidates
from textattack_xmtc.hardening.fine_tuning import FineTuning, settings_of
from textattack_xmtc.hardening.held_out import HeldOut
from textattack_xmtc.hardening.labels import align_labels
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.rounds import Rounds
from textattack_xmtc.hardening.schedule import PROBED, Clock, Schedule, schedule_of, within_budget
from textattack_xmtc.hardening.unlabelled import own_labels, texts_beside
from textattack_xmtc.hubs import DEFAULT_MASKED_LM
from textattack_xmtc.models.architecture import ARCHITECTURES
from textattack_xmtc.models.folder import CONFIG, TRAINING, load_model, read_dict, save_model
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import SHOWN
from textattack_xmtc.models.training.plan import held_out_of, kept_tests, measured_on_test
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.workdir.files import write_json
from textattack_xmtc.workdir.folders import check_writable
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.workdir.provenance import fingerprint
from textattack_xmtc.workdir.resume import check_config, unfinished_folder

JSON = dict[str, Any]
SCHEDULE, CANDIDATES, CHECKPOINT = "schedule.json", "candidates.jsonl", "checkpoint.pt"


def harden_folder(
    victim: Path | str,
    corpus: Corpus,
    options: HardeningOptions,
    out: Path | str,
    *,
    unlabelled: Corpus | None = None,
    loss: LossSettings | None = None,
    masked_lm: str | Path | XMTCWordSwapMaskedLM = "auto",
    resume: bool = False,
    device: str | None = None,
    checkpoint_seconds: float = 120.0,
) -> JSON:
    """Train a model on, on clean and attacked texts, and save it as a folder, which is there only when it is complete.

    Until then the state lies beside it in `OUT.unfinished`, renewed after each round: the weights, the texts of the
    round, the schedule, and the masked LM's candidates. On a CPU, what is interrupted and resumed gives the weights of
    what is not; with a budget, once the schedule has been made from it.

    Args:
        victim: the folder of the model.
        corpus: what it was trained on, with a split "train"; "test" is measured on in the end and kept.
        options: how.
        out: the folder to make.
        unlabelled: further texts to train on; their labels are the model's own (`hardening.unlabelled`).
        loss: what is trained on; by default what the model was trained on.
        masked_lm: proposes words; "auto" is the one kept with the model, else bert-base-uncased; or a word
            swap that has it loaded (then the number of candidates is its own).
        resume: resume from what lies in `OUT.unfinished`; where nothing does, start.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        checkpoint_seconds: how often the state is written within a round.

    Returns:
        What is saved as `training.json`: that of the model, with `hardened`: what from, how, the log, the seconds.

    Raises:
        InputError: the model cannot be trained, the data are not its own, there is nothing to attack, the folder or an
            unfinished hardening exists already, or what is to be resumed is another one.
        ModelFolderError: the folder is damaged.
    """
    victim, out = Path(victim), Path(out)
    work = unfinished_folder(out, "hardening", resume, [CANDIDATES])
    check_writable(out)
    if not resume:
        (work / CANDIDATES).unlink(missing_ok=True)  # of one that was refused before its first step
    model = _loaded(victim, device)
    kept = read_dict(victim, TRAINING) if (victim / TRAINING).is_file() else {}
    settings = settings_of(model, kept)
    loss = loss or _loss_of(kept)
    rows = align_labels(corpus, model.label_names)
    held_out = _held_out(kept, rows)
    data = rows.holding_out(held_out, int(((kept.get("plan") or {}).get("settings") or {}).get("seed", 0)))
    attack = _attack(model, options, masked_lm, work / CANDIDATES)
    config = _json(
        {
            "victim": fingerprint(victim),
            "corpus": corpus.fingerprint,
            "unlabelled": None if unlabelled is None else unlabelled.fingerprint,
            "options": asdict(options),
            "loss": asdict(loss),
            "masked_lm": attack.source,
        }
    )
    planned = _planned(work, config)
    counts, train = rows.label_counts, data.split("train")
    texts, labels = list(train["text"]), list(train["labels"])
    clock = Clock()
    if unlabelled is not None:
        more = texts_beside(unlabelled, corpus)
        labels += own_labels(model, more, labels)
        texts += more
        say(f"{len(more):,} texts without labels stand beside the {len(train):,} with")
    watched = data.split("validation")
    measured = Clock()
    watch = HeldOut(model, watched["text"], watched["labels"], counts, options, attack.quick)
    before = watch.measured()
    measuring = measured.seconds
    say(f"before: {_shown(before)}")

    def fine_tuning(schedule: Schedule) -> tuple[FineTuning, Rounds]:
        tuning = FineTuning(
            model, settings, loss, counts, len(train), options.rate, schedule, options.seed, options.exchanged
        )
        size = schedule.round_steps * settings.batch_size
        return tuning, Rounds(model, texts, labels, counts, options, size, attack.plain, tuning.take)

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
        _write_plan(work, config, planned)
    schedule = Schedule(**planned["schedule"])
    checkpoint = Checkpoint(work / CHECKPOINT, {**config, "schedule": planned["schedule"]}, checkpoint_seconds)
    say(f"{schedule.rounds} rounds of {schedule.round_steps} steps of {settings.batch_size} texts")
    tuning, rounds = fine_tuning(schedule)
    state = checkpoint.read()
    if state is not None:
        tuning.training.load_state_dict(state["training"])
        rounds.resume(state["round"])

    def validate() -> Mapping[str, float]:
        found = watch.measured()
        if not sys.stderr.isatty():
            say(f"round {len(tuning.training.log) + 1} of {schedule.rounds}: {_shown(found)}")
        return found

    log = tuning.training.run(validate, keeper(checkpoint, tuning.training, round=rounds.state), rounds.prepare)
    seconds = round(planned["seconds"] + sum(entry["seconds"] for entry in log), 1)
    hardened = {
        "from": {"folder": victim.name, "fingerprint": config["victim"], "hardened": kept.get("hardened")},
        "options": asdict(options),
        "loss": asdict(loss),
        "masked_lm": attack.source,
        "unlabelled": config["unlabelled"]
        and {
            "fingerprint": config["unlabelled"],
            "texts": len(texts) - len(train),
        },
        **planned,
        "log": log,
        "seconds": seconds,
    }
    corpus_facts = {"fingerprint": corpus.fingerprint, "held_out": held_out, **asdict(corpus_statistics(corpus))}
    training = {**kept, "corpus": corpus_facts, "hardened": hardened, "test": measured_on_test(model, rows)}
    try:
        save_model(model, out, training, kept_tests(rows), model.masked_lm_folder)
    except Exception as error:  # safetensors reports a full disk in its own way, not as an OSError
        raise XMTCError(
            f"the hardened model could not be saved to {str(out)!r} ({error})",
            f"make room and repeat the command with --resume: the training has been kept in {str(work)!r}",
        ) from error
    shutil.rmtree(work, ignore_errors=True)
    return training


class _Attack:
    """The quick attack of a hardening: `plain` finds words, `quick` also exchanges them."""

    def __init__(self, plain: QuickAttack, quick: QuickAttack | None, source: str | None) -> None:
        self.plain, self.quick, self.source = plain, quick, source


def _attack(
    model: TorchScorer, options: HardeningOptions, masked_lm: str | Path | XMTCWordSwapMaskedLM, file: Path
) -> _Attack:
    """What attacks; a control without a masked LM is watched by one where there is one to be had."""
    if isinstance(masked_lm, XMTCWordSwapMaskedLM):
        quick = QuickAttack(model, KeptCandidates(masked_lm, file), options.changes)
        return _Attack(quick, quick, masked_lm.masked_lm_source)
    source = str(masked_lm)
    if source == "auto":
        source = str(model.masked_lm_folder or DEFAULT_MASKED_LM)
        if options.augment != "masked-lm" and model.masked_lm_folder is None:
            source = ""
    if not source:
        return _Attack(QuickAttack(model, None, options.changes), None, None)
    swap = XMTCWordSwapMaskedLM(source, max_candidates=options.candidates)
    if model.device.type != "cpu":
        swap._language_model.to(model.device)
    quick = QuickAttack(model, KeptCandidates(swap, file), options.changes)
    return _Attack(quick, quick, source)


def _loaded(victim: Path, device: str | None) -> TorchScorer:
    if victim.is_dir() and not (victim / CONFIG).is_file():
        raise InputError(
            f"{str(victim)!r} is not a model folder that can be trained",
            f"give the folder of one of {', '.join(ARCHITECTURES)}, as `train` makes it",
        )
    return load_model(victim, device)


def _loss_of(kept: JSON) -> LossSettings:
    found = ((kept.get("hardened") or {}).get("loss")) or (kept.get("plan") or {}).get("loss")
    if not found:
        return LossSettings()
    constants = found["constants"]
    return LossSettings(**{**found, "constants": constants if isinstance(constants, str) else tuple(constants)})


def _held_out(kept: JSON, rows: Corpus) -> int:
    """As many texts as the model's own training held out, so that they are the same ones."""
    of_training = kept.get("corpus") or {}
    texts = len(rows.split("train"))
    if of_training.get("train") == texts and of_training.get("held_out"):
        return int(of_training["held_out"])
    return held_out_of(texts)


def _planned(work: Path, config: JSON) -> JSON | None:
    """What an interrupted hardening had settled before its first step; None where it had not come so far."""
    if not (work / SCHEDULE).is_file():
        return None
    stored = read_dict(work, SCHEDULE)
    before = stored.pop("config", None) or stored.pop("made_of", None) or {}  # the second: version 0.1.0
    check_config(
        f"the unfinished hardening in {str(work)!r}",
        before,
        config,
        "repeat the command that started it, or harden into another folder",
    )
    return stored


def _write_plan(work: Path, config: JSON, planned: JSON) -> None:
    work.mkdir(parents=True, exist_ok=True)
    write_json(work / SCHEDULE, {"config": config, **planned})


def _shown(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items() if name in SHOWN) or "nothing to measure"


def _json(value: Any) -> JSON:
    found: JSON = json.loads(json.dumps(value))
    return found
