"""Usage as the product's metering tells it, read from feed rows and from the daily CSV; each fault has its place."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from synccore.domain.deals import Value
from synccore.domain.keys import UsageCorrection, digest

COLUMNS = ("event_id", "subscription", "customer", "meter", "quantity", "time", "recorded_at", "corrects")
MEMBERS = ("id", *COLUMNS[1:])
NEEDED = ("id", "subscription", "meter", "quantity", "time", "recorded_at")
TRAILER = "TRAILER"
Row = Mapping[str, Any]


class UsageEvent(Value):
    """So much of a meter was used by a subscription. Instants in epoch seconds; `corrects`: the event it replaces."""

    id: str
    subscription: str
    meter: str
    quantity: Decimal
    at: int
    recorded_at: int
    customer: str = ""
    corrects: str = ""


@dataclass(frozen=True)
class Malformed:
    """A row that makes no sense: `key` tells it apart from others, `reason` names place, column and what is wrong."""

    key: str
    event: str
    reason: str
    row: Row


class MeteredItem(Value):
    """A metered item of a subscription and the term of it that runs now (epoch seconds)."""

    item_price: str
    starts: int
    ends: int


class Metered(Value):
    """What the platform knows of a subscription's metered items."""

    subscription: str
    currency: str
    status: str
    items: tuple[MeteredItem, ...] = ()

    def item(self, item_price: str) -> MeteredItem | None:
        """The metered item with this price."""
        return next((item for item in self.items if item.item_price == item_price), None)


class Recorded(Value):
    """A usage in the platform; `bill` is the number of its bill and `line` a line of it once that is closed."""

    id: str
    quantity: Decimal
    bill: str = ""
    line: str = ""


@dataclass(frozen=True)
class RatedLine:
    """A metered line of a closed bill. `steps`: so many units at such a price in minor units, in the order in which
    units fill them; none where the line is no sum of units at prices. `due`: what is open of its bill; `corrected`:
    what has been credited of it.
    """

    id: str
    item_price: str
    currency: str
    quantity: Decimal
    net: int
    tax_rate: Decimal = Decimal(0)
    steps: tuple[tuple[Decimal, int], ...] = ()
    due: int = 0
    corrected: tuple[UsageCorrection, ...] = ()

    def worth(self, units: Decimal) -> int:
        """What the line comes to, net, for as many units or fewer, at its own prices."""
        total, left = 0, units
        for size, price in self.steps:
            inside = min(left, size)
            total += int((inside * price).quantize(Decimal(1), ROUND_HALF_UP))
            left -= inside
        return total

    def billed_now(self, correction: UsageCorrection) -> Decimal:
        """The quantity that an event stands for on the line after all that was credited of it."""
        earlier = (one.quantity for one in self.corrected if one.billed_as == correction.billed_as)
        return min(earlier, default=correction.billed)

    def lowered(self, but: str = "") -> Decimal:
        """By how many units it was corrected downwards; without the corrections of the event billed as `but`."""
        most: dict[str, Decimal] = {}
        for one in self.corrected:
            most[one.billed_as] = max(most.get(one.billed_as, Decimal(0)), one.billed - one.quantity)
        return sum((units for event, units in most.items() if event != but), Decimal(0))


def platform_id(event_id: str) -> str:
    """The usage's id in the platform (at most 40 characters): the event's own, or its fingerprint."""
    return event_id if len(event_id) <= 40 else f"u-{digest(event_id)}"


def event_of(row: Row, place: str) -> UsageEvent | Malformed:
    """An event from a row of the feed or, by the feed's member names, of the CSV."""
    given = {name: text for name in MEMBERS if row.get(name) is not None and (text := str(row[name]).strip())}
    for name in NEEDED:
        if not given.get(name):
            return _malformed(given, place, name, "is empty")
    try:
        quantity = Decimal(given["quantity"])
        if not quantity.is_finite() or quantity < 0:
            raise InvalidOperation
    except InvalidOperation:
        return _malformed(given, place, "quantity", f"'{given['quantity']}' is no quantity")
    instants = {}
    for name in ("time", "recorded_at"):
        try:
            instants[name] = _instant(given[name])
        except ValueError:
            return _malformed(given, place, name, f"'{given[name]}' is no instant")
    return UsageEvent(
        id=given["id"], subscription=given["subscription"], meter=given["meter"], quantity=quantity,
        at=instants["time"], recorded_at=instants["recorded_at"], customer=given.get("customer", ""),
        corrects=given.get("corrects", ""),
    )  # fmt: skip


