"""I16: what no longer fits its contract is noticed, waits and is never written; what fits is never blocked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.checkers.case import Case, Drift, Outage
from harness.checkers.homes import home
from harness.checkers.outages import API_S, flows_keep_their_bound

_OF_A_DEAL = ("Opportunity", "OpportunityLineItem", "Account", "Contract")
_READ_FIRST = ("Opportunity", "OpportunityLineItem", "Account")  # before anything is written for a deal


def only_misfits_wait(case: Case) -> tuple[int, list[str]]:
    """For each drift: who met it, whether that was noticed at once and in the right words, and who else had to wait."""
    findings, waiting, checked = [], set(), 0
    told = [row for row in case.exceptions if row["kind"] == "schema_drift"]
    for drift in case.drifts:
        met = _met(case, drift)
        checked += len(met)
        waiting |= set(met)
        mine = [row for row in told if _names(row, drift)]
        findings += _noticed(drift, met, mine) + _written(case, drift, met)
    for row in told:
        if not any(_names(row, drift) and row["subject"] in _met(case, drift) for drift in case.drifts):
            findings.append(f"{row['subject']} was set aside for {_said(row)}, which is not its case")
    others, blocked = _others(case, frozenset(waiting))
    return checked + others, findings + blocked


def _met(case: Case, drift: Drift) -> dict[str, float]:
    """Whom a drift concerns, and since when: deals won, or bills issued, before the core was told."""
    if drift.system == "salesforce" and drift.record in _OF_A_DEAL:
        deals = {deal.id: deal.won_at for deal in case.canon.deals}
        return {key: at for key, at in deals.items() if int(drift.begin) <= at < drift.end}
    if drift.system == "erp_cloud" and drift.record != "invoice":
        return {}
    bills = [bill for bill in case.canon.bills() if int(drift.begin) <= bill.at < drift.end]
    if drift.system == "erp_cloud":
        bills = [bill for bill in bills if home(case, bill.entity, bill.at, bill) == "erp_cloud"]
    return {bill.key: bill.at for bill in bills}


def _names(row: Mapping[str, Any], drift: Drift) -> bool:
    details = row["details"]
    return (details.get("target"), details.get("object"), details.get("field")) == (
        drift.system, drift.record, drift.field,
    )  # fmt: skip


def _said(row: Mapping[str, Any]) -> str:
    details = row["details"]
    return f"{details.get('target')} {details.get('object')}.{details.get('field')}"


def _noticed(drift: Drift, met: Mapping[str, float], told: list[Mapping[str, Any]]) -> list[str]:
    """With the first record that meets it."""
    if not met:
        return []
    what = f"{drift.system} {drift.record}.{drift.field}"
    if not told:
        return [f"nobody noticed that {what} has changed, and {len(met)} records met it"]
    late = min(float(row["opened_at"]) for row in told) - min(met.values())
    return [f"{what} was noticed {late / 60:.0f} minutes after the first record"] if late > API_S else []


def _written(case: Case, drift: Drift, met: Mapping[str, float]) -> list[str]:
    """Nothing may be made of what met a drift before the core was told."""
    if drift.system == "salesforce" and drift.record in _READ_FIRST:
        made = {bill.deal: bill.at for bill in reversed(case.canon.bills())}
    elif drift.system in ("erp_cloud", "subscriptions"):
        made = {posting.key: posting.at for posting in case.canon.postings()}
    else:
        return []
    return [
        f"{key} was written although nobody had said what {drift.record}.{drift.field} is now"
        for key in met
        if key in made and drift.begin <= made[key] <= drift.end - 1  # books have whole seconds: in doubt, it is right
    ]


def _others(case: Case, waiting: frozenset[str]) -> tuple[int, list[str]]:
    """Whoever does not meet a drift goes on as if there were none."""
    spans = tuple(Outage("", drift.begin, min(drift.end, case.at), 0) for drift in case.drifts)
    hindered = {row["subject"] for row in case.exceptions if row["kind"] != "schema_drift"}
    return flows_keep_their_bound(replace(case, outages=spans, hindered=waiting | hindered))
