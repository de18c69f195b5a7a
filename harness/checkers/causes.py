"""I19: each write that the core made at a system has one cause in its trail, and the trail verifies.

What was written is taken from the systems' journals, which know nothing of the core's trail; a call says by its
`traceparent` whose write it is.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from harness.checkers.case import Case
from harness.events import RunEvent
from harness.world import PEOPLE

Row = Mapping[str, Any]
_READS = (
    "token",
    "estimate",
    "suiteql",
    "query",
    "bulk.query",
    "search",
    "describe",
)  # operations that are sent by POST and change nothing

# What they undo, renew or give up is all that these can name.
_UNDOING = ("payment-removal", "usage-removal", "usage-sync", "write-off")


def each_write_has_one(case: Case) -> tuple[int, list[str]]:
    """I19: each call of the core that changed something belongs to one write that the trail (or the list of doubtful
    writes) knows, and names what that one gives as its cause; each write in the trail was made; each chain is whole.
    """
    if case.trail is None or why_not_asked(case):
        return 0, []
    sent = [event for event in case.calls if _writes(event)]
    writes = [event for event in sent if _changed(event)]
    known: dict[str, list[Row]] = {}
    for row in (*case.trail, *case.unresolved):
        known.setdefault(row["traceparent"], []).append(row)
    names = _names(case)
    findings = [finding for event in writes for finding in _caused(event, known, names)]
    return len(writes), [*findings, *_never_made(case, sent), *_torn(case.trail)]


def why_not_asked(case: Case) -> str:
    """No trail, or none that could know all."""
    if case.trail is None:
        return "the core keeps no trail"
    if case.set_back:
        return "the core came out of a backup, and with it its trail"
    if not case.calls:
        return "nobody kept a record of the calls"
    return "" if case.trail else "the core wrote nothing"


def _writes(event: RunEvent) -> bool:
    """A call of the core that would change something, and was not refused, or only as the second of two."""
    facts = event.facts
    if facts.get("method") in ("GET", "gRPC", "SFTP", None) or (facts.get("headers") or {}).get("user-agent") == PEOPLE:
        return False
    if any(facts["operation"].startswith(one) for one in _READS):
        return False
    twice = (facts.get("fault") or "").endswith(":repeat")  # what is told is the answer to the proxy's repetition
    return twice or facts["status"] is None or not 400 <= facts["status"] < 500


def _changed(event: RunEvent) -> bool:
    """It certainly did, whatever the core has heard of it."""
    facts = event.facts
    lost = facts["status"] is None and "lost_answer" in (facts.get("fault") or "")
    return lost or (facts["status"] is not None and 200 <= facts["status"] < 300)


def _names(case: Case) -> dict[str, dict[str, set[str]]]:
    """By what causes speak of: what else that is called, in the books ('') and in the trail (by key of the write)."""
    found: dict[str, dict[str, set[str]]] = {}

    def name(subject: str, *names: str, by: str = "") -> None:
        found.setdefault(subject, {}).setdefault(by, set()).update(one for one in names if one)

    for row in case.trail or ():
        if isinstance(row["reference"], str):
            name(_subject(row["cause"]), row["reference"], by=row["key"])
    canon = case.canon
    contracts = {one.id: one.key for one in canon.contracts if one.system == "salesforce"}
    for contract in canon.contracts:
        name(contract.key, contract.id)
        name(contract.deal, contract.id, contract.key)
    for deal in canon.deals:
        name(deal.id, deal.contract, contracts.get(deal.contract, ""))
        name(contracts.get(deal.contract, ""), deal.id)
    for customer in canon.customers:
        name(customer.account, customer.id)
    for document in canon.documents:
        name(document.key, document.id)
        for billed in document.deals:
            name(billed, document.key)
    for receipt in canon.receipts:
        name(receipt.key.partition("CB:")[2] or receipt.key, receipt.id)
    return found


def _caused(event: RunEvent, known: Mapping[str, list[Row]], names: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    facts = event.facts
    name = f"{facts['system']} {facts['operation']} {facts['target'].partition('?')[0]}"
    trace = (facts.get("headers") or {}).get("traceparent", "")
    if not trace:
        return [f"{name} was written without a cause"]
    told = {(row["target"], row["key"], row["cause"]) for row in known.get(trace, ())}
    if len(told) != 1:
        return [f"{name} belongs to {len(told)} writes of the trail"]
    target, key, cause = told.pop()
    if target != facts["system"]:
        return [f"{name} is told as {key}"]
    subject, text = _subject(cause), _text(event)
    others = [one for of, references in names.get(subject, {}).items() if of != key for one in references]
    if key.split("/")[1] in _UNDOING:
        others.append(key.rpartition("/")[2])
    return [] if any(one in text for one in (subject, *others)) else [f"{name} does not name its cause {cause}"]


def _text(event: RunEvent) -> str:
    facts = event.facts
    return unquote_plus(f"{facts['target']} {facts.get('body', '')} {facts.get('answer', '')}")


def _subject(cause: str) -> str:
    return cause.rpartition(":")[2]


def _never_made(case: Case, sent: Iterable[RunEvent]) -> list[str]:
    """Told as done, and neither made by a call of its own nor named by another write there (or in a file)."""
    made = {(event.facts.get("headers") or {}).get("traceparent") for event in sent}
    files = [event for event in case.calls if event.facts["operation"] == "drop.write"]
    texts: dict[str, list[str]] = {}
    for event in (*sent, *files):
        texts.setdefault(event.facts["system"], []).append(_text(event))
    return [
        f"{row['key']} is told as done, and nothing was written for {row['cause']}"
        for row in case.trail or ()
        if row["traceparent"] not in made
        and not any(name in text for text in texts.get(row["target"], ()) for name in _names_there(row))
    ]


def _names_there(row: Row) -> tuple[str, ...]:
    """By which a write may name what a noted effect is about; the legacy ledger's files have room for numbers alone."""
    names = (_subject(row["cause"]), row["key"].rpartition("/")[2])
    return (*names, names[0].rpartition("-")[2]) if row["target"] == "erp_legacy" else names


def _torn(trail: Iterable[Mapping[str, Any]]) -> list[str]:
    heads: dict[str, str] = {}
    findings = []
    for row in trail:
        said = [
            heads.get(row["target"], ""),
            *(row[name] for name in ("key", "target", "operation", "cause", "reference", "at")),
        ]
        text = json.dumps(said, separators=(",", ":"), sort_keys=True)
        if row["previous"] != said[0] or row["hash"] != hashlib.sha256(text.encode()).hexdigest():
            findings.append(f"the trail of {row['target']} does not verify at {row['key']} (entry {row['sequence']})")
        heads[row["target"]] = row["hash"]
    return findings
