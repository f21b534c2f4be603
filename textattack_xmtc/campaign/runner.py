"""Runs a campaign: every sample on every model, each record written as it comes, until all are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textattack_xmtc.campaign.attack import Tools
from textattack_xmtc.campaign.folder import exists, forget_errors, read_facts, resume_plan
from textattack_xmtc.campaign.named_code import check_named, code_to_run, remember
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.prepare import attack_on, prepare, tools_of
from textattack_xmtc.campaign.repair import read_repaired
from textattack_xmtc.campaign.transfer import add_transfers, run_transfers
from textattack_xmtc.campaign.workers.run import Workers, attack_with_workers
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import RECORDS, read_campaign, record_file
from textattack_xmtc.results.gate_file import Gate
from textattack_xmtc.results.records import Model
from textattack_xmtc.workdir.files import RecordWriter
from textattack_xmtc.workdir.interrupt import Interruption, check
from textattack_xmtc.workdir.lock import locked
from textattack_xmtc.workdir.progress import Progress, say


def run_campaign(
    out: Path | str,
    options: Mapping[str, Any],
    resume: bool = False,
    device: str | None = None,
    workers: Workers | None = None,
    retry_errors: bool = False,
    transfer_to: Sequence[str] = (),
    gate: Gate | None = None,
) -> bool:
    """Run a campaign to its end, or until somebody interrupts it; the same options give the same records.

    Args:
        out: its folder.
        options: what was chosen (`Plan`); where a campaign is resumed, what is not given is what it was.
        resume: resume the campaign in the folder; where there is none, start one. Python files are run only where
            these options name them, or those of an earlier run of the same user did.
        workers: the processes or actors that attack; by default this process does.
        retry_errors: where a campaign is resumed, samples whose record is an error are attacked again.
        transfer_to: models that adversarial texts of the others are tried on when all attacks are done, beside those
            that were named before.

    Returns:
        Whether all records are there. Otherwise it was interrupted, and can be resumed.

    Raises:
        InputError: invalid options; a campaign that is there already, is another one or is running; code that no
            command line has named.
        DataError, ModelFolderError, MissingExtraError: what is needed cannot be read or loaded.
        XMTCError: the folder cannot be written; what was written before is kept.
    """
    out = Path(out)
    with locked(out, "campaign"), Interruption() as interruption:
        tools = None
        named = [*options.get("models", ()), *transfer_to, str(options.get("encoder", ""))]
        if exists(out, resume):
            plan, notes = resume_plan(out, options)
            for note in notes:
                say(note)
            remember(out, named)
            campaign = read_repaired(out, plan, device)
            if retry_errors:
                say(f"{forget_errors(out):,} records that are errors are removed: those samples run again")
                campaign = read_campaign(out)
            check_named(out, code_to_run(campaign), read_facts(out))
            if gate is not None:
                facts = [model.facts for model in campaign.models]
                drawn = (campaign.bins, campaign.drawn["target"])
                gate.check_campaign(plan.settings(), campaign.label_names, *drawn, facts)
        else:
            plan = Plan.of(options)
            tools = prepare(out, plan, device, gate)
            remember(out, named)
            campaign = read_campaign(out)
        add_transfers(out, campaign, transfer_to, device)
        _say_size(campaign)
        check()
        interruption.graceful = True
        if workers is not None:
            tools = None  # the workers load their own
            attack_with_workers(out, plan, campaign, workers, device, interruption)
        else:
            for model in campaign.models:
                if len(model.records) < len(campaign.samples) and not interruption.asked:
                    tools = tools or tools_of(plan, campaign)
                    _attack(out, plan, campaign, model, tools, device, interruption)
        tools = None
        campaign = read_campaign(out)
        complete = all(len(model.records) == len(campaign.samples) for model in campaign.models)
        return complete and run_transfers(out, campaign, interruption, device)


def _attack(
    out: Path,
    plan: Plan,
    campaign: Campaign,
    model: Model,
    tools: Tools,
    device: str | None,
    interruption: Interruption,
) -> None:
    attack = attack_on(plan, campaign, model, tools, device)
    outcomes = model.rows["outcome"].tolist()
    with (
        RecordWriter(record_file(out, RECORDS, model.name)) as writer,
        Progress(model.name, len(campaign.samples), outcomes) as progress,
    ):
        for number, sample in campaign.samples.items():
            if interruption.asked:
                return
            if number not in model.records:
                record = attack.record(sample)
                writer.append(record)
                progress.add(record)


def _say_size(campaign: Campaign) -> None:
    bins = [f"{campaign.bin_name(part.number)}: {part.drawn:,}" for part in campaign.bins]
    done = sum(len(model.records) for model in campaign.models)
    there = f"; {done:,} of {len(campaign.samples) * len(campaign.models):,} records are there" if done else ""
    labels = "" if campaign.label_draw is None else f" of {campaign.drawn['target'].nunique():,} labels"
    say(f"{len(campaign.samples):,} samples{labels} by training texts of the label ({', '.join(bins)}){there}")
    if campaign.label_draw is not None and len(campaign.models) * len(campaign.samples) > done:
        say("how long that takes is printed after the first attacks; Ctrl-C and --resume are safe at any time")
