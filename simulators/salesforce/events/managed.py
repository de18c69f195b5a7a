"""Managed subscriptions: places in the stream that the org keeps for a client, by id and developer name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate
from simulators.kit.kinds import Kind
from simulators.kit.store import Doc
from simulators.salesforce.errors import failed, refused
from simulators.salesforce.events import topics
from simulators.salesforce.ids import make_id, parse_id
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

approximate(
    "Managed subscriptions",
    "are those of org.yaml and of POST /tooling/sobjects/ManagedEventSubscription; of the Tooling API there is this "
    "and the query that clients look them up with",
    source="observed",
)

MANAGED = Kind("_managed_subscription", key="Id", index=("DeveloperName",))
PREFIX = "18x"
_QUERY = re.compile(r"FROM\s+ManagedEventSubscription(?:\s+WHERE\s+(Id|DeveloperName)\s*=\s*'([^']*)')?", re.IGNORECASE)
_REPLAYS = ("LATEST", "EARLIEST")


class ManagedSubscriptions:
    """Those of the schema file, numbered in its order, and those that clients have made."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system

    def every(self) -> list[Doc]:
        """All of them."""
        declared: dict[str, Any] = self._system.org.schema.raw.get("managed_subscriptions") or {}
        found = [_subscription(make_id(PREFIX, number), name, spec)
                 for number, (name, spec) in enumerate(declared.items(), 1)]  # fmt: skip
        return found + self._system.store.find(MANAGED.name)

    def find(self, key: str) -> Doc | None:
        """By id or developer name; None for what there is not, or is stopped."""
        known = parse_id(key) or key
        return next((one for one in self.every() if known in (one["Id"], one["DeveloperName"])), None)

    def add(self, name: str, given: Any) -> Doc:
        """One more; raises ApiError."""
        if not name or not isinstance(given, dict) or self.find(name) is not None:
            raise refused("INVALID_INPUT", "FullName must be new, and Metadata an object", "FullName")
        topic = str(given.get("topicName") or "")
        if topics.find(self._system.org.schema, topic) is None:
            raise refused("INVALID_INPUT", f"The topic {topic} does not exist", "Metadata")
        for member in ("defaultReplay", "errorRecoveryReplay"):
            if given.get(member, "LATEST") not in _REPLAYS:
                raise refused("INVALID_INPUT", f"{member} must be one of {', '.join(_REPLAYS)}", "Metadata")
        number = self._system.store.next("id/18x", 1_001)
        doc = _subscription(make_id(PREFIX, number), name, given)
        self._system.store.put(MANAGED.name, doc)
        return doc


def _subscription(record_id: str, name: str, given: dict[str, Any]) -> Doc:
    return {
        "Id": record_id, "DeveloperName": name, "label": given.get("label", name), "topicName": given["topicName"],
        "defaultReplay": given.get("defaultReplay", "LATEST"), "state": given.get("state", "RUN"),
        "errorRecoveryReplay": given.get("errorRecoveryReplay", "LATEST"),
    }  # fmt: skip


async def query(ctx: Context) -> Answer:
    """GET /tooling/query?q=SELECT … FROM ManagedEventSubscription …"""
    asked = _QUERY.search(ctx.parameters().get("q", ""))
    if asked is None:
        raise failed("INVALID_TYPE", "Only ManagedEventSubscription can be queried by the Tooling API here")
    found = ctx.system.managed.every() if asked[2] is None else [ctx.system.managed.find(asked[2])]
    rows = [_row(ctx, doc) for doc in found if doc is not None]
    body = {"size": len(rows), "totalSize": len(rows), "done": True, "queryLocator": None, "records": rows,
            "entityTypeName": "ManagedEventSubscription"}  # fmt: skip
    return reply(200, body)


async def create(ctx: Context) -> Answer:
    """POST /tooling/sobjects/ManagedEventSubscription {"FullName", "Metadata"}."""
    body = ctx.json_object()
    doc = ctx.system.managed.add(str(body.get("FullName") or ""), body.get("Metadata"))
    return reply(201, {"id": doc["Id"], "success": True, "errors": [], "warnings": [], "infos": []})


def _row(ctx: Context, doc: Doc) -> dict[str, Any]:
    metadata = {name: value for name, value in doc.items() if name not in ("Id", "DeveloperName")}
    url = f"{ctx.root}/tooling/sobjects/ManagedEventSubscription/{doc['Id']}"
    return {"attributes": {"type": "ManagedEventSubscription", "url": url}, "Id": doc["Id"],
            "DeveloperName": doc["DeveloperName"], "Metadata": metadata}  # fmt: skip
