"""Merge: up to two records go into a third, which keeps their children; the losers go to the recycle bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import approximate, exact
from simulators.salesforce import rollups
from simulators.salesforce.errors import refused
from simulators.salesforce.recycling import keep
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import MERGED

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "Merge by SOAP: children follow the survivor, losers deleted with MasterRecordId, two losers at most",
    source="documented, observed", held_by="test_recycle_bin, test_jsforce",
)  # fmt: skip
approximate("Refused merges", "MERGE_FAILED with texts that are ours", source="ours")

MERGEABLE = ("Account", "Contact", "Lead")
MOST_LOSERS = 2


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a merge: survivor, losers, and the records that have another parent now."""

    id: str
    losers: tuple[str, ...]
    moved: tuple[str, ...]


def merge(writer: Writer, sobject: SObject, master_id: str, losers: Sequence[str], values: Mapping[str, Any]) -> Merged:
    """Merge the losers into the master, which takes over the given values and nothing else (documented for `merge()`).

    Every reference to a loser leads to the master afterwards; the losers are deleted with MasterRecordId.
    """
    if sobject.name not in MERGEABLE:
        raise refused("INVALID_TYPE", f"merge is not supported for {sobject.name}")
    if not 1 <= len(losers) <= MOST_LOSERS:
        raise refused("MERGE_FAILED", f"One or two records can be merged into another, and these are {len(losers)}")
    with writer.org.store.transaction():
        master = writer.existing(sobject, master_id)
        gone = [writer.existing(sobject, loser) for loser in losers]
        ids = [doc["Id"] for doc in gone]
        if master["Id"] in ids or len(set(ids)) < len(ids):
            raise refused("MERGE_FAILED", "A record cannot be merged with itself")
        moved: list[str] = []
        for loser in ids:
            moved += _move_children(writer, sobject, loser, master["Id"])
        for doc in gone:
            current = writer.existing(sobject, doc["Id"])
            writer.touch(sobject, {**current, "IsDeleted": True, "MasterRecordId": master["Id"]})
            keep(writer, sobject, current["Id"], current["Id"], [])
            merged = {"id": current["Id"], "object": sobject.name, "into": master["Id"]}
            writer.org.store.put(MERGED.name, merged)
        writer.update(sobject, master["Id"], values)
    return Merged(master["Id"], tuple(ids), tuple(moved))


def _move_children(writer: Writer, sobject: SObject, loser: str, master: str) -> list[str]:
    moved = []
    for child in sobject.dependents:
        if child.field.name == "MasterRecordId":
            continue
        spec = writer.org.spec(child.sobject)
        for row in writer.org.where(child.sobject, child.field.name, loser):
            own = row["Id"] == master  # no record is its own parent
            there = {**row, child.field.name: None if own else master}
            writer.touch(spec, there)
            rollups.follow(writer, spec, there, None)  # what it leaves is about to go
            moved.append(row["Id"])
    return moved
