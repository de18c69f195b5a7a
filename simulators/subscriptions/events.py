"""The event feed and its webhooks: snapshots in content, one delivery per endpoint, status kept on the event."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.fidelity import approximate, exact
from simulators.kit.outbox import Outbox
from simulators.kit.store import Doc, Store

if TYPE_CHECKING:
    from simulators.subscriptions.work import Work

exact(
    "events: snapshot content, `resource_version` in ms and strictly increasing per object, feed by "
    "type and time, webhook retries after 2 m, 6 m, 30 m, 1 h, 5 h, 1 d, 2 d, no signature, optional "
    "basic auth",
    source="documented",
    held_by="test_events",
)
exact(
    "webhook_status: scheduled, succeeded, re_scheduled, failed, skipped (caller's wish), not_applicable (no endpoint "
    "wants the type), disabled, not_configured",
    source="observed, documented",
    held_by="test_events",
)
approximate(
    "an endpoint that is disabled or deleted while deliveries wait for it",
    "they are given up as disabled",
    source="ours",
)
exact(
    "headers `chargebee-event-webhook`/`-actions: all-disabled`: recorded, not sent",
    source="observed, documented",
    held_by="test_events",
)
approximate(
    "mrr_updated, subscription_renewal_reminder, subscription_items_renewed",
    "told after the subscription's event by which `mrr` is another; by the site setting `renewal_reminder_days` "
    "(nobody is reminded without it); when metered items begin a term of their own amid the plan's",
    source="ours",
)
approximate(
    "order of events in one call",
    "subscription, contract term, invoice_generated (before payment), transaction, payment, invoice_updated",
    source="ours",
)

RETRY_SCHEDULE_S = (120.0, 360.0, 1_800.0, 3_600.0, 18_000.0, 86_400.0, 172_800.0)


@lru_cache(maxsize=64)
def _basic(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


class Publisher:
    """Makes events and hands them to the outbox."""

    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store, self._outbox = store, outbox
        outbox.on_result, outbox.wanted = self._delivered, self._wanted

    def publish(self, work: Work, event_type: str, content: dict[str, Any]) -> None:
        """Record an event and queue its deliveries, within the caller's transaction."""
        event: Doc = {
            "id": f"ev_{work.token('event')}", "occurred_at": work.at, "source": work.source, "object": "event",
            "api_version": "v2", "content": content, "event_type": event_type,
        }  # fmt: skip
        if work.source == "api":
            event["user"] = "full_access_key_v1"
        enabled = [each for each in work.endpoints if not each["disabled"]]
        wanting = [each for each in enabled if not each["enabled_events"] or event_type in each["enabled_events"]]
        sent_to = [] if work.mute else wanting
        event["webhooks"] = [
            {"id": endpoint["id"], "webhook_status": "scheduled", "object": "webhook"} for endpoint in sent_to
        ]
        event["webhook_status"] = (
            "scheduled" if sent_to else "skipped" if wanting else "not_applicable" if enabled
            else "disabled" if work.endpoints else "not_configured"
        )  # fmt: skip
        body = orjson.dumps(event)
        for endpoint in sent_to:
            self._post(event, endpoint, body, float(work.at_ms) / 1_000)
        self._store.add_new("event", event, body.decode())

    def resend(self, event_id: str, at: float) -> list[str]:
        """Deliver an event again to every endpoint by hand; raises KeyError for an unknown event."""
        event = self._store.get("event", event_id)
        if event is None:
            raise KeyError(f"no event {event_id}")
        endpoints = [endpoint for endpoint in self._store.find("webhook_endpoint") if not endpoint["disabled"]]
        if endpoints:
            event["webhooks"] = [
                {"id": endpoint["id"], "webhook_status": "scheduled", "object": "webhook"} for endpoint in endpoints
            ]
            event["webhook_status"] = "scheduled"
        body = orjson.dumps(event)
        for endpoint in endpoints:
            self._post(event, endpoint, body, at)
        self._store.put("event", event)
        return [endpoint["id"] for endpoint in endpoints]

    def _post(self, event: Doc, endpoint: Doc, body: bytes, at: float) -> None:
        headers = {"content-type": "application/json;charset=utf-8", "user-agent": "ChargeBee"}
        if endpoint.get("_username") is not None:
            headers["authorization"] = _basic(endpoint["_username"], endpoint.get("_password") or "")
        self._outbox.post(event["id"], event["event_type"], endpoint["id"], endpoint["url"], headers, body, at)

    def _wanted(self, delivery: Doc) -> bool:
        """Whether the endpoint is still there and enabled; what waits for one that is not is not sent any more."""
        endpoint = self._store.get("webhook_endpoint", delivery["endpoint"])
        if endpoint is not None and not endpoint["disabled"]:
            return True
        self._delivered({**delivery, "status": "disabled"})
        return False

    def _delivered(self, delivery: Doc) -> None:
        """Bring the outcome of an attempt onto the event, as the feed shows it."""
        event = self._store.get("event", delivery["event_id"])
        if event is None:
            return
        stood = self._store.apart("event", event)
        for webhook in event["webhooks"]:
            if webhook["id"] == delivery["endpoint"]:
                webhook["webhook_status"] = delivery["status"]
        states = [webhook["webhook_status"] for webhook in event["webhooks"]]
        event["webhook_status"] = next(
            (state for state in ("failed", "re_scheduled", "scheduled", "disabled") if state in states), "succeeded"
        )
        if event["webhook_status"] in ("failed", "re_scheduled") and delivery["attempts"]:
            status = delivery["attempts"][-1]["status"]
            event["webhook_failure_reason"] = "no answer" if status is None else f"the endpoint answered {status}"
        else:
            event.pop("webhook_failure_reason", None)
        self._store.replace("event", event, stood)
