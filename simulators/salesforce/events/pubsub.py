"""The Pub/Sub API's calls over bytes, whatever carries them: gRPC in live, the caller's own coroutine in simulation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from simulators.kit.faults import CALL_FAULTS, Fault
from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.events import platform, topics
from simulators.salesforce.events.bus import replay_id
from simulators.salesforce.events.generated import pubsub_pb2 as pb
from simulators.salesforce.events.refusals import Failed, parsed
from simulators.salesforce.events.subscription import Subscription
from simulators.salesforce.events.topics import Topic

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "Pub/Sub API: package, service, messages and field numbers; metadata accesstoken, instanceurl, tenantid; status "
    "and error-code trailer; flow control (never more than requested, 100 a request); latest, earliest, custom replay",
    source="observed, documented, reported",
    held_by="test_pubsub, test_live_pubsub",
)
approximate("Messages of Pub/Sub errors", "are ours; status and error-code are the vendor's where a source quotes them")

SERVICE = "eventbus.v1.PubSub"


class Line(Protocol):
    """One open stream as the service sees it."""

    async def accept(self) -> None:
        """The first request was taken: from here on the subscription is in force."""
        ...

    async def read(self) -> bytes | None:
        """The caller's next message, None when it sends no more."""
        ...

    async def write(self, message: bytes) -> None:
        """Send one."""
        ...


Metadata = Mapping[str, str]


