"""Whose failure it is: the customer whose records the findings name, and that customer's story over all systems."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.canon import Canon, Contract, Document, Receipt
from harness.evidence import Evidence
from harness.explaining.moments import Finding
from harness.report.customer import Names, line
from harness.runner import RunResult

_WORD = re.compile(r"[^\s,;:()/']+")
TOLD_STEPS = frozenset(("settle", "advance", "expect"))


def concerned(canon: Canon, findings: Iterable[Finding], deals: Mapping[str, str]) -> str:
    """The account that the findings name most often, by any record of it; '' if they name none and there are several.

    `deals`: what the story calls its deals, and their opportunities.
    """
    owners = _owners(canon)
    for name, opportunity in deals.items():
        owners.setdefault(name, owners.get(opportunity, ""))
    named: Counter[str] = Counter()
    for _, said in findings:
        named.update({owners[word] for word in _WORD.findall(said) if owners.get(word)})
        named.update(one.id for one in canon.accounts.values() if one.name in said)
    if named:
        return max(named, key=lambda account: (named[account], account))
    return next(iter(canon.accounts)) if len(canon.accounts) == 1 else ""


def _owners(canon: Canon) -> dict[str, str]:
    """Every id and key in the books, with the account it belongs to."""
    found = {account: account for account in canon.accounts}
    for deal in canon.deals:
        found[deal.id] = deal.account
    for one in canon.customers:
        found.setdefault(one.id, one.account)
    rows: list[Contract | Document | Receipt] = [*canon.contracts, *canon.documents, *canon.receipts]
    for row in rows:
        for name in (row.id, row.key):
            found.setdefault(name, row.account)
    return {name: account for name, account in found.items() if name and account}


def story_of(result: RunResult, account: str) -> list[dict[str, Any]]:
    """What people did, what it led to in which system, what struck, what waits: rows {at, where, what, seq}."""
    evidence = result.evidence
    assert evidence is not None
    names = Names(evidence.canon, evidence.books, account)
    strangers = _strangers(result, evidence.canon, account)
    rows = []
    for event in result.events:
        facts = event.facts
        told = None
        if event.kind == "step" and facts["state"] == "done" and facts["verb"] not in TOLD_STEPS:
            said = str(facts["said"])
            told = None if any(name in said for name in strangers) else line(event.at, "people", said)
        elif event.kind in ("call", "delivery") and facts.get("fault"):
            told = line(event.at, str(facts.get("system", "subscriptions")), f"{call_words(facts)}: {facts['fault']}")
        elif event.kind == "note" and facts.get("said"):
            told = line(event.at, "core", str(facts["said"]))
        else:
            told = names.entry(event)
        if told is not None:
            rows.append({**told, "seq": event.seq})
    rows += _waits(evidence, account)
    rows.sort(key=lambda row: (row.pop("order"), row["seq"]))
    return rows


def call_words(facts: Mapping[str, Any]) -> str:
    """A call or a delivery in a few words."""
    if "event_type" in facts:
        return f"webhook {facts['event_type']}"
    target = str(facts.get("target") or "").partition("?")[0]
    return f"{facts.get('method') or ''} {target} ({facts.get('operation')})".strip()


def _strangers(result: RunResult, canon: Canon, account: str) -> set[str]:
    """Names of other customers and their deals: what people did with those is another story."""
    owner = {deal.id: deal.account for deal in canon.deals}
    deals = {name for name, opportunity in result.opportunities.items() if owner.get(opportunity, account) != account}
    return {one.name for one in canon.accounts.values() if account not in ("", one.id)} | deals


def _waits(evidence: Evidence, account: str) -> Sequence[dict[str, Any]]:
    rows = []
    for row in evidence.exceptions:
        if account in ("", row.get("key"), row.get("account")):
            said = f"waits for a person: {row['reason']} ({row['state']})"
            rows.append({**line(row["opened_at"], "core", said), "seq": 0})
    for row in evidence.work:
        if account in ("", row.get("key")) and row.get("cause"):
            said = f"{row['process']} {row['subject']} is {row['state']} since then: {row['cause']}"
            rows.append({**line(row["first_at"], "core", said), "seq": 0})
    return rows
