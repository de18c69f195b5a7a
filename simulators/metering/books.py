"""The metering's own books: every event once, with how often it was recorded and what has replaced it."""

from simulators.kit.store import Store
from simulators.kit.system import Rows
from simulators.metering.rules import instant


def dump(store: Store) -> dict[str, Rows]:
    """line: usage events; `recorded_times` is how often each was sent, `corrected_by` the event that replaced it.

    document: the daily exports. Quantities are the decimal strings that were sent.
    """
    events = store.find("event")
    replaced = {event["corrects"]: event["id"] for event in events if event.get("corrects")}
    times: dict[str, int] = {}
    for entry in store.find("entry"):
        times[entry["event"]] = times.get(entry["event"], 0) + 1
    lines = [
        {
            "object": "usage_event", **{name: value for name, value in event.items() if name != "recorded"},
            "recorded_at": instant(event["recorded"]), "recorded_times": times.get(event["id"], 0),
            "corrected_by": replaced.get(event["id"]),
        }
        for event in events
    ]  # fmt: skip
    exports = [
        {"object": "export", **{name: value for name, value in doc.items() if name != "text"}}
        for doc in store.find("export", order="key")
    ]
    return {"party": [], "contract": [], "document": exports, "line": lines, "allocation": [], "ledger": []}
