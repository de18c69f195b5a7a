"""The Streaming API by Bayeux messages: handshake, long polls, channels from a place, and how each goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulators.kit.faults import Fault
from simulators.salesforce.events import cometd
from tests.simulators.salesforce.bus import told
from tests.simulators.salesforce.org import Org

CHANNEL = "/data/AccountChangeEvent"
INVALID_REPLAY = "400::The replayId {{{}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events."  # noqa: E501


@pytest.fixture
def org() -> Org:
    return Org().login()


class Streamer:
    """A Bayeux client that says exactly what it is told to say."""

    def __init__(self, org: Org) -> None:
        self.org, self.id, self.number = org, "", 0

    async def send(self, channel: str, **members: Any) -> list[Any]:
        self.number += 1
        number = str(self.number)
        message = {"channel": channel, "id": number, **({"clientId": self.id} if self.id else {}), **members}
        reply = await self.org.acall("POST", "/cometd/60.0", [message])
        assert reply.status == 200, reply.content
        found: list[Any] = reply.json
        assert found[-1]["channel"] == channel and found[-1]["id"] == number
        return found

    async def begin(self) -> Any:
        answer = (await self.send("/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"]))[0]
        self.id = answer.get("clientId", "")
        return answer

    async def connect(self, **members: Any) -> list[Any]:
        return await self.send("/meta/connect", connectionType="long-polling", **members)

    async def subscribe(self, channel: Any = CHANNEL, replay: Any = None) -> Any:
        ext = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        return (await self.send("/meta/subscribe", subscription=channel, **ext))[0]


def run(org: Org, script: Callable[[Streamer], Awaitable[None]]) -> None:
    async def whole() -> None:
        client = Streamer(org)
        assert (await client.begin())["successful"]
        await client.connect()
        await script(client)

    asyncio.run(whole())


def refused(answer: Any) -> tuple[str, Any]:
    assert answer["successful"] is False
    return answer["error"], answer.get("advice", {}).get("reconnect")


def test_handshake_and_first_connect_are_answered_at_once_and_say_how_to_go_on(org: Org):
    async def script() -> None:
        client = Streamer(org)
        hello = await client.begin()
        assert (hello["version"], hello["supportedConnectionTypes"]) == ("1.0", ["long-polling"])
        assert hello["ext"] == {"replay": True, "payload.format": True} and len(hello["clientId"]) == 26
        first = await client.connect()
        assert first == [
            {"clientId": client.id, "channel": "/meta/connect", "id": "2", "successful": True,
             "advice": {"interval": 0, "timeout": 110000, "reconnect": "retry"}}
        ]  # fmt: skip

    asyncio.run(script())


def test_changes_are_told_as_json_while_a_connect_is_held(org: Org):
    async def script(client: Streamer) -> None:
        done = await client.subscribe()
        assert (done["successful"], done["subscription"]) == (True, CHANNEL)
        held = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        made = await org.acall(
            "POST", "/services/data/v60.0/sobjects/Account",
            {"Name": "Acme", "BillingCity": "Oslo", "AnnualRevenue": 5},
        )  # fmt: skip
        record = made.json["id"]
        event, answer = await held
        assert answer["successful"] and "advice" not in answer
        assert event["channel"] == CHANNEL
        payload = event["data"]["payload"]
        header = payload.pop("ChangeEventHeader")
        assert (header["changeType"], header["recordIds"], header["changedFields"]) == ("CREATE", [record], [])
        assert not {"nulledFields", "diffFields"} & set(header)
        assert (payload["Name"], payload["BillingAddress"]) == ("Acme", {"City": "Oslo"})
        assert payload["CreatedDate"] == "2026-01-05T09:00:00.000Z" and payload["AnnualRevenue"] == 5.0
        assert None not in payload.values()
        path = f"/services/data/v60.0/sobjects/Account/{record}"
        await org.acall("PATCH", path, {"BillingCity": "Rome", "AnnualRevenue": None})
        await org.acall("DELETE", path)
        changed, gone, _ = await client.connect()
        payload = changed["data"]["payload"]
        header = payload.pop("ChangeEventHeader")
        assert header["changeType"] == "UPDATE"
        assert set(header["changedFields"]) == {"BillingAddress.City", "AnnualRevenue", "LastModifiedDate"}
        assert payload.pop("LastModifiedDate").startswith("2026-01-05T09:00:0")
        assert payload == {"BillingAddress": {"City": "Rome"}, "AnnualRevenue": None}
        assert set(gone["data"]["payload"]) == {"ChangeEventHeader"}
        assert event["data"]["event"]["replayId"] < changed["data"]["event"]["replayId"]

    run(org, script)


def test_platform_events_have_their_dates_as_texts_and_a_uuid(org: Org):
    async def script(client: Streamer) -> None:
        await client.subscribe("/event/Sync_Notice__e")
        await org.acall(
            "POST", "/services/data/v60.0/sobjects/Sync_Notice__e", {"Status__c": "Synced", "Due_On__c": "2026-02-01"}
        )
        event, _ = await client.connect()
        payload = event["data"]["payload"]
        assert (payload["Status__c"], payload["Due_On__c"]) == ("Synced", "2026-02-01")
        assert payload["CreatedDate"] == "2026-01-05T09:00:00.000Z"
        assert len(event["data"]["event"]["EventUuid"]) == 36

    run(org, script)


def test_a_channel_begins_where_its_client_says_and_tells_what_pubsub_tells(org: Org):
    for name in ("A", "B", "C"):
        org.create("Account", Name=name)
    org.create("Contact", LastName="Lee")
    kept = [event["values"]["Name"] for event in told(org, CHANNEL)]

    async def script(client: Streamer) -> None:
        assert (await client.subscribe(replay=-2))["successful"]
        *events, _ = await client.connect()
        assert [event["data"]["payload"]["Name"] for event in events] == kept == ["A", "B", "C"]
        behind = events[0]["data"]["event"]["replayId"]
        await client.subscribe(replay=behind)
        *events, _ = await client.connect()
        assert [event["data"]["payload"]["Name"] for event in events] == ["B", "C"]
        await client.subscribe("/data/ContactChangeEvent", -2)
        await client.subscribe(replay=-1)
        *events, _ = await client.connect()
        assert [event["channel"] for event in events] == ["/data/ContactChangeEvent"]
        await client.send("/meta/unsubscribe", subscription="/data/ContactChangeEvent")
        await org.acall("POST", "/services/data/v60.0/sobjects/Contact", {"LastName": "May"})
        assert len(await client.connect(advice={"timeout": 0})) == 1

    run(org, script)


@pytest.mark.parametrize("channel", ["/data/ChangeEvents", "/data/AccountChangeEvent"])
def test_many_events_come_in_several_answers_in_order_and_once(org: Org, channel: str, monkeypatch):
    monkeypatch.setattr(cometd, "BATCH", 3)
    for number in range(8):
        org.create("Account", Name=str(number))

    async def script(client: Streamer) -> None:
        await client.subscribe(channel, -2)
        names: list[str] = []
        for expected in (3, 3, 2):
            *events, _ = await client.connect()
            assert len(events) == expected
            names += [event["data"]["payload"]["Name"] for event in events]
        assert names == [str(number) for number in range(8)]

    run(org, script)


@pytest.mark.parametrize(
    ("channel", "replay", "error"),
    [
        ("/data/NopeChangeEvent", None,
         "400::The channel you requested to subscribe to does not exist {/data/NopeChangeEvent}"),
        ("/topic/Deals", None, "400::The channel you requested to subscribe to does not exist {/topic/Deals}"),
        ("data/AccountChangeEvent", None, "400::Channel subscriptions must start with a leading '/'"),
        (None, None, "400::Channel name not specified"),
        (CHANNEL, 987654321, INVALID_REPLAY.format(987654321)),
        (CHANNEL, -7, INVALID_REPLAY.format(-7)),
        (CHANNEL, "soon", INVALID_REPLAY.format("soon")),
        (CHANNEL, 1.5, INVALID_REPLAY.format(1.5)),
        (CHANNEL, True, INVALID_REPLAY.format(True)),
        (CHANNEL, [1], INVALID_REPLAY.format([1])),
    ],
)  # fmt: skip
def test_what_cannot_be_subscribed_to_is_refused_and_the_rest_goes_on(org: Org, channel: Any, replay: Any, error: str):
    async def script(client: Streamer) -> None:
        assert refused(await client.subscribe(channel, replay)) == (error, None)
        assert (await client.connect(advice={"timeout": 0}))[-1]["successful"]

    run(org, script)


def test_a_replay_id_of_four_days_ago_is_too_old(org: Org):
    org.create("Account", Name="A")
    number = org.system.bus.tip
    org.time.now += 4 * 86_400
    org.login()

    async def script(client: Streamer) -> None:
        assert refused(await client.subscribe(replay=number))[0] == INVALID_REPLAY.format(number)

    run(org, script)


def test_who_has_no_session_is_turned_away(org: Org):
    good = org.token

    async def script() -> None:
        client = Streamer(org)
        org.token = "00Dxx!forged"
        answer = await client.begin()
        assert refused(answer) == ("403::Handshake denied", "none")
        assert answer["ext"]["sfdc"] == {"failureReason": "401::Authentication invalid"}
        org.token = ""
        assert (await client.begin())["ext"]["sfdc"] == {"failureReason": "401::Request requires authentication"}
        org.token = good
        assert (await client.begin())["successful"]
        org.token = ""
        assert refused((await client.connect())[0]) == ("401::Request requires authentication", "none")

    asyncio.run(script())


def test_a_session_lives_on_while_its_client_streams_and_ends_when_it_is_revoked(org: Org):
    async def script(client: Streamer) -> None:
        for _ in range(3):
            org.time.now += 30 * 3600
            assert (await client.connect(advice={"timeout": 0}))[-1]["successful"]
        assert (await org.acall("GET", "/services/data/v60.0/limits")).status == 200
        held = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        await org.acall("POST", f"/services/oauth2/revoke?token={org.token}")
        org.system.bus.wake()
        assert refused((await held)[0]) == ("401::Authentication invalid", "none")

    run(org, script)


def test_a_client_that_nobody_knows_shakes_hands_anew(org: Org, monkeypatch):
    async def script(client: Streamer) -> None:
        known, client.id = client.id, "never-heard-of"
        assert refused((await client.connect())[0]) == ("403::Unknown client", "handshake")
        client.id = known
        monkeypatch.setattr(cometd, "GONE_S", -1.0)
        assert refused((await client.connect())[0]) == ("403::Unknown client", "handshake")
        monkeypatch.undo()
        await client.begin()
        await client.connect()
        assert (await client.send("/meta/disconnect"))[0]["successful"]
        assert refused(await client.subscribe()) == ("403::Unknown client", "handshake")
        await client.begin()
        await client.connect()
        held = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        org.system.forget()  # a restart
        assert refused((await held)[0]) == ("403::Unknown client", "handshake")

    run(org, script)


def test_a_cut_stream_loses_the_client_and_nothing_else(org: Org):
    org.create("Account", Name="A")

    async def script(client: Streamer) -> None:
        org.system.faults.add(Fault(id="cut", kind="cut_stream", operation="cometd.connect"))
        await client.subscribe(replay=-2)
        assert refused((await client.connect())[0]) == ("403::Unknown client", "handshake")
        await client.begin()
        await client.connect()
        await client.subscribe(replay=-2)
        assert len(await client.connect()) == 2

    run(org, script)


def test_a_second_connect_frees_the_first(org: Org):
    async def script(client: Streamer) -> None:
        first = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        second = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        (answer,) = await first
        assert answer["successful"]
        await client.subscribe()
        await org.acall("POST", "/services/data/v60.0/sobjects/Account", {"Name": "A"})
        assert len(await second) == 2

    run(org, script)


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/cometd", b"[]", 400, "API version in the URI is mandatory. URI format: '/cometd/60.0'"),
        ("/cometd/22.0", b"[]", 400, "Unsupported API version."),
        ("/cometd/new", b"[]", 400, "Unsupported API version."),
        ("/cometd/60.0", b"[]", 400, "no list of Bayeux messages"),
        ("/cometd/60.0", b"{", 400, "no list of Bayeux messages"),
        ("/cometd/60.0", b"[1]", 400, "no list of Bayeux messages"),
        ("/cometd/60.0", b"\xff\xfe", 400, "no list of Bayeux messages"),
        ("/cometd/60.0", b"[{}]", 200, "403::Unknown client"),
        ("/cometd/60.0/", b'{"channel":7}', 200, "403::Unknown client"),
        ("/cometd/replay/36.0", b'[{"channel":"/meta/handshake","supportedConnectionTypes":7}]', 200, "400::Invalid"),
        ("/cometd/60.0", b'[{"channel":"/meta/handshake","supportedConnectionTypes":["websocket"]}]', 200,
         "400::Invalid connection type"),
    ],
)  # fmt: skip
def test_what_is_no_bayeux_is_refused(org: Org, path: str, body: bytes, status: int, text: str):
    reply = org.call("POST", path, body)
    assert (reply.status, text in reply.content.decode()) == (status, True), reply.content


def test_a_batch_is_answered_in_its_order_and_other_channels_take_nothing(org: Org):
    async def script(client: Streamer) -> None:
        messages = [
            {"channel": "/meta/subscribe", "clientId": client.id, "subscription": CHANNEL, "id": "a"},
            {"channel": "/event/Sync_Notice__e", "clientId": client.id, "data": {}, "id": "b"},
            {"channel": "/meta/connect", "clientId": client.id, "connectionType": "websocket", "id": "c"},
        ]
        reply = await org.acall("POST", "/cometd/60.0", messages)
        assert [(one["id"], one["successful"]) for one in reply.json] == [("a", True), ("b", False), ("c", False)]

    run(org, script)


def test_long_polls_count_against_no_limit_of_requests(org: Org):
    used = org.system.meter.used_today

    async def script(client: Streamer) -> None:
        await client.connect(advice={"timeout": 0})

    run(org, script)
    assert org.system.meter.used_today == used