class PubSub:
    """All calls of the service by name: `call` for one answer, `stream` for many. Both raise Failed.

    `keepalive_s`: wire seconds after which a silent subscription says where the stream stands; None: never.
    """

    def __init__(self, system: Salesforce) -> None:
        self._system = system
        self._calls: dict[str, Callable[[Metadata, bytes], Awaitable[Any]]] = {
            "GetTopic": self._topic, "GetSchema": self._schema, "Publish": self._publish,
        }  # fmt: skip
        self._streams: dict[str, Callable[[Metadata, Line, float | None], Awaitable[None]]] = {
            "Subscribe": self._subscribe, "ManagedSubscribe": self._managed, "PublishStream": self._publish_stream,
        }  # fmt: skip
        self.answered = tuple(self._calls)
        self.streamed = tuple(self._streams)

    async def call(self, method: str, metadata: Metadata, request: bytes) -> bytes:
        """One request, one answer."""
        await self._admit(method, metadata)
        answer: bytes = (await self._calls[method](metadata, request)).SerializeToString()
        return answer

    async def stream(self, method: str, metadata: Metadata, line: Line, keepalive_s: float | None) -> None:
        """Messages both ways until the caller has had enough."""
        await self._admit(method, metadata)
        await self._streams[method](metadata, line, keepalive_s)

    # -- who may, and what goes wrong -----------------------------------------------------------

    async def _admit(self, method: str, metadata: Metadata) -> None:
        system, at = self._system, self._system.clock.now()
        operation = f"pubsub.{method}"
        fault = system.faults.strike(CALL_FAULTS, operation, lambda: method, at)
        system.journal.add(
            "call", at, system=system.name, operation=operation, method="gRPC", target=f"/{SERVICE}/{method}",
            status=None if fault is not None else 200, fault=None if fault is None else f"{fault.id}:{fault.kind}",
            principal="", headers={}, body=b"", answer=b"",
        )  # fmt: skip
        if fault is not None:
            await self._struck(fault)
        self.user(metadata)

    async def _struck(self, fault: Fault) -> None:
        if fault.kind == "expire_credentials":
            self._system.expire_credentials()
            return
        if fault.kind in ("timeout", "slow_applied", "hold_answer"):
            await asyncio.sleep(fault.delay_s)
        if fault.kind in ("limit", "daily_limit"):
            raise Failed("RESOURCE_EXHAUSTED", "subscription.limit.exceeded", "The limit of subscriptions is reached.")
        if fault.kind not in ("slow_applied", "hold_answer", "repeat"):
            raise Failed("UNAVAILABLE", "service.unavailable", "The service is temporarily unavailable.")

    def user(self, metadata: Metadata) -> str:
        """The caller's user; raises Failed when headers are missing or the session is over."""
        system = self._system
        missing = [name for name in ("accesstoken", "instanceurl", "tenantid") if not metadata.get(name)]
        if missing:
            message = f"Authentication headers are missing or empty: {', '.join(missing)}."
            raise Failed("UNAUTHENTICATED", "service.auth.headers.invalid", message)
        user = system.sessions.user(metadata["accesstoken"], system.clock.now())
        if user is None or metadata["tenantid"].rpartition("/")[2][:15] != system.org.org_id[:15]:
            message = "The authentication is invalid or the session has expired."
            raise Failed("UNAUTHENTICATED", "service.auth.error", message)
        return user

    def topic(self, name: str) -> Topic:
        """The topic; raises Failed NOT_FOUND."""
        found = topics.find(self._system.org.schema, name)
        if found is None:
            raise Failed("NOT_FOUND", "topic.not.found", f"The topic {name} does not exist, or you may not see it.")
        return found

    def rpc_id(self) -> str:
        """A fresh id for an answer."""
        return self._system.bus.token("rpc", self._system.chance.stream("rpc").getrandbits(48))

    # -- calls ----------------------------------------------------------------------------------

    async def _topic(self, _metadata: Metadata, request: bytes) -> Any:
        asked = parsed(pb.TopicRequest, request)
        found = self.topic(asked.topic_name)
        schema = platform.schema_of(self._system, found.entity) if found.entity else ""
        return pb.TopicInfo(
            topic_name=found.name, tenant_guid=f"core/{self._system.settings.seed}/{self._system.org.org_id}",
            can_publish=found.publishes, can_subscribe=True, schema_id=schema, rpc_id=self.rpc_id(),
        )  # fmt: skip

    async def _schema(self, _metadata: Metadata, request: bytes) -> Any:
        asked = parsed(pb.SchemaRequest, request)
        found = self._system.bus.schema(asked.schema_id)
        if found is None:
            message = f"The schema {asked.schema_id!r} does not exist."
            raise Failed("NOT_FOUND" if asked.schema_id else "INVALID_ARGUMENT", "schema.validation.failed", message)
        return pb.SchemaInfo(schema_json=found[1], schema_id=asked.schema_id, rpc_id=self.rpc_id())

    async def _publish(self, metadata: Metadata, request: bytes) -> Any:
        asked = parsed(pb.PublishRequest, request)
        if not asked.topic_name:
            raise Failed("INVALID_ARGUMENT", "publish.topic.validation.empty", "The request names no topic.")
        topic = self.topic(asked.topic_name)
        if not topic.publishes:
            raise Failed("PERMISSION_DENIED", "publish.topic.cannot.publish", f"Nobody can publish to {topic.name}.")
        if not asked.events:
            raise Failed("INVALID_ARGUMENT", "publish.event.count.invalid", "The request has no events.")
        user, results = self.user(metadata), []
        for event in asked.events:
            try:
                kept = platform.publish(self._system, topic.entity, event.schema_id, event.payload, event.id, user)
                results.append(pb.PublishResult(replay_id=replay_id(kept.replay), correlation_key=event.id))
            except ValueError as error:
                wrong = pb.Error(code=pb.ErrorCode.PUBLISH, msg=str(error))
                results.append(pb.PublishResult(error=wrong, correlation_key=event.id))
        current = platform.schema_of(self._system, topic.entity)
        return pb.PublishResponse(results=results, schema_id=current, rpc_id=self.rpc_id())

    # -- streams --------------------------------------------------------------------------------

    async def _publish_stream(self, metadata: Metadata, line: Line, _keepalive_s: float | None) -> None:
        while (request := await line.read()) is not None:
            refreshed = parsed(pb.PublishRequest, request).auth_refresh
            if refreshed:
                metadata = {**metadata, "accesstoken": refreshed}
            self.user(metadata)
            await line.write((await self._publish(metadata, request)).SerializeToString())

    async def _subscribe(self, metadata: Metadata, line: Line, keepalive_s: float | None) -> None:
        await Subscription(self._system, self, metadata, line, keepalive_s).run(managed=False)

    async def _managed(self, metadata: Metadata, line: Line, keepalive_s: float | None) -> None:
        await Subscription(self._system, self, metadata, line, keepalive_s).run(managed=True)
