"""A model of a campaign and its tools, loaded as they were when the campaign began: in any process that attacks it."""

from __future__ import annotations

from textattack_xmtc.campaign.attack import SampleAttack, Tools, load_tools, thresholds_print
from textattack_xmtc.campaign.folder import check_files
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.victims import load_victim
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Model


def attack_on(plan: Plan, campaign: Campaign, model: Model, tools: Tools, device: str | None = None) -> SampleAttack:
    """The attack on one model of a campaign, ready to turn samples into records.

    Args:
        plan: what was chosen.
        campaign: as it was read from its folder.
        model: one of its models.
        tools: masked LM and encoder.
        device: where the model runs.

    Raises:
        InputError: the model is not the one that the campaign began with.
        ModelFolderError, MissingExtraError: something cannot be loaded.
    """
    check_files(model.facts)
    victim = load_victim(model.name, str(model.facts["folder"]), campaign.label_names, device, plan.threshold)
    return SampleAttack(plan, victim, campaign.label_names, tools)


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
    return load_tools(plan, None, resolved["encoder"], resolved["masked_lm"])
