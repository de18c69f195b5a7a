"""Documents on their way into a batch: spooled durably, and a due row that hands them over before the cut-off."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.legacy import Interface
from synccore.ports.stores import Unit
from synccore.processes.context import Context

BATCH_KEY = "erp_legacy"


def spool(ctx: Context, unit: Unit, interface: Interface, key: str, content: Any, at: float) -> None:
    """Queue a document (once per key) for the next batch."""
    if unit.spool.add(interface, key, content, at):
        schedule(ctx, unit, at)


def file_sequence(interface: str) -> str:
    """The counter of the interface's files."""
    return f"fileseq/{interface}"


def resend_key(interface: str) -> str:
    """Where the number of a rejected file is kept: a corrected one goes out under the same number."""
    return f"legacy-resend/{interface}"


def schedule(ctx: Context, unit: Unit, at: float, due: float | None = None) -> None:
    """A batch run before the next cut-off, or when it is said."""
    policy = ctx.policy(unit, "legacy_batch")
    if due is None:
        due = calendar.next_cutoff(at, policy["zone"], policy["cutoff"], int(policy["lead_minutes"]))
    unit.work.add("legacy-batch", BATCH_KEY, "batch", {}, due, "spooled documents")
