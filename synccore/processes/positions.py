"""How far each source has been read: the cursors that the tickers move, by name."""

from synccore.ports.stores import Unit
from synccore.processes import deleted_receipts, legacy_answers
from synccore.processes.context import Context
from synccore.processes.polls import CloudPayments, PlatformEvents
from synccore.processes.sales_stream import OWED, place_key
from synccore.processes.usage_polls import MeteringDaily, MeteringFeed

_NAMES = (
    "salesforce/Account", "salesforce/Opportunity", OWED, PlatformEvents.CURSOR, PlatformEvents.PLACE,
    CloudPayments.CURSOR, deleted_receipts.CURSOR, legacy_answers.KNOWN, MeteringFeed.CURSOR, MeteringDaily.CURSOR,
)  # fmt: skip


def positions(ctx: Context, unit: Unit) -> dict[str, str]:
    """Each source's cursor as it is stored: a stamp, a place in a stream, or the latest files; those never set, not."""
    topics = ctx.feed.topics if ctx.feed is not None else ()
    found = {name: unit.cursors.get(name) or "" for name in (*_NAMES, *map(place_key, topics))}
    return {name: value for name, value in sorted(found.items()) if value}
