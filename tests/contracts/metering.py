"""What the core expects of the seller's own metering: the feed, the daily files, and the refusals it acts upon."""

from typing import Any

from synccore.ports.outcomes import Later
from synccore.systems.credentials import MeteringAccess
from synccore.systems.metering import MeteringAdapter
from tests.contracts.exchange import Case, Exchange, SignedIn, each, injected, like, shaped
from tests.synccore.worlds import HandClock

SIGNED_IN = ("the client is signed in", {})
TOKEN = {**shaped("Bearer token", "^Bearer .+$"), "pact:generator:type": "ProviderState",
         "expression": "Bearer ${token}"}  # fmt: skip
INSTANT = shaped("2026-01-05T08:59:00Z", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
NAMES = {"event": "ev-1", "subscription": "sub-006A"}
USED = ("usage was recorded", NAMES)
EXPORTED = ("usage of a day was exported", NAMES)
EVENT = {"id": like("ev-1"), "subscription": "sub-006A", "customer": like("c-US"), "meter": "api-calls",
         "quantity": shaped("120", r"^[0-9]+(\.[0-9]+)?$"), "time": INSTANT, "recorded_at": INSTANT}  # fmt: skip
CSV = "event_id,subscription,customer,meter,quantity,time,recorded_at,corrects\n"
LINES = r"^event_id,subscription,customer,meter,quantity,time,recorded_at,corrects\nev-1,sub-006A,[^\n]*\n[\s\S]*$"


def adapter(url: str, transport: SignedIn) -> MeteringAdapter:
    return MeteringAdapter(MeteringAccess(url, "token"), transport, HandClock(), 5, 5.0)


def get(says: str, path: Any, *given: Any, query: dict[str, str] | None = None, **answer: Any) -> Exchange:
    return Exchange(says, (SIGNED_IN, *given), "GET", path, query or {}, authorized=TOKEN, **answer)


def feed(says: str, *given: Any, since: str = "", **answer: Any) -> Exchange:
    query = {"limit": "500"} | ({"recorded_since": since} if since else {})
    return get(says, "/v1/events", *given, query=query, **answer)


ROWS = {"events": each(EVENT, min=1)}
DAYS = {"exports": each({"day": shaped("2026-01-05", r"^\d{4}-\d\d-\d\d$"),
                         "sha256": shaped("0" * 64, "^[0-9a-f]{64}$")}, min=1)}  # fmt: skip
ALL_ROWS = feed("usage as far back as the feed reaches", USED, answers=ROWS)
FILE = get(
    "the file of a day",
    injected("/v1/exports/2026-01-05", "/v1/exports/${day}"),
    EXPORTED,
    answers_text=(
        CSV + "ev-1,sub-006A,c-US,api-calls,120,2026-01-05T08:59:00Z,2026-01-05T09:00:00Z,\n",
        LINES,
        "text/csv",
    ),
)
CASES = (
    Case("book", lambda site: site.book(), (ALL_ROWS, get("all days that have a file", "/v1/exports", EXPORTED,
                                                          answers=DAYS), FILE),
         lambda rows: [row["id"] for row in rows] == ["ev-1", "ev-1"]),
    Case("recorded", lambda site: site.recorded("2026-01-05T08:00:00Z"), (
        feed("usage recorded since a moment", USED, since="2026-01-05T08:00:00Z", answers=ROWS),
    ), lambda rows: rows[0]["subscription"] == "sub-006A"),
    Case("recorded longer ago than the feed reaches", lambda site: site.recorded("2020-01-01T00:00:00Z"), (
        feed("usage since a moment beyond the feed's reach", since="2020-01-01T00:00:00Z", status=410,
             answers={"title": like("Gone"), "status": 410}),
        ALL_ROWS,
    ), lambda rows: len(rows) == 1),
    Case("exports", lambda site: site.exports("2026-01-01"), (
        get("the days that have a file", "/v1/exports", EXPORTED, query={"since": "2026-01-01"},
            answers=DAYS),
    ), lambda found: found[0].day == "2026-01-05"),
    Case("export", lambda site: site.export("2026-01-05"), (FILE,), lambda text: text.startswith(CSV)),
    Case("a token that is refused", lambda site: site.exports(""), (
        Exchange("a call with a token that is refused", (("the client's token is refused", {}),), "GET", "/v1/exports",
                 status=401, answers={"title": like("Unauthorized")}, authorized=TOKEN),
    ), raises=Later),
    Case("too many requests", lambda site: site.exports(""), (
        get("a call beyond the limit", "/v1/exports", ("the limit of requests is reached", {"retry_after_s": 7}),
            status=429, answers={"title": like("Too many")}, answer_headers={"Retry-After": "7"}),
    ), lambda later: later.delay_s == 7.0 and not later.counts, raises=Later),
)  # fmt: skip
