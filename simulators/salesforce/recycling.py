"""The recycle bin: what a delete takes along, what undelete brings back, and what is gone after 15 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce import rollups
from simulators.salesforce.errors import refused
from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import BIN, MERGED, OrgState

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "Recycle bin for 15 days; undelete brings back what cascaded and the references that nothing replaced",
    source="documented", held_by="test_recycle_bin",
)  # fmt: skip
approximate("Full recycle bin", "it has no limit of size, and empties to the second")

LIFE_S = 15 * 86_400.0

Lookup = tuple[str, str, str]
"""A reference that a delete cleared: object, record id, field."""


def keep(writer: Writer, sobject: SObject, record_id: str, root: str, lookups: list[Lookup]) -> None:
    """Note a deleted record. `root` is the record whose deletion took it along, `lookups` what the deletion cleared."""
    entry = {"id": record_id, "object": sobject.name, "root": root, "at": writer.moment, "lookups": lookups}
    writer.org.store.put(BIN.name, entry)


def undelete(writer: Writer, sobject: SObject, record_id: str) -> str:
    """Bring a record back with all that its deletion took along, and the references to it that nothing has replaced.

    Undeleting the loser of a merge brings the record alone back: its children stay with the survivor (documented for
    `merge()`). UNDELETE_FAILED for what is not in the bin, or went into it with another record that still is there.
    """
    org, known = writer.org, parse_id(record_id)
    purge(org, writer.how.at)
    entry = org.store.get(BIN.name, known) if known else None
    if entry is None or entry["object"] != sobject.name:
        raise refused("UNDELETE_FAILED", "Entity is not in the recycle bin")
    if entry["root"] != known and org.store.get(BIN.name, entry["root"]) is not None:
        raise refused("UNDELETE_FAILED", "Entity cannot be restored while the record it was deleted with is deleted")
    with org.store.transaction():
        _restore(writer, entry)
        for one in org.store.find(BIN.name, root=known):
            _restore(writer, one)
    return entry["id"]  # type: ignore[no-any-return]


def _restore(writer: Writer, entry: Doc) -> None:
    org = writer.org
    spec, doc = org.schema.get(entry["object"]), org.get(entry["object"], entry["id"])
    org.store.delete(BIN.name, entry["id"])
    org.store.delete(MERGED.name, entry["id"])
    if spec is None or doc is None:
        return
    writer.revive(spec, {**doc, "IsDeleted": False, "MasterRecordId": None})
    for name, child_id, field in entry["lookups"]:
        child_spec, child = org.schema.get(name), org.get(name, child_id)
        if child_spec is not None and child is not None and child.get(field) is None and child_spec.get(field):
            again = {**child, field: entry["id"]}
            writer.touch(child_spec, again, modified=False)
            rollups.follow(writer, child_spec, again, None)


def empty(writer: Writer, sobject: SObject, record_id: str) -> str:
    """Remove a record from the bin for good, and with it what its deletion took along."""
    org, known = writer.org, parse_id(record_id)
    entry = org.store.get(BIN.name, known) if known else None
    if entry is None or entry["object"] != sobject.name:
        raise refused("INVALID_ID_FIELD", "Entity is not in the recycle bin")
    with org.store.transaction():
        for one in org.store.find(BIN.name, root=known):
            _forget(org, one)
        _forget(org, entry)
    return entry["id"]  # type: ignore[no-any-return]


def purge(org: OrgState, at: float) -> None:
    """Remove what has been in the bin for 15 days; called by whoever is about to look into it."""
    row = next(org.store.rows("SELECT key FROM _bin WHERE at < ? LIMIT 1", (stamp(at - LIFE_S),)), None)
    if row is None:
        return
    with org.store.transaction():
        old = list(org.store.rows("SELECT key FROM _bin WHERE at < ? ORDER BY key", (stamp(at - LIFE_S),)))
        for (key,) in old:
            entry = org.store.get(BIN.name, key)
            assert entry is not None
            _forget(org, entry)


def _forget(org: OrgState, entry: Doc) -> None:
    org.store.delete(BIN.name, entry["id"])
    if org.schema.get(entry["object"]) is not None:
        org.store.delete(entry["object"], entry["id"])
