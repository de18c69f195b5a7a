"""What the journals tell, as events of the run: whole, without secrets, and of the headers what names a call."""

from collections.abc import Callable
from typing import Any

from harness.events import EventStream
from harness.world import SystemName
from simulators.kit.journal import blanked

_HEADERS = ("traceparent", "user-agent")  # of which write of the core a call is, and whether it is the core's at all
_NOT_IN_RECORD = ("seq", "kind", "at", "headers", "principal")


def recorder(stream: EventStream, name: SystemName) -> Callable[[dict[str, Any]], None]:
    """A listener of a system's journal that adds to the stream."""

    def record(entry: dict[str, Any]) -> None:
        if entry["kind"] == "change":
            changed = {"system": name, "table": entry["table"], "key": entry["key"], "action": entry["action"]}
            stream.append("change", entry["at"], changed)
            return
        facts = entry.copy()
        for key in _NOT_IN_RECORD:
            facts.pop(key, None)
        facts["system"] = name
        secret = entry.get("operation") == "token"
        for part in ("body", "answer"):
            if part in facts:
                facts[part] = "***" if secret else blanked(facts[part].decode("utf-8", "replace"))
        given = entry.get("headers", {})
        facts["headers"] = {header: given[header] for header in _HEADERS if header in given}
        stream.append(entry["kind"], entry["at"], facts)

    return record
