"""One open subscription: where it stands, how many events its client still wants, and what it is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from simulators.kit.kinds import Kind
from simulators.salesforce.events.bus import Event, Lost, replay_id
from simulators.salesforce.events.generated import pubsub_pb2 as pb
from simulators.salesforce.events.refusals import Failed, parsed

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce
    from simulators.salesforce.events.pubsub import Line, Metadata, PubSub
    from simulators.salesforce.events.topics import Topic

REQUEST_MAX = 100  # events a fetch request can ask for; more is taken as so many
COMMITS = Kind("_managed")  # managed subscription -> the replay number that its client has committed


class Subscription:
    """Serves Subscribe and ManagedSubscribe until the client ends, or something is wrong (Failed)."""

    def __init__(
        self, system: Salesforce, service: PubSub, metadata: Metadata, line: Line, keepalive_s: float | None
    ) -> None:
        self._system, self._service, self._bus = system, service, system.bus
        self._metadata, self._line, self._keepalive_s = metadata, line, keepalive_s
        self._topic: Topic | None = None
        self._pending = 0
        self._place = 0
        self._ended = False  # the client sends no more requests
        self._wrong: Exception | None = None
        self._managed = ""
        self._commit: Any = None  # the latest commit that was not answered yet

    async def run(self, managed: bool) -> None:
        """From the first request to the last event."""
        first = await self._line.read()
        if first is None:
            return
        self._take_managed(first) if managed else self._take(first)
        changed = self._bus.watch()
        await self._line.accept()
        reader = asyncio.get_running_loop().create_task(self._read(managed, changed))
        try:
            await self._deliver(managed, changed)
        finally:
            self._bus.unwatch(changed)
            reader.cancel()

    # -- what the client asks -------------------------------------------------------------------

    async def _read(self, managed: bool, changed: asyncio.Event) -> None:
        try:
            while (request := await self._line.read()) is not None:
                self._take_managed(request) if managed else self._take(request)
                changed.set()
        except Exception as error:
            self._wrong = error
        self._ended = True
        changed.set()

    def _take(self, data: bytes) -> None:
        asked = parsed(pb.FetchRequest, data)
        self._want(asked.num_requested, asked.auth_refresh)
        if self._topic is not None:
            if asked.topic_name and asked.topic_name != self._topic.name:
                message = f"The subscription is to {self._topic.name}, not to {asked.topic_name}."
                raise Failed("INVALID_ARGUMENT", "subscription.fetch.topic.mismatch", message)
            return
        if not asked.topic_name:
            raise Failed("INVALID_ARGUMENT", "subscription.topic.validation.empty", "The first request names no topic.")
        self._topic = self._service.topic(asked.topic_name)
        self._place = self._begin(asked.replay_preset, asked.replay_id)

    def _begin(self, preset: int, asked: bytes) -> int:
        bus, now = self._bus, self._system.clock.now()
        bus.expire(now)
        if preset == pb.ReplayPreset.LATEST:
            return bus.tip
        if preset == pb.ReplayPreset.EARLIEST:
            return 0
        if preset != pb.ReplayPreset.CUSTOM or not asked:
            message = "A replay preset of CUSTOM needs a replay id."
            raise Failed("INVALID_ARGUMENT", "subscription.fetch.replayid.validation.failed", message)
        assert self._topic is not None
        fault = self._system.faults.strike(("expire_cursor",), "pubsub.Subscribe", lambda: self._topic.name, now)  # type: ignore[union-attr]
        try:
            if fault is not None:
                raise Lost(asked.hex())
            return bus.place(asked, now)
        except Lost:
            message = f"The replay id {asked.hex()} is corrupted: too old, in the future, or none."
            raise Failed("INVALID_ARGUMENT", "subscription.fetch.replayid.corrupted", message) from None

    def _want(self, number: int, refreshed: str) -> None:
        if refreshed:
            self._metadata = {**self._metadata, "accesstoken": refreshed}
            self._service.user(self._metadata)
        if number <= 0:
            message = f"The number of requested events must be positive, not {number}."
            raise Failed("INVALID_ARGUMENT", "subscription.fetch.requested.events.invalid", message)
        self._pending += min(number, REQUEST_MAX)

    def _take_managed(self, data: bytes) -> None:
        asked = parsed(pb.ManagedFetchRequest, data)
        commits = asked.HasField("commit_replay_id_request")
        if self._topic is None or not commits or asked.num_requested:
            self._want(asked.num_requested, asked.auth_refresh)
        if self._topic is None:
            found = self._system.managed.find(asked.subscription_id or asked.developer_name)
            if found is None:
                raise Failed("NOT_FOUND", "subscription.managed.not.found", "There is no such managed subscription.")
            self._managed = found["Id"]
            self._topic = self._service.topic(found["topicName"])
            kept = self._system.store.get(COMMITS.name, self._managed)
            if kept is None:
                earliest = found["defaultReplay"] == "EARLIEST"
                self._place = self._begin(pb.ReplayPreset.EARLIEST if earliest else pb.ReplayPreset.LATEST, b"")
            else:
                self._place = self._resumed(kept["replay"], found["errorRecoveryReplay"])
        if commits:
            self._commit = asked.commit_replay_id_request

    def _resumed(self, number: int, recovery: str) -> int:
        self._bus.expire(self._system.clock.now())
        try:
            return self._bus.checked(number)
        except Lost:
            return 0 if recovery == "EARLIEST" else self._bus.tip

    # -- what it is sent ------------------------------------------------------------------------

    async def _deliver(self, managed: bool, changed: asyncio.Event) -> None:
        while True:
            changed.clear()
            if self._wrong is not None:
                raise self._wrong
            if self._commit is not None:
                await self._line.write(self._committed().SerializeToString())
            events = self._next() if self._pending else []
            if events:
                self._service.user(self._metadata)
                self._cut()
                self._pending -= len(events)
                self._place = events[-1].replay
                await self._send(managed, events)
                continue
            if self._ended and (not self._pending or self._wrong is not None):
                return
            if self._pending:
                self._place = max(self._place, self._bus.tip)  # nothing up to there is this topic's
            if not await self._woken(changed):
                await self._send(managed, [])

    async def _woken(self, changed: asyncio.Event) -> bool:
        """Wait until something has changed; False: a keep-alive is due."""
        try:
            async with asyncio.timeout(self._keepalive_s):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    def _next(self) -> list[Event]:
        assert self._topic is not None
        return self._bus.after(self._place, self._topic.entities, min(self._pending, REQUEST_MAX))

    def _cut(self) -> None:
        assert self._topic is not None
        name, now = self._topic.name, self._system.clock.now()
        fault = self._system.faults.strike(("cut_stream",), f"pubsub.fetch:{name}", lambda: name, now)
        if fault is not None:
            raise Failed("UNAVAILABLE", "service.unavailable", "The stream was cut.")

    async def _send(self, managed: bool, events: list[Event]) -> None:
        kind: Any = pb.ManagedFetchResponse if managed else pb.FetchResponse
        sent = [
            pb.ConsumerEvent(
                event=pb.ProducerEvent(id=event.id, schema_id=event.schema, payload=event.payload),
                replay_id=replay_id(event.replay),
            )
            for event in events
        ]
        answer = kind(
            events=sent, latest_replay_id=replay_id(self._place), rpc_id=self._service.rpc_id(),
            pending_num_requested=self._pending,
        )  # fmt: skip
        await self._line.write(answer.SerializeToString())

    def _committed(self) -> Any:
        """The answer to the latest commit of a managed subscription."""
        asked, self._commit = self._commit, None
        now = self._system.clock.now()
        answer = pb.CommitReplayResponse(
            commit_request_id=asked.commit_request_id, replay_id=asked.replay_id, process_time=round(now * 1000)
        )
        try:
            number = self._bus.place(asked.replay_id, now)
            self._system.store.put(COMMITS.name, {"id": self._managed, "replay": number})
        except Lost:
            answer.error.code, answer.error.msg = pb.ErrorCode.COMMIT, "The replay id cannot be committed."
        return pb.ManagedFetchResponse(
            latest_replay_id=replay_id(self._place), rpc_id=self._service.rpc_id(), pending_num_requested=self._pending,
            commit_response=answer,
        )  # fmt: skip
