"""What befalls single records of a write: a lock that somebody else holds, storage that is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from simulators.kit.faults import RECORD_FAULTS
from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.errors import refused
from simulators.salesforce.schemas import SObject

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "UNABLE_TO_LOCK_ROW and STORAGE_LIMIT_EXCEEDED for single records, in single calls, collections, trees and "
    "bulk rows",
    source="reported",
    held_by="test_limits",
)
approximate(
    "locks",
    "are held by the fault table, on `insert:Object`, `update:Object` or `delete:Object`: writes here never wait for "
    "each other, they are served one by one, and a bulk job does not try a locked row again by itself",
    source="ours",
)
exact(
    "writers at once on one record, by any of the ways of writing: each is applied whole or refused, none is lost; one "
    "external id makes one record",
    source="documented",
    held_by="test_live_concurrent_writers",
)


def strike(writer: Writer, verb: str, sobject: SObject, doc: Doc) -> None:
    """Refuse this write if a fault strikes it; seeds are never struck."""
    faults = writer.org.faults
    if not faults or writer.how.relaxed:
        return
    kinds = RECORD_FAULTS if verb == "insert" else ("lock_row",)
    fault = faults.strike(kinds, f"{verb}:{sobject.name}", lambda: orjson.dumps(doc).decode(), writer.how.at)
    if fault is None:
        return
    if fault.kind == "storage_full":
        raise refused("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    own = "" if verb == "insert" else doc["Id"]
    held = next((doc[field.name] for field in sobject.references if field.cascade and doc.get(field.name)), own)
    others = f" or 1 records: {held}" if held else ""
    raise refused("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record{others}")
