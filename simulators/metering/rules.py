"""What a usage event must look like, how instants and days are written, and the daily CSV: pure rules."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.kit.fidelity import approximate
from simulators.metering.schemas import COLUMNS, MEMBERS, TRAILER

approximate(
    "late events: `time` long before `recorded_at`",
    "devices and regions report late, also after a period was billed",
    source="ours",
)
approximate(
    "corrections as events of their own with the whole new quantity",
    "logs are append-only; adding a correction instead of replacing bills wrongly",
    source="ours",
)
approximate("decimal strings", "hours and gigabytes are fractions, and floats lose them", source="ours")

TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
QUANTITY = re.compile(r"\d{1,15}(\.\d{1,9})?")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
GIVEN = ("id", "subscription", "customer", "meter", "quantity", "time", "corrects")

Row = Mapping[str, Any]


def instant(at: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> int:
    """Epoch seconds of such an instant; ValueError when it is none."""
    if not INSTANT.fullmatch(text):
        raise ValueError(f"'{text}' is no instant such as 2026-01-31T23:59:59Z")
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def day(at: float, zone: str) -> str:
    """The calendar day of an instant in the product's zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def ready_at(of_day: str, zone: str, clock: str) -> float:
    """When the CSV of a day is ready: at `clock` (HH:MM, local) of the day after."""
    hour, minute = map(int, clock.split(":"))
    morning = datetime.fromisoformat(of_day) + timedelta(days=1, hours=hour, minutes=minute)
    return morning.replace(tzinfo=ZoneInfo(zone)).timestamp()


def wrongs(event: Any, now: float, meters: Iterable[str]) -> list[tuple[str, str]]:
    """What is wrong with an event that the product sends: (member, why); empty when it is good."""
    if not isinstance(event, dict):
        return [("", "an event is an object")]
    found = [(name, "is not a member of an event") for name in event if name not in GIVEN]
    for name in ("id", "subscription", "customer", "meter", "corrects"):
        value = event.get(name)
        if value is None and name in ("id", "customer", "corrects"):
            continue
        if not isinstance(value, str) or not TEXT.fullmatch(value):
            found.append((name, "is needed: up to 100 letters, digits and . _ : -"))
    known = list(meters)
    if known and isinstance(event.get("meter"), str) and event["meter"] not in known:
        found.append(("meter", f"there is no meter '{event['meter']}'; there are {', '.join(known)}"))
    quantity = event.get("quantity")
    if not isinstance(quantity, str) or not QUANTITY.fullmatch(quantity):
        found.append(("quantity", 'is needed as a decimal string, not negative, such as "12.5"'))
    try:
        if seconds(event["time"] if isinstance(event.get("time"), str) else "") > now + 1:
            found.append(("time", "lies in the future"))
    except ValueError as error:
        found.append(("time", str(error)))
    return found


def same(one: Row, other: Row) -> bool:
    """Whether two events under one id say the same."""
    plain = ("subscription", "customer", "meter", "time", "corrects")
    if any((one.get(name) or "") != (other.get(name) or "") for name in plain):
        return False
    return one["quantity"] == other["quantity"] or Decimal(one["quantity"]) == Decimal(other["quantity"])


def shown(event: Row, recorded: int) -> dict[str, Any]:
    """An event as the feed shows it; `recorded` is when this entry of it was made."""
    row = {**event, "recorded_at": instant(recorded)}
    return {name: row[name] for name in MEMBERS if row.get(name)}


def csv_text(of_day: str, rows: Iterable[Row]) -> str:
    """The CSV of a day: a header, one line an entry of the feed in its order, and a trailer with both counts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    lines, events = 0, set()
    for row in rows:
        writer.writerow([row.get(name, "") for name in MEMBERS])
        lines += 1
        events.add(row["id"])
    writer.writerow([TRAILER, of_day, lines, len(events)])
    return out.getvalue()
