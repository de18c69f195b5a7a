"""Change events with anything in them: what they concern is read by query in the worst case, and the stream goes on."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.ports.feed import Told
from synccore.ports.systems import Rejected, Row
from synccore.processes.polls import AHEAD_S, instant
from synccore.processes.sales_stream import OWED, SalesforceStream, place_key
from synccore.systems.eventbus.feed import MATTER
from tests.broken.alter import Altered
from tests.synccore.experience.desks import Office

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "60"))
TOPIC, DEAL, STAMP = "/data/ChangeEvents", "006000000000009AAA", "2026-01-05T09:00:00.000+0000"
WORD = st.text(max_size=6) | st.sampled_from(
    ["Opportunity", "Account", "CREATE", "UPDATE", "GAP", "OVERFLOW", "DELETE"]
)
VALUE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers(), max_size=2)
)
CHANGE = st.builds(
    Told, st.just(TOPIC), st.just("01"), WORD, WORD,
    st.lists(st.text(max_size=18) | st.just(DEAL), max_size=3).map(tuple),
    st.none() | st.frozensets(WORD, max_size=3), st.dictionaries(WORD | st.just("IsWon"), VALUE, max_size=3),
    st.booleans(), st.floats(-9.3e15, 9.3e15), st.booleans(),
)  # fmt: skip


class Feed:
    """Tells what it is given, once."""

    topics, matter = (TOPIC,), MATTER

    def __init__(self, *told: Told) -> None:
        self._told: list[Told] = list(told)

    async def follow(self, places: Any) -> bool:
        return True

    def told(self) -> Sequence[Told]:
        return self._told

    async def handled(self, number: int) -> None:
        del self._told[:number]

    async def close(self) -> None:
        return


def followed(*told: Told) -> tuple[set[str], str, str, str]:
    """Subjects of the work, where the topic stands, what is owed and the cursor of the deals."""

    async def deals(ids: Sequence[str]) -> list[Row]:
        if any(len(name) not in (15, 18) or not name.isalnum() for name in ids):
            raise Rejected("salesforce", "query", 400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {ids}")
        return [Row(name, STAMP, "", {"Id": name}) for name in ids if name == DEAL]

    async def changed(_since: str) -> list[Row]:
        return [Row(DEAL, STAMP, "", {"Id": DEAL})]

    async def none(_: Any) -> list[Row]:
        return []

    async def flight() -> tuple[set[str], str, str, str]:
        office = Office()
        office.clock.at = instant(STAMP)
        ctx = office.core.context
        reads = {"deals": deals, "accounts": deals, "changed_deals": changed, "changed_accounts": none}
        ctx.salesforce = Altered(ctx.salesforce, reads)
        stream = SalesforceStream(ctx, Feed(*told))
        await stream()
        await stream()

        def look(unit: Any) -> tuple[set[str], str, str, str]:
            names = place_key(TOPIC), OWED, "salesforce/Opportunity"
            place, owed, cursor = (unit.cursors.get(name) or "" for name in names)
            return {item.subject for item in unit.work.open()}, place, owed, cursor

        return await office.core.database.run(look)

    return asyncio.run(flight())


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(one=CHANGE)
def test_whatever_is_told_what_is_told_behind_it_is_read(one: Told) -> None:
    told = Told(TOPIC, "02", "Opportunity", "UPDATE", (DEAL,), frozenset({"StageName"}), {}, False, 10.0)
    subjects, place, owed, cursor = followed(one, told)
    assert DEAL in subjects and (place, owed) == ("02", "")
    assert not cursor or instant(cursor) <= instant(STAMP) + AHEAD_S


def test_an_event_that_names_no_record_is_made_good_by_query() -> None:
    subjects, place, owed, _ = followed(Told(TOPIC, "07", "Opportunity", "UPDATE", ("' OR Id != '",), None))
    assert subjects == {DEAL} and (place, owed) == ("07", "")
