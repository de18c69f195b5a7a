"""What befalls single records of a write: a lock that somebody holds, full storage, a late stamp; and bulk jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from simulators.kit.faults import FaultTable
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


def strike(writer: Writer, verb: str, sobject: SObject, doc: Doc) -> float:
    """Refuse this write if a fault strikes it; seeds are never struck. Returns how many seconds its stamps are late."""
    faults = writer.org.faults
    if not faults or writer.how.relaxed:
        return 0.0
    kinds = ("lock_row", "storage_full", "late_stamp") if verb == "insert" else ("lock_row", "late_stamp")
    fault = faults.strike(kinds, f"{verb}:{sobject.name}", lambda: orjson.dumps(doc).decode(), writer.how.at)
    if fault is None:
        return 0.0
    if fault.kind == "late_stamp":
        return fault.delay_s
    if fault.kind == "storage_full":
        raise refused("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    own = "" if verb == "insert" else doc["Id"]
    held = next((doc[field.name] for field in sobject.references if field.cascade and doc.get(field.name)), own)
    others = f" or 1 records: {held}" if held else ""
    raise refused("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record{others}")


def job_delay(faults: FaultTable | None, job: Doc, at: float) -> float:
    """How many seconds a bulk job waits longer than usual."""
    fault = (
        faults.strike(("slow_job",), f"job:{job['object']}", lambda: orjson.dumps(job).decode(), at) if faults else None
    )
    return fault.delay_s if fault is not None else 0.0
