"""Webhooks on their way out: stored with their change, retried on the clock, disturbed by event faults."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from simulators.kit.clock import Clock
from simulators.kit.faults import EVENT_FAULTS, FaultTable
from simulators.kit.jobs import Job, Jobs
from simulators.kit.journal import Journal
from simulators.kit.store import Kind, Store

Sender = Callable[[str, str, Mapping[str, str], bytes, float], Awaitable[int]]
"""Send (method, url, headers, body, timeout_s) and return the status; OSError or TimeoutError when there is none."""

DELIVERY = Kind("_delivery")
TIMEOUT_S = 20.0


class Outbox:
    """Deliveries of events to endpoints, in order within a lane while all goes well, at least once always."""

    def __init__(
        self, store: Store, jobs: Jobs, clock: Clock, journal: Journal, faults: FaultTable, sender: Sender,
        schedule_s: Sequence[float],
    ) -> None:  # fmt: skip
        self._store, self._jobs, self._clock = store, jobs, clock
        self._journal, self._faults = journal, faults
        self.sender = sender
        self._schedule_s = tuple(schedule_s)
        self.on_result: Callable[[dict[str, Any]], None] = lambda _delivery: None
        jobs.handler("deliver", self._deliver)

    def post(self, event_id: str, event_type: str, url: str, headers: Mapping[str, str], body: bytes, at: float) -> str:
        """Queue one delivery within the caller's transaction; returns its id."""
        fault = self._faults.strike(EVENT_FAULTS, event_type, lambda: body.decode("utf-8", "replace"), at)
        delivery_id = f"dl_{self._store.next('_delivery')}"
        delivery: dict[str, Any] = {
            "id": delivery_id, "event_id": event_id, "event_type": event_type, "url": url, "headers": dict(headers),
            "body": body.decode(), "status": "scheduled", "attempts": [], "due": at,
            "fault": None if fault is None else f"{fault.id}:{fault.kind}",
        }  # fmt: skip
        if fault is not None and fault.kind == "drop_event":
            delivery["status"] = "dropped"
            self._store.add(DELIVERY.name, delivery)
            return delivery_id
        if fault is not None and fault.kind == "delay_event":
            delivery["due"] = at + fault.delay_s
        self._store.add(DELIVERY.name, delivery)
        self._schedule(delivery_id, delivery["due"], url)
        if fault is not None and fault.kind == "duplicate_event":
            for copy in range(1, fault.copies + 1):
                twin = {**delivery, "id": f"{delivery_id}.{copy}", "due": at + copy * fault.delay_s}
                self._store.add(DELIVERY.name, twin)
                self._schedule(twin["id"], twin["due"], url)
        return delivery_id

    def resend(self, delivery_id: str, at: float) -> bool:
        """Deliver once more by hand; False for an unknown delivery."""
        delivery = self._store.get(DELIVERY.name, delivery_id)
        if delivery is None:
            return False
        self._store.put(DELIVERY.name, {**delivery, "status": "scheduled", "due": at})
        self._schedule(delivery_id, at, delivery["url"])
        return True

    def _schedule(self, delivery_id: str, due: float, url: str) -> None:
        self._jobs.schedule(due, "deliver", {"id": delivery_id}, key=f"deliver/{delivery_id}", lane=url)

    async def _deliver(self, job: Job) -> None:
        delivery = self._store.get(DELIVERY.name, job.payload["id"])
        if delivery is None or delivery["status"] in ("succeeded", "failed", "dropped"):
            return
        body = delivery["body"].encode()
        try:
            status: int | None = await self.sender("POST", delivery["url"], delivery["headers"], body, TIMEOUT_S)
        except (OSError, TimeoutError):
            status = None
        at = self._clock.now()
        delivery["attempts"].append({"at": at, "status": status})
        if status is not None and 200 <= status < 300:
            delivery["status"] = "succeeded"
        elif len(delivery["attempts"]) > len(self._schedule_s):
            delivery["status"] = "failed"
        else:
            delivery["status"] = "re_scheduled"
            delivery["due"] = at + self._schedule_s[len(delivery["attempts"]) - 1]
        with self._store.transaction():
            self._store.put(DELIVERY.name, delivery)
            if delivery["status"] == "re_scheduled":
                self._schedule(delivery["id"], delivery["due"], delivery["url"])
            self.on_result(delivery)
        self._journal.add(
            "delivery", at, event=delivery["event_id"], event_type=delivery["event_type"], status=status,
            attempt=len(delivery["attempts"]), fault=delivery["fault"], body=body,
        )  # fmt: skip
