"""What comes before attacks: models are asked for their best labels, samples are drawn, models and tools are loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from textattack_xmtc.campaign.attack import SampleAttack, Tools, load_tools, thresholds_print
from textattack_xmtc.campaign.folder import check_files, write_campaign
from textattack_xmtc.campaign.given_samples import read_samples
from textattack_xmtc.campaign.pairs import right_pairs
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.samples import draw_samples
from textattack_xmtc.campaign.victims import load_victim, model_facts, model_names
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.further_texts import with_further_texts
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.gate_file import Gate
from textattack_xmtc.results.records import Model
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.workdir.progress import say


def prepare(out: Path, plan: Plan, device: str | None = None, gate: Gate | None = None) -> Tools:
    """Draw the samples of a campaign and write down everything that shapes its results.

    Args:
        gate: nothing is written where it asks what the campaign cannot answer.

    Returns:
        The encoder and the masked LM, which are loaded first: where one is missing, nobody waits for the rest.

    Raises:
        InputError: a model gets nothing right or does not fit the corpus, a parameter that does not fit.
        DataError: the corpus has no training or no test texts.
        ModelFolderError, MissingExtraError: a model cannot be loaded.
        XMTCError: the folder cannot be written.
    """
    corpus = _corpus(plan)
    from_data = len(corpus.split("test"))
    if plan.texts is not None:
        corpus, note = with_further_texts(corpus, load_corpus(plan.texts, **plan.given()))
        say(note)
    names = model_names(plan)
    rows, truth = corpus.split("test"), corpus.label_matrix("test")
    facts, precision = {}, {}
    for folder in sorted(plan.models, key=lambda folder: folder != plan.reference_model):  # the reference model first
        victim = load_victim(names[folder], folder, corpus.label_names, device, plan.threshold)
        unknown = int((victim.from_corpus < 0).sum())
        if victim.model.labels.names is None:
            say(f"{victim.name} has no label names: its labels are taken in the order of {corpus.name}")
        if unknown:
            say(f"{victim.name} does not know {unknown:,} of the {len(corpus.label_names):,} labels of {corpus.name}")
        if GOALS[plan.goal].true_targets:
            victim.model.decision_rule(plan.k).check_losable(victim.model.labels.size)
        if folder == plan.reference_model:
            tools = load_tools(plan, victim.model.masked_lm_folder)
            resolved = {**tools.facts(plan), "device": str(getattr(victim.model.model, "device", None))}
            if (rule := victim.model.decision_rule(plan.k)).threshold is not None:
                resolved["shown"] = str(rule)
        best = victim.top_k(rows, plan.k)
        right = right_pairs(truth, best).available
        if not right.any():
            raise InputError(
                f"{victim.name} gets nothing right: no true label of the {len(rows):,} test texts of {corpus.name} is "
                f"among its {victim.model.decision_rule(plan.k)}",
                "check that it was trained, and on this corpus",
            )
        facts[folder] = model_facts(victim, folder, int(right.sum()))
        # Further texts may have been chosen for their labels.
        precision[victim.name] = precision_of(best[:from_data], truth[:from_data], plan.k)
        if folder == plan.reference_model:
            top, known, reference_right = best, np.asarray(victim.from_corpus >= 0), right
    if plan.samples is None:
        drawn = draw_samples(corpus, top, plan, known)
    else:
        drawn = read_samples(Path(plan.samples), corpus, plan.goal)
    for note in drawn.notes:
        say(note)
    models, resolved = [facts[folder] for folder in plan.models], {**resolved, **drawn.facts()}
    if gate is not None:
        targets = (sample.target for sample in drawn.samples)
        gate.check_campaign(plan.settings(), corpus.label_names, drawn.bins, targets, models)
    write_campaign(out, plan, corpus, drawn, models, resolved, precision, reference_right)
    return tools


def precision_of(top: np.ndarray, truth: sparse.csr_matrix, k: int) -> list[dict[str, float]]:
    """P@1 to P@k on the test texts, each with its standard error over texts.

    Example:
        >>> precision_of(np.array([[0, 1], [1, 0]]), sparse.csr_matrix([[1, 0], [1, 0]]), 2)
        [{'k': 1, 'value': 0.5, 'error': 0.5, 'n': 2}, {'k': 2, 'value': 0.5, 'error': 0.0, 'n': 2}]
    """
    rows = np.arange(len(top))[:, None]
    hits = np.asarray(truth[rows, np.maximum(top[:, :k], 0)].todense()).astype(bool) & (top[:, :k] != NOTHING)
    shares = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
    errors = shares.std(axis=0, ddof=min(1, len(top) - 1)) / np.sqrt(len(top))
    return [
        {"k": place, "value": float(value), "error": float(error), "n": len(top)}
        for place, (value, error) in enumerate(zip(shares.mean(axis=0), errors, strict=True), start=1)
    ]


def _corpus(plan: Plan) -> Corpus:
    corpus = load_corpus(plan.data, **plan.given())
    if corpus.recognised:  # not of a corpus that is made here
        say(corpus.recognised)
    missing = [split for split in ("train", "test") if split not in corpus.splits or not len(corpus.splits[split])]
    if missing:
        raise DataError(
            f"{plan.data} has no {missing[0]} texts: a campaign attacks the test texts, and counts the labels of the "
            "training texts",
            "give a folder with `train` and `test` files",
        )
    return corpus


def attack_on(plan: Plan, campaign: Campaign, model: Model, tools: Tools, device: str | None = None) -> SampleAttack:
    """The attack on one model of a campaign, ready to turn samples into records.

    Raises:
        InputError: the model is not the one that the campaign began with.
        ModelFolderError, MissingExtraError: something cannot be loaded.
    """
    check_files(model.facts)
    victim = load_victim(model.name, str(model.facts["folder"]), campaign.label_names, device, plan.threshold)
    return SampleAttack(plan, victim, campaign.label_names, tools, with_words=campaign.label_draw is not None)


def tools_of(plan: Plan, campaign: Campaign) -> Tools:
    """The encoder and the masked LM that the campaign began with, whatever "auto" would stand for today.

    Raises:
        InputError: the masked LM's files or the thresholds are not those that the campaign began with.
        MissingExtraError, ModelFolderError: one of them cannot be loaded.
    """
    resolved = campaign.resolved
    if resolved["masked_lm_fingerprint"] is not None:
        check_files({"folder": resolved["masked_lm"], "fingerprint": resolved["masked_lm_fingerprint"]})
    if thresholds_print(plan) != resolved.get("thresholds"):
        raise InputError(
            f"{plan.threshold} does not hold the thresholds that the campaign began with",
            "put the same file back, or choose another folder with --out",
        )
    return load_tools(plan, None, resolved["encoder"], resolved["masked_lm"] or "")
