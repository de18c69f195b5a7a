"""Whose doing a difference is: a record that was changed after our own last write to it was edited there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from synccore.domain.keys import Keys
from synccore.ports.reports import Break
from synccore.reconciliation.words import ACTIONS, SYSTEMS

CLOCK_S = 5.0  # how far the clocks of two systems may be apart
_BLAMED = ("amount_differs", "field_differs", "status_stale", "allocation_differs")


def effect_keys(keys: Keys, breaks: Iterable[Break]) -> list[str]:
    """Keys of the core's own writes to the records of these breaks."""
    return [key for one in breaks if one.code in _BLAMED and (key := effect_key(keys, one))]


def effect_key(keys: Keys, one: Break) -> str:
    """Key of the core's own write to the record of a break, '' where there is none to compare with."""
    names = {
        ("salesforce", "invoice"): ("bill", one.document),
        ("salesforce", "credit"): ("credit", one.document),
        ("salesforce", "share"): ("bill-shares", one.document),
        ("salesforce", "credit-share"): ("credit-shares", one.document),
        ("salesforce", "contract"): ("activation", keys.opportunity_of(one.document, "")),
        ("erp_cloud", "invoice"): ("invoice", keys.erp_invoice(one.document)),
        ("erp_cloud", "receipt"): ("payment", keys.erp_payment(one.document.removeprefix("CB:"))),
    }
    kind, key = names.get((one.system, one.kind), ("", ""))
    return keys.effect(one.system, kind, key) if key else ""


def attributed(
    breaks: Iterable[Break], modified: Mapping[tuple[str, ...], float], written: Mapping[str, float], keys: Keys
) -> list[Break]:
    """Breaks with `edited` where the record was changed after our last write. `modified`: by identity of the break."""
    found = []
    for one in breaks:
        ours = written.get(effect_key(keys, one)) if one.code in _BLAMED else None
        if ours is not None and modified.get(one.identity, 0.0) > ours + CLOCK_S:
            owner, action = ACTIONS["edited"]
            cause = f"edited in {SYSTEMS[one.system]} after we wrote it: {one.cause}"
            one = replace(one, code="edited", cause=cause, owner=owner, action=action)
        found.append(one)
    return found
