"""Webhooks on their way out: stored with their change, retried on the clock, disturbed by event faults."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from simulators.kit.clock import Clock
from simulators.kit.faults import EVENT_FAULTS, FaultTable
from simulators.kit.jobs import Job, Jobs
from simulators.kit.journal import Journal
from simulators.kit.store import Store

Sender = Callable[[str, str, Mapping[str, str], bytes, float], Awaitable[int]]
"""Send (method, url, headers, body, timeout_s) and return the status; OSError or TimeoutError when there is none."""

TIMEOUT_S = 20.0


class Outbox:
    """Deliveries of events to endpoints, in order within a lane while all goes well, at least once always.

    A delivery is a pending job that holds all that is to be sent; what came of it is told to `on_result`.
    """

    def __init__(
        self, store: Store, jobs: Jobs, clock: Clock, journal: Journal, faults: FaultTable, sender: Sender,
        schedule_s: Sequence[float],
    ) -> None:  # fmt: skip
        self._store, self._jobs, self._clock = store, jobs, clock
        self._journal, self._faults = journal, faults
        self.sender = sender
        self._schedule_s = tuple(schedule_s)
        self.on_result: Callable[[dict[str, Any]], None] = lambda _delivery: None
        self.wanted: Callable[[dict[str, Any]], bool] = lambda _delivery: True  # asked before each attempt
        jobs.handler("deliver", self._deliver)

    def post(
        self, event_id: str, event_type: str, endpoint: str, url: str, headers: Mapping[str, str], body: bytes,
        at: float,
    ) -> None:  # fmt: skip
        """Queue one delivery within the caller's transaction; one that is still on its way there is replaced."""
        fault = self._faults.strike(EVENT_FAULTS, event_type, lambda: body.decode("utf-8", "replace"), at)
        delivery: dict[str, Any] = {
            "event_id": event_id, "event_type": event_type, "endpoint": endpoint, "url": url, "headers": dict(headers),
            "body": body.decode(), "attempts": [], "fault": None if fault is None else f"{fault.id}:{fault.kind}",
        }  # fmt: skip
        key = f"deliver/{event_id}/{endpoint}"
        if fault is None:
            self._schedule(at, delivery, key)
        elif fault.kind == "delay_event":
            self._schedule(at + fault.delay_s, delivery, key)
        elif fault.kind == "duplicate_event":
            for copy in range(fault.copies + 1):
                self._schedule(at + copy * fault.delay_s, delivery, f"{key}/{copy}" if copy else key)

    def _schedule(self, due: float, delivery: dict[str, Any], key: str | None) -> None:
        self._jobs.schedule(due, "deliver", delivery, key=key, lane=delivery["url"])

    async def _deliver(self, job: Job) -> None:
        delivery = job.payload
        if not self.wanted(delivery):
            return
        body = delivery["body"].encode()
        try:
            status: int | None = await self.sender("POST", delivery["url"], delivery["headers"], body, TIMEOUT_S)
        except (OSError, TimeoutError):
            status = None
        at = self._clock.now()
        tries = len(delivery["attempts"])
        delivery["attempts"].append({"at": at, "status": status})
        if status is not None and 200 <= status < 300:
            delivery["status"] = "succeeded"
        else:
            delivery["status"] = "re_scheduled" if tries < len(self._schedule_s) else "failed"
        with self._store.transaction():
            if delivery["status"] == "re_scheduled":
                self._schedule(at + self._schedule_s[tries], delivery, job.key)
            self.on_result(delivery)
        self._journal.add(
            "delivery", at, event=delivery["event_id"], event_type=delivery["event_type"], status=status,
            attempt=tries + 1, fault=delivery["fault"], body=body,
        )  # fmt: skip
