"""Change events as the core reads them, and the subscriptions that it follows: places, flow, refusals, outages."""

import asyncio
import io
import json
from typing import Any

import fastavro
import pytest

from synccore.domain.drift import FieldMaps
from synccore.ports.feed import Expired, Told
from synccore.ports.outcomes import Later
from synccore.ports.streams import Refused
from synccore.ports.transport import NoAnswer, NotSent, Response
from synccore.systems.eventbus.events import Shape, told
from synccore.systems.eventbus.feed import WIDTH, SalesforceFeed
from synccore.systems.eventbus.generated import eventbus_pb2 as pb
from synccore.systems.tokens import Tokens

TOPIC = "/data/OpportunityChangeEvent"
TEXTS = {"type": "array", "items": "string"}
HEADER = {
    "type": "record", "name": "ChangeEventHeader", "fields": [
        {"name": "entityName", "type": "string"}, {"name": "recordIds", "type": TEXTS},
        {"name": "changeType", "type": "string"}, {"name": "changeOrigin", "type": "string"},
        {"name": "commitTimestamp", "type": "long"}, {"name": "changedFields", "type": TEXTS},
    ],
}  # fmt: skip
ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": name, "type": ["null", "string"]}
                                                           for name in ("Street", "City")]}  # fmt: skip
SCHEMA = json.dumps({
    "type": "record", "name": "OpportunityChangeEvent", "fields": [
        {"name": "ChangeEventHeader", "type": HEADER}, {"name": "Amount", "type": ["null", "double"]},
        {"name": "BillingAddress", "type": ["null", ADDRESS]}, {"name": "ShippingAddress", "type": ["null", "Address"]},
        {"name": "IsWon", "type": ["null", "boolean"]},
    ],
})  # fmt: skip


def payload(
    kind: str = "UPDATE", ids: tuple[str, ...] = ("006A",), changed: tuple[str, ...] = (), **more: Any
) -> bytes:
    header = {"entityName": "Opportunity", "recordIds": ids, "changeType": kind, "changeOrigin":
              more.pop("origin", "com/salesforce/api/rest/60.0"), "commitTimestamp": 1_767_603_600_000,
              "changedFields": changed}  # fmt: skip
    out = io.BytesIO()
    empty = {"Amount": None, "BillingAddress": None, "ShippingAddress": None, "IsWon": None}
    record = {"ChangeEventHeader": header, **empty, **more}
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(SCHEMA)), record)
    return out.getvalue()


def read(data: bytes) -> Told:
    return told(Shape.of(SCHEMA), data, TOPIC, "0e", "synccore", FieldMaps(), "salesforce")


def test_bitmaps_become_our_names_also_within_a_compound():
    found = read(payload(changed=("0x12", "2-0x02", "3-0x01")))
    assert found.fields == {"Amount", "IsWon", "BillingCity", "ShippingStreet"}
    assert (found.record, found.kind, found.ids, found.at) == ("Opportunity", "UPDATE", ("006A",), 1_767_603_600.0)


def test_what_an_event_does_not_say_is_said_to_be_unknown():
    assert read(payload("CREATE", IsWon=False)).values["IsWon"] is False
    gap = read(payload("GAP_UPDATE", ("006A", "006B")))
    assert (gap.kind, gap.ids, gap.fields) == ("GAP", ("006A", "006B"), None)
    assert read(payload("GAP_OVERFLOW", ())).kind == read(payload("GAP_DELETE", ())).kind == "OVERFLOW"


def test_our_own_changes_are_known_by_their_origin():
    assert read(payload(origin="com/salesforce/api/rest/60.0;client=synccore")).ours
    assert not read(payload(origin="com/salesforce/api/rest/60.0;client=synccore2")).ours


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, payload()[:-4]])
def test_a_payload_that_does_not_fit_is_refused(data: bytes):
    with pytest.raises(ValueError, match="does not fit"):
        read(data)


class Stream:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.coming: asyncio.Queue[Any] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        self.sent.append(pb.FetchRequest.FromString(message))

    async def in_force(self) -> None:
        if not self.coming.empty() and isinstance(self.coming._queue[0], Exception):  # type: ignore[attr-defined]
            raise await self.coming.get()

    async def receive(self) -> bytes | None:
        message = await self.coming.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def close(self) -> None:
        pass

    def tell(self, *payloads: bytes, schema: str = "s1", first: int = 14) -> None:
        events = [
            pb.ConsumerEvent(event=pb.ProducerEvent(schema_id=schema, payload=one), replay_id=bytes([first + number]))
            for number, one in enumerate(payloads)
        ]
        self.coming.put_nowait(pb.FetchResponse(events=events, latest_replay_id=b"\x63").SerializeToString())


