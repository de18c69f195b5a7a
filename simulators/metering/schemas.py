"""What the metering keeps, and the columns of its daily CSV."""

from simulators.kit.kinds import Kind

KINDS = (
    Kind("setting"),
    Kind("meter"),
    Kind("event", index=("subscription", "corrects")),
    # one row each time that an event was recorded: what the product sends twice stands in the feed twice
    Kind("entry", index=("recorded", "day", "event")),
    Kind("export"),
)

SETTINGS = {"id": "site", "zone": "UTC", "export_at": "01:00", "retention_days": 35}

COLUMNS = ("event_id", "subscription", "customer", "meter", "quantity", "time", "recorded_at", "corrects")
MEMBERS = ("id", *COLUMNS[1:])  # the same in the feed
TRAILER = "TRAILER"
