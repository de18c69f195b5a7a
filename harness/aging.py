"""When a reconciling item is too old to be one: the bound of its channel has passed, and it becomes a break.

A legacy ledger answers with its second batch window at the latest (DOMAIN.md, "When it must be quiet"). The windows
are those that its own job log shows as finished, so that a night without a batch excuses whoever waits for it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

WINDOWS = 2
ANSWER_S = 3_600.0  # after a window's end until the core must have read the answers: it looks every half hour

Window = tuple[float, float]  # opened, closed


def windows_of(books: Mapping[str, Any]) -> list[Window]:
    """The nightly runs that came to their end, by the legacy ERP's job log."""
    return [
        (float(row["ZOPENED"]), float(row["ZCLOSED"]))
        for row in books.get("document", ())
        if row.get("object") == "TBTCO" and row["STATUS"] == "F"
    ]


def overdue(
    work: Iterable[Mapping[str, Any]], exceptions: Iterable[Mapping[str, Any]], windows: Iterable[Window], now: float
) -> dict[str, str]:
    """Keys that wait for a batch file and have seen too many windows, each with what to say about it.

    What once was a person's to resolve waits since the core last took it up, anything else since it became work.
    """
    hindered = {row["subject"] for row in exceptions}
    found = {}
    for item in work:
        since = item.get("submitted_at" if item["subject"] in hindered else "first_at")
        if since is None or not any(str(topic).startswith(("window:", "file:")) for topic in item["waiting_on"]):
            continue  # a core that does not say since when cannot be held to a bound
        passed = sum(opened > since and closed + ANSWER_S <= now for opened, closed in windows)
        if passed >= WINDOWS:
            day = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M")
            found[item["subject"]] = f"it waits for a batch since {day} UTC, and {passed} windows have passed"
    return found
