"""Salesforce's change events over the Pub/Sub API: one subscription a topic, flow control, schemas looked up once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synccore.domain.drift import FieldMaps
from synccore.ports.clock import Clock
from synccore.ports.feed import Expired, Told
from synccore.ports.outcomes import Later
from synccore.ports.streams import Channel, Refused, Stream
from synccore.ports.transport import NoAnswer, NotSent
from synccore.systems import soql
from synccore.systems.breaker import Target
from synccore.systems.client import OnCall
from synccore.systems.eventbus.events import Shape, told
from synccore.systems.eventbus.generated import eventbus_pb2 as pb
from synccore.systems.tokens import Tokens

SYSTEM, SERVICE = "salesforce", "eventbus.v1.PubSub"
LONG_S = 300.0  # until a refusal that is no outage is tried again
WIDTH = 100  # events asked for at once: the most that one request may
MATTER = {
    "Account": frozenset(soql.ACCOUNT_FIELDS),
    "Opportunity": frozenset((*soql.DEAL_FIELDS, "StageName")) - {"SystemModstamp"},
}
_CODES = "sfdc.platform.eventbus.grpc."
_GONE = (f"{_CODES}subscription.fetch.replayid.corrupted", f"{_CODES}subscription.fetch.replayid.validation.failed")
_FAILURES = (NotSent, NoAnswer, Refused)


@dataclass
class _Following:
    """One subscription of this life; `wanted` events may still come unasked."""

    topic: str
    place: str
    stream: Stream
    token: str
    task: "asyncio.Task[None] | None" = None
    in_force: bool = False
    fruitful: bool = False  # something has come
    wanted: int = WIDTH
    failure: Exception | None = None


class SalesforceFeed:
    """Implements ports.feed.Feed. `arrived` is called whenever there is something new to look at."""

    def __init__(
        self, topics: Sequence[str], site: str, channel: Channel, tokens: Tokens, clock: Clock, client: str,
        fields: FieldMaps, timeout_s: float, arrived: Callable[[], None], on_call: OnCall | None = None,
    ) -> None:  # fmt: skip
        self.topics = tuple(topics)
        self.matter: Mapping[str, frozenset[str]] = MATTER
        self._site, self._channel, self._tokens, self._clock = site, channel, tokens, clock
        self._client, self._fields, self._timeout_s = client, fields, timeout_s
        self._arrived, self._on_call = arrived, on_call
        self._target = Target(SYSTEM, clock, asyncio.Semaphore(1))
        self._followed: dict[str, _Following] = {}
        self._told: list[Told] = []
        self._shapes: dict[str, Shape] = {}
        self._latest: dict[str, str] = {}  # record -> schema id of its latest event
        self._stale: str | None = None

    async def follow(self, places: Mapping[str, str]) -> bool:
        """See Feed."""
        for topic in self.topics:
            known = self._followed.get(topic)
            if known is not None and known.failure is not None and not self._unhandled(topic):
                await self._end(known)
                known = None
            if known is None:
                await self._begin(topic, places.get(topic, ""))
        return all(one.in_force for one in self._followed.values())

    def told(self) -> Sequence[Told]:
        """See Feed."""
        return self._told

    async def handled(self, number: int) -> None:
        """See Feed."""
        done, self._told = self._told[:number], self._told[number:]
        for one in done:
            if one.record and one.place and one.topic in self._followed:
                self._followed[one.topic].wanted -= 1
        for following in self._followed.values():
            if following.wanted <= WIDTH // 2 and following.failure is None:
                more = WIDTH - following.wanted
                following.wanted = WIDTH
                await following.stream.send(pb.FetchRequest(num_requested=more).SerializeToString())

    async def close(self) -> None:
        """Leave all streams."""
        for following in list(self._followed.values()):
            await self._leave(following)
        self._followed.clear()

    # -- one subscription -----------------------------------------------------------------------

    def _unhandled(self, topic: str) -> bool:
        return any(one.topic == topic for one in self._told)

    async def _begin(self, topic: str, place: str) -> None:
        self._target.check()
        try:
            metadata = await self._metadata()
            stream = await self._channel.open(f"{SERVICE}/Subscribe", metadata)
        except _FAILURES as error:
            raise self._outage(error) from None
        preset = pb.ReplayPreset.CUSTOM if place else pb.ReplayPreset.LATEST
        first = pb.FetchRequest(
            topic_name=topic, replay_preset=preset, replay_id=bytes.fromhex(place), num_requested=WIDTH
        )
        await stream.send(first.SerializeToString())
        following = self._followed[topic] = _Following(topic, place, stream, metadata["accesstoken"])
        following.task = asyncio.get_running_loop().create_task(self._pump(following))

    async def _end(self, following: _Following) -> None:
        """Drop a subscription that has failed; raises when it is not to be begun anew at once."""
        failure = following.failure
        await self._leave(following)
        del self._followed[following.topic]
        if isinstance(failure, Refused):
            if failure.code in _GONE and following.place:
                raise Expired(following.topic, following.place)
            if failure.status == "UNAUTHENTICATED":
                self._stale = following.token
            if failure.status in ("NOT_FOUND", "PERMISSION_DENIED", "INVALID_ARGUMENT"):
                raise Later(LONG_S, f"{SYSTEM} feed: {failure}", counts=False)
        if not following.fruitful and not (following.in_force and self._stale == following.token):
            raise self._outage(failure or NoAnswer("it has ended"))

    async def _leave(self, following: _Following) -> None:
        if following.task is not None:
            following.task.cancel()
        await following.stream.close()

    async def _pump(self, following: _Following) -> None:
        stream = following.stream
        try:
            await stream.in_force()
            following.in_force = True
            self._target.answered()
            if not following.place:  # what was committed before this moment is for nobody to tell
                self._told.append(Told(following.topic, "", "?", "OVERFLOW"))
            self._arrived()
            while (message := await stream.receive()) is not None:
                following.fruitful = True
                await self._take(following, pb.FetchResponse.FromString(message))
                self._count("fetch", "0")
                self._arrived()
            following.failure = NoAnswer("the stream has ended")
        except Exception as error:
            following.failure = error
            self._count("fetch", error.status if isinstance(error, Refused) else type(error).__name__)
        self._arrived()

    async def _take(self, following: _Following, response: Any) -> None:
        for event in response.events:
            place = event.replay_id.hex()
            following.place = place
            self._told.append(await self._read(following.topic, place, event.event))
        if not response.events and response.latest_replay_id:
            following.place = response.latest_replay_id.hex()
            self._told.append(Told(following.topic, following.place))

    async def _read(self, topic: str, place: str, event: Any) -> Told:
        """One event; of one that cannot be read only that something has changed is known."""
        try:
            shape = await self._shape(event.schema_id)
            found = told(shape, event.payload, topic, place, self._client, self._fields, SYSTEM)
        except ValueError:
            return Told(topic, place, "?", "OVERFLOW")
        before = self._latest.get(found.record)
        self._latest[found.record] = event.schema_id
        return replace(found, reshaped=before is not None and before != event.schema_id)

    async def _shape(self, schema_id: str) -> Shape:
        if schema_id not in self._shapes:
            request = pb.SchemaRequest(schema_id=schema_id).SerializeToString()
            answer = await self._channel.call(f"{SERVICE}/GetSchema", await self._metadata(), request, self._timeout_s)
            self._count("schema", "0")
            self._shapes[schema_id] = Shape.of(pb.SchemaInfo.FromString(answer).schema_json)
        return self._shapes[schema_id]

    async def _metadata(self) -> dict[str, str]:
        try:
            token = await self._tokens.get(self._stale)
        except ValueError as error:
            raise NotSent(f"sign-in: {error}") from None
        return {"accesstoken": token, "instanceurl": self._site, "tenantid": token.partition("!")[0]}

    def _outage(self, error: Exception) -> Later:
        cause = f"{SYSTEM} feed: {error}"
        self._target.failed(cause)
        return self._target.outage(cause)

    def _count(self, operation: str, outcome: str) -> None:
        if self._on_call is not None:
            self._on_call(SYSTEM, f"pubsub.{operation}", outcome)
