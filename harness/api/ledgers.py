"""The books for the page: tie-out by entity and currency, and the same facts in all systems side by side."""

from collections.abc import Mapping
from typing import Any

from harness.api.sandbox import Sandbox
from harness.evidence import Evidence, gather
from harness.money import text
from harness.report import side_by_side
from harness.report.summary import identity_row
from harness.scenario.values import iso
from harness.tieout import Identity


async def show(sandbox: Sandbox, account: str = "") -> dict[str, Any]:
    """All books of this moment; `account` (an id) narrows the facts, never the tie-out."""
    evidence = await gather(sandbox.world, sandbox.correlation)
    sandbox.meet(evidence.books["salesforce"])
    return {"at": iso(sandbox.world.now()), **of_evidence(evidence, account)}


def of_evidence(evidence: Evidence, account: str = "") -> dict[str, Any]:
    """The same of books read before."""
    identities = evidence.identities
    names = {deal.id: deal.name for deal in evidence.canon.deals}
    return {
        "tie_out": groups(identities, names), "holds": all(one.holds for one in identities),
        "facts": side_by_side.rows(evidence.canon, account), "systems": side_by_side.TITLES,
        "accounts": {one.id: one.name for one in evidence.canon.accounts.values()},
        "open_exceptions": len(evidence.open_exceptions()), "dead_letters": len(evidence.dead_letters()),
        "core_known": evidence.core_known, "unread": evidence.canon.unread,
    }  # fmt: skip


def groups(identities: list[Identity], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tie-out rows by entity and currency, in their order; `names` are those of documents that people know by name."""
    found: dict[tuple[str, str], list[Identity]] = {}
    for one in identities:
        found.setdefault((one.entity, one.currency), []).append(one)
    return [
        {"entity": entity, "currency": currency, "holds": all(one.holds for one in mine),
         "rows": [_row(one, names) for one in mine]}
        for (entity, currency), mine in found.items()
    ]  # fmt: skip


def _row(identity: Identity, names: Mapping[str, str]) -> dict[str, Any]:
    row = identity_row(identity)
    row["reconciling"] = text(sum(item.amount for item in identity.items), identity.currency)
    for one in (*row["items"], *row["breaks"]):
        one["about"] = names.get(one["document"], one["document"])
    return row
