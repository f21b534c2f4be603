"""A CI's test report (JUnit XML): a test case for each model and bin, and what the gate says of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.gate import FAILED, UNDECIDED, Check, bin_title
from textattack_xmtc.results.headline import rate_text
from textattack_xmtc.results.markup import printable
from textattack_xmtc.results.records import ERROR, Model


@dataclass(frozen=True)
class Case:
    """A test case.

    Attributes:
        output: what is known of it.
        failure: why it failed; nothing where it did not.
        error: why it could not be decided; nothing where it could.
        skipped: why it did not run; nothing where it did.
        seconds: how long it took.
    """

    name: str
    output: str = ""
    failure: str = ""
    error: str = ""
    skipped: str = ""
    seconds: float = 0.0


def junit_xml(suites: Sequence[tuple[str, Sequence[Case]]]) -> str:
    """Named suites of test cases as JUnit XML.

    Example:
        >>> print(junit_xml([("small, plain", [Case("all labels", failure="81% of the labels fall")])]).splitlines()[1])
        <testsuites tests="1" failures="1" errors="0" skipped="0">
    """
    root = ET.Element("testsuites", _totals([case for _, cases in suites for case in cases]))
    for name, cases in suites:
        suite = ET.SubElement(root, "testsuite", {"name": printable(name), **_totals(cases)})
        suite.set("time", f"{sum(case.seconds for case in cases):.3f}")
        for case in cases:
            facts = {"classname": printable(name), "name": printable(case.name), "time": f"{case.seconds:.3f}"}
            element = ET.SubElement(suite, "testcase", facts)
            for kind in ("failure", "error", "skipped"):
                if message := getattr(case, kind):
                    ET.SubElement(element, kind, {"message": printable(message)}).text = printable(message)
            if case.output:
                ET.SubElement(element, "system-out").text = printable(case.output)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def junit_report(campaigns: Sequence[Campaign], checks: Sequence[Check] = ()) -> str:
    """The success rates of each model by label frequency; those that a gate looks at fail where it does.

    Samples that ended with an error are an error of their model. Without a gate, no case fails: a rate alone is neither
    good nor bad.
    """
    judged = {(check.campaign, check.model, check.where): check for check in checks}
    suites: list[tuple[str, list[Case]]] = []
    for campaign in campaigns:
        for model in campaign.models:
            cases = [_case(campaign, model, number, judged) for number in campaign.bin_numbers]
            reasons = model.rows["reason"][model.rows["outcome"] == ERROR].tolist()
            error = f"{len(reasons):,} samples ended with an error, the first: {reasons[0]}" if reasons else ""
            missing = len(campaign.samples) - len(model.records)
            skipped = f"{missing:,} samples are not attacked yet" if missing else ""
            cases.append(Case("every sample has a result", error=error, skipped="" if error else skipped))
            suites.append((f"{campaign.name}, {model.name}", cases))
    shown = {(suite, case.name) for suite, cases in suites for case in cases}
    further = [check for check in checks if (f"{check.campaign}, {check.model}", check.where) not in shown]
    for suite in dict.fromkeys(f"{check.campaign}, {check.model}" for check in further):
        of_suite = [check for check in further if f"{check.campaign}, {check.model}" == suite]
        suites.append((f"{suite}, gate", [_judged(Case(check.where), check) for check in of_suite]))
    return junit_xml(suites)


def _case(campaign: Campaign, model: Model, number: int | None, judged: Mapping[Any, Check]) -> Case:
    results, rows = campaign.results[model.name], model.rows
    rate, wrong = results.rate(number), results.wrong_rate(number)
    seconds = float(rows["seconds"][(rows["bin"] == number) | (number is None)].sum())
    name = bin_title(campaign, number)
    output = f"success rate {rate_text(rate)}, n = {rate.n:,}"
    if wrong.value > 0:
        output += f"; wrong without an attack: {round(wrong.value * wrong.n):,} of {wrong.n:,}"
    check = judged.get((campaign.name, model.name, name))
    if check is None:
        return Case(name, output, skipped="" if rate.n else "no sample was attacked", seconds=seconds)
    return _judged(Case(name, output, seconds=seconds), check)


def _judged(case: Case, check: Check) -> Case:
    failure, error = (check.reason if check.verdict == kind else "" for kind in (FAILED, UNDECIDED))
    return replace(case, output=case.output or check.reason, failure=failure, error=error)


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(cases))} | {
        name: str(sum(bool(getattr(case, kind)) for case in cases)) for name, kind in kinds.items()
    }
