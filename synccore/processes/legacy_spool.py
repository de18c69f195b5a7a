"""Documents on their way into a batch: spooled durably, and a due row that hands them over before the cut-off."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.findings import Finding
from synccore.domain.legacy import Interface
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context

BATCH_KEY = "erp_legacy"


def spool(ctx: Context, unit: Unit, interface: Interface, key: str, content: Any, at: float) -> None:
    """Queue a document (once per key) for the next batch."""
    if unit.spool.add(interface, key, content, at):
        schedule(ctx, unit, at)


def held_after_restore(ctx: Context) -> None:
    """Raise Parked in a core that came out of a backup: which numbers it had given to files and customers since, no
    system can tell it, and a number that is used twice gives one customer's documents to another.
    """
    if ctx.restored:
        reason = (
            "the core's store came out of a backup, and files that it does not know of may have gone to the legacy ERP:"
            " compare the archive of its drop, then start the core without SYNCCORE_RESTORED and retry"
        )
        raise Parked(reason, (Finding("restored_core", reason, "integration", ("retry", "abandon"), ()),))


def schedule(ctx: Context, unit: Unit, at: float) -> None:
    """A batch run before the next cut-off."""
    policy = ctx.policy(unit, "legacy_batch")
    due = calendar.next_cutoff(at, policy["zone"], policy["cutoff"], int(policy["lead_minutes"]))
    unit.work.add("legacy-batch", BATCH_KEY, "batch", {}, due, "spooled documents")