class Channel:
    """Answers schemas; `failures` come first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.streams, self.asked = list(failures), [Stream(), Stream(), Stream()], []
        self.opened: list[dict[str, str]] = []

    async def call(self, method: str, metadata: Any, request: bytes, timeout_s: float) -> bytes:
        self.asked.append(pb.SchemaRequest.FromString(request).schema_id)
        return pb.SchemaInfo(schema_json=SCHEMA).SerializeToString()

    async def open(self, method: str, metadata: Any) -> Stream:
        if self.failures:
            raise self.failures.pop(0)
        self.opened.append(dict(metadata))
        return self.streams[len(self.opened) - 1]

    async def close(self) -> None:
        pass


class Clock:
    def wire(self) -> float:
        return 0.0

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        pass


def feed(channel: Channel, heard: list[int] | None = None) -> SalesforceFeed:
    numbers = iter(range(1, 9))

    async def sign_in() -> Response:
        return Response(200, {}, json.dumps({"access_token": f"00D!t{next(numbers)}"}).encode())

    noted = heard if heard is not None else []
    return SalesforceFeed((TOPIC,), "https://org", channel, Tokens(sign_in), Clock(), "synccore", FieldMaps(), 5.0,
                          lambda: noted.append(1))  # fmt: skip


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_subscription_begins_behind_its_place_and_asks_for_more_when_half_is_handled():
    async def story() -> None:
        channel, heard = Channel(), []
        followed = feed(channel, heard)
        assert not await followed.follow({TOPIC: "0e"}), "it is not in force before the other side has taken it"
        await settled()
        assert await followed.follow({TOPIC: "0e"}) and len(channel.opened) == 1
        first = channel.streams[0].sent[0]
        assert (first.topic_name, first.replay_preset, first.replay_id) == (TOPIC, pb.ReplayPreset.CUSTOM, b"\x0e")
        assert channel.opened[0] == {"accesstoken": "00D!t1", "instanceurl": "https://org", "tenantid": "00D"}
        channel.streams[0].tell(*[payload()] * (WIDTH // 2))
        await settled()
        assert len(followed.told()) == WIDTH // 2 and channel.asked == ["s1"] and len(heard) == 2
        await followed.handled(WIDTH // 2 - 1)
        assert len(channel.streams[0].sent) == 1 and len(followed.told()) == 1
        await followed.handled(1)
        assert [one.num_requested for one in channel.streams[0].sent] == [WIDTH, WIDTH // 2]
        await followed.close()

    asyncio.run(story())


def test_another_shape_a_sign_of_life_and_what_cannot_be_read_are_told_as_such():
    async def story() -> list[Told]:
        channel = Channel()
        followed = feed(channel)
        await followed.follow({})
        assert channel.streams[0].sent[0].replay_preset == pb.ReplayPreset.LATEST
        channel.streams[0].tell(payload())
        channel.streams[0].tell(payload(), schema="s2", first=15)
        channel.streams[0].tell(b"\xff", first=16)
        channel.streams[0].tell()
        await settled()
        await followed.close()
        return list(followed.told())

    begun, plain, reshaped, unreadable, alive = asyncio.run(story())
    assert (begun.kind, begun.place) == ("OVERFLOW", ""), "nobody tells what came before"
    assert (plain.reshaped, reshaped.reshaped) == (False, True)
    assert (unreadable.kind, unreadable.place) == ("OVERFLOW", "10")
    assert (alive.record, alive.place) == ("", "63")


CODE = "sfdc.platform.eventbus.grpc."
GONE = Refused("INVALID_ARGUMENT", f"{CODE}subscription.fetch.replayid.corrupted", "too old")
ENDED = Refused("UNAUTHENTICATED", f"{CODE}service.auth.error", "expired")


def test_a_place_that_is_gone_is_said_once_and_the_next_subscription_begins_at_the_tip():
    async def story() -> None:
        channel = Channel()
        followed = feed(channel)
        channel.streams[0].coming.put_nowait(GONE)
        await followed.follow({TOPIC: "0e"})
        await settled()
        with pytest.raises(Expired):
            await followed.follow({TOPIC: "0e"})
        await followed.follow({TOPIC: ""})
        assert channel.streams[1].sent[0].replay_preset == pb.ReplayPreset.LATEST
        await followed.close()

    asyncio.run(story())


def test_a_session_that_ends_is_renewed_and_a_broken_stream_is_taken_up_behind_the_last_event():
    async def story() -> None:
        channel = Channel()
        followed = feed(channel)
        await followed.follow({})
        channel.streams[0].tell(payload())
        await settled()
        channel.streams[0].coming.put_nowait(ENDED)
        await settled()
        await followed.follow({TOPIC: "0e"})
        assert len(channel.opened) == 1, "what has arrived is handled first, so that its place is known"
        await followed.handled(2)
        await followed.follow({TOPIC: "0e"})
        assert channel.opened[1]["accesstoken"] == "00D!t2" and channel.streams[1].sent[0].replay_id == b"\x0e"
        await followed.close()

    asyncio.run(story())


@pytest.mark.parametrize("failure", [NotSent("no connection"), NoAnswer("cut"), Refused("UNAVAILABLE", "", "busy")])
def test_a_bus_that_is_not_there_is_an_outage_and_no_loop(failure: Exception):
    async def story() -> list[float]:
        followed, delays = feed(Channel(failure, failure, failure)), []
        for _ in range(3):
            with pytest.raises(Later) as later:
                await followed.follow({})
            delays.append(later.value.delay_s)
        return delays

    assert asyncio.run(story()) == [2.0, 4.0, 8.0]


def test_an_unknown_topic_is_tried_seldom():
    async def story() -> float:
        channel = Channel()
        followed = feed(channel)
        channel.streams[0].coming.put_nowait(Refused("NOT_FOUND", f"{CODE}topic.not.found", "no such topic"))
        await followed.follow({})
        await settled()
        with pytest.raises(Later) as later:
            await followed.follow({})
        return later.value.delay_s

    assert asyncio.run(story()) == 300.0