def _instant(text: str) -> int:
    parsed = datetime.fromisoformat(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def _malformed(given: dict[str, str], place: str, column: str, what: str) -> Malformed:
    event = given.get("id", "")
    return Malformed(f"{event or 'row'}!{digest(given)}", event, f"{place}, column {column}: {what}", given)


@dataclass(frozen=True)
class DailyFile:
    """The CSV of a day: its rows, and what is wrong with it as a whole ('' if nothing)."""

    rows: tuple[UsageEvent | Malformed, ...]
    problem: str = ""


def daily_file(day: str, text: str) -> DailyFile:
    """Read a day's CSV. A row that cannot be read does not hide the others."""
    lines = list(csv.reader(io.StringIO(text)))
    if not lines or tuple(lines[0]) != COLUMNS:
        return DailyFile((), f"usage of {day}, line 1: the header is not {','.join(COLUMNS)}")
    body, trailer = lines[1:], None
    if body and body[-1] and body[-1][0] == TRAILER:
        body, trailer = body[:-1], body[-1]
    rows = tuple(_line(day, number, cells) for number, cells in enumerate(body, start=2))
    return DailyFile(rows, _trailer_problem(day, len(lines), body, trailer))


def _line(day: str, number: int, cells: Sequence[str]) -> UsageEvent | Malformed:
    place = f"usage of {day}, line {number}"
    if len(cells) != len(COLUMNS):
        row = {"text": ",".join(cells)}
        reason = f"{place}, column {min(len(cells), len(COLUMNS)) + 1}: {len(cells)} columns instead of {len(COLUMNS)}"
        return Malformed(f"row!{digest(row)}", "", reason, row)
    return event_of(dict(zip(MEMBERS, cells, strict=True)), place)


def _trailer_problem(day: str, last: int, body: Sequence[Sequence[str]], trailer: Sequence[str] | None) -> str:
    if trailer is None:
        return f"usage of {day}, line {last}: the file ends without its trailer"
    events = len({cells[0] for cells in body if cells})
    if list(trailer[1:]) != [day, str(len(body)), str(events)]:
        said = ",".join(trailer)
        return f"usage of {day}, line {last}: the trailer says {said}, there are {len(body)} lines of {events} events"
    return ""


# -- books, for the reconciliation ------------------------------------------------------------


@dataclass(frozen=True)
class BookEvent:
    """An event as the metering's books have it; `quantity` is None where its text is none."""

    id: str
    subscription: str
    quantity: Decimal | None
    corrects: str = ""


@dataclass(frozen=True)
class BookUsage:
    """A usage in the platform: the event it stands for, its bill once that is closed, else whether one is to come."""

    id: str
    event: str
    subscription: str
    quantity: Decimal
    bill: str = ""
    waits: bool = False


@dataclass(frozen=True)
class UsageBook:
    """Usage in both books; `entities` by subscription, `given_up`: why a person abandoned an event, by its id."""

    events: list[BookEvent]
    usages: list[BookUsage]
    entities: Mapping[str, str]
    given_up: Mapping[str, str] = field(default_factory=dict)


def book_events(rows: Iterable[Row]) -> list[BookEvent]:
    """Events from rows of feed and files, in order of recording: each once, however often it was told."""
    found: dict[str, BookEvent] = {}
    for row in rows:
        read = event_of(row, "")
        event = str(row.get("id") or "") or (read.key if isinstance(read, Malformed) else "")
        quantity = read.quantity if isinstance(read, UsageEvent) else None
        known = str(row.get("subscription") or ""), quantity, str(row.get("corrects") or "")
        found.setdefault(event, BookEvent(event, *known))
    return list(found.values())
