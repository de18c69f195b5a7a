"""Subscriptions in this process: flow control, where they begin, what ends them, and places that the org keeps."""

import asyncio
from typing import Any

import pytest

from simulators.kit.faults import Fault
from simulators.salesforce.events.generated import pubsub_pb2 as pb
from simulators.salesforce.events.refusals import Failed
from tests.simulators.salesforce.bus import Line, call, metadata, refusal, settled, subscribed
from tests.simulators.salesforce.org import Org

ACCOUNTS = "/data/AccountChangeEvent"
DAY = 86_400


@pytest.fixture
def org() -> Org:
    return Org().login()


async def create(org: Org, number: int) -> None:
    for one in range(number):
        await org.acall("POST", "/services/data/v60.0/sobjects/Account", {"Name": f"A{one}"})


def test_never_more_events_come_than_were_asked_for(org: Org):
    async def story() -> list[tuple[int, int]]:
        async with subscribed(org, ACCOUNTS, 2) as line:
            await create(org, 5)
            await settled()
            first = [await line.answer() for _ in range(line.told.qsize())]
            line.ask(num_requested=200)
            await settled()
            rest = [await line.answer() for _ in range(line.told.qsize())]
            return [(len(one.events), one.pending_num_requested) for one in (*first, *rest)]

    answers = asyncio.run(story())
    before = [count for count, _ in answers]
    assert sum(before) == 5 and sum(before[:-1]) == 2
    assert answers[-1] == (3, 97), "a request for more than a hundred counts as a hundred"


def test_requests_add_up(org: Org):
    async def story() -> int:
        async with subscribed(org, ACCOUNTS, 1) as line:
            line.ask(num_requested=2, topic_name=ACCOUNTS)
            await settled()
            await create(org, 9)
            return len(await line.events(3)) + line.told.qsize()

    assert asyncio.run(story()) == 3


def test_a_subscription_begins_at_the_tip_at_the_beginning_or_behind_an_event(org: Org):
    async def story() -> list[int]:
        await create(org, 3)
        async with subscribed(org, ACCOUNTS, replay_preset=pb.ReplayPreset.EARLIEST) as line:
            events = await line.events(3)
        async with subscribed(org, ACCOUNTS, replay_preset=2, replay_id=events[0].replay_id) as line:
            behind = await line.events(2)
        async with subscribed(org, ACCOUNTS, replay_preset=2, replay_id=events[2].replay_id[:8]) as line:
            await settled()
            assert line.told.empty(), "nothing is behind the last one; eight bytes are enough"
        async with subscribed(org, ACCOUNTS) as line:
            await create(org, 1)
            latest = await line.events(1)
        return [len(events), len(behind), len(latest)]

    assert asyncio.run(story()) == [3, 2, 1]


def test_events_come_in_the_order_of_their_commits_whatever_the_topic(org: Org):
    async def story() -> list[bytes]:
        async with subscribed(org, "/data/ChangeEvents") as line:
            for number in range(4):
                kind, fields = (("Account", {"Name": "A"}), ("Contact", {"LastName": "C"}))[number % 2]
                await org.acall("POST", f"/services/data/v60.0/sobjects/{kind}", fields)
            return [event.replay_id for event in await line.events(4)]

    ids = asyncio.run(story())
    assert ids == sorted(set(ids)) and all(len(one) == 10 for one in ids)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"topic_name": "/data/NopeChangeEvent", "num_requested": 1}, "NOT_FOUND", "topic.not.found"),
        ({"topic_name": "", "num_requested": 1}, "INVALID_ARGUMENT", "subscription.topic.validation.empty"),
        ({"num_requested": 0}, "INVALID_ARGUMENT", "subscription.fetch.requested.events.invalid"),
        ({"num_requested": -1}, "INVALID_ARGUMENT", "subscription.fetch.requested.events.invalid"),
        ({"replay_preset": 2}, "INVALID_ARGUMENT", "subscription.fetch.replayid.validation.failed"),
        ({"replay_preset": 9}, "INVALID_ARGUMENT", "subscription.fetch.replayid.validation.failed"),
        *(({"replay_preset": 2, "replay_id": one}, "INVALID_ARGUMENT", "subscription.fetch.replayid.corrupted")
          for one in (b"\0" * 8, b"\xff" * 8, b"\xff" * 10, b"x", (7_000).to_bytes(8, "big"))),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused_with_the_vendors_code(
    org: Org, asked: dict[str, Any], status: str, code: str
):
    org.create("Account", Name="A")
    assert refusal(org, **{"topic_name": ACCOUNTS, "num_requested": 1, **asked}) == (status, code)


def test_the_topic_cannot_change_within_a_stream(org: Org):
    async def story() -> str:
        async with subscribed(org, ACCOUNTS) as line:
            line.ask(topic_name="/data/ContactChangeEvent", num_requested=1)
            await settled()
        return "not refused"

    with pytest.raises(Failed, match="not to /data/ContactChangeEvent"):
        asyncio.run(story())


def test_events_are_kept_for_three_days_and_a_place_before_that_is_refused(org: Org):
    org.create("Account", Name="Old")
    kept = org.system.bus.tip.to_bytes(8, "big")
    asked = {"topic_name": ACCOUNTS, "num_requested": 1, "replay_preset": 2, "replay_id": kept}
    org.time.now += 3 * DAY - 1
    asyncio.run(_nothing_behind(org.login(), kept))
    org.time.now += 2
    assert refusal(org.login(), **asked) == ("INVALID_ARGUMENT", "subscription.fetch.replayid.corrupted")
    asyncio.run(_nothing_behind(org, org.system.bus.tip.to_bytes(8, "big")))


async def _nothing_behind(org: Org, replay_id: bytes) -> None:
    async with subscribed(org, ACCOUNTS, replay_preset=2, replay_id=replay_id) as line:
        assert line.told.empty()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"accesstoken": ""}, "service.auth.headers.invalid"), ({"tenantid": ""}, "service.auth.headers.invalid"),
        ({"accesstoken": "00D000000000001!forged"}, "service.auth.error"),
        ({"tenantid": "00D0000000000zz"}, "service.auth.error"),
    ],
)  # fmt: skip
def test_a_stranger_is_told_nothing(org: Org, changed: dict[str, str], code: str):
    with pytest.raises(Failed) as failed:
        call(org, "GetTopic", pb.TopicRequest(topic_name=ACCOUNTS), pb.TopicInfo.FromString, **changed)
    assert (failed.value.status, failed.value.code) == ("UNAUTHENTICATED", f"sfdc.platform.eventbus.grpc.{code}")


def test_a_stream_ends_when_its_session_does_unless_it_is_refreshed(org: Org):
    async def story(refreshed: bool) -> int:
        async with subscribed(org, ACCOUNTS, 1) as line:
            org.time.now += 7_300
            org.token = org.system.sessions.issue(org.time.now, org.system.org.user_id)
            if refreshed:
                line.ask(num_requested=1, auth_refresh=org.token)
                await settled()
            await create(org, 1)
            await settled()
            return line.told.qsize()

    assert asyncio.run(story(True)) == 1
    with pytest.raises(Failed, match="session has expired"):
        asyncio.run(story(False))


def test_a_silent_stream_says_where_it_stands(org: Org):
    async def story() -> tuple[int, int]:
        line = Line()
        line.ask(topic_name=ACCOUNTS, num_requested=5)
        stream = org.system.pubsub.stream("Subscribe", metadata(org), line, keepalive_s=0.01)
        task = asyncio.get_running_loop().create_task(stream)
        await org.acall("POST", "/services/data/v60.0/sobjects/Contact", {"LastName": "C"})
        answers = [await line.answer() for _ in range(2)]
        task.cancel()
        return len(answers[-1].events), int.from_bytes(answers[-1].latest_replay_id[:8], "big")

    assert asyncio.run(story()) == (0, org.system.bus.tip)


def test_faults_strike_calls_and_streams(org: Org):
    org.system.faults.add(Fault(id="gone", kind="expire_cursor", operation="pubsub.Subscribe"))
    asked = {"topic_name": ACCOUNTS, "num_requested": 1}
    org.create("Account", Name="A")
    behind = {**asked, "replay_preset": 2, "replay_id": org.system.bus.tip.to_bytes(8, "big")}
    assert refusal(org, **behind)[1] == "subscription.fetch.replayid.corrupted"
    org.system.faults.add(Fault(id="cut", kind="cut_stream", operation=f"pubsub.fetch:{ACCOUNTS}"))
    assert refusal(org, **asked, replay_preset=1) == ("UNAVAILABLE", "service.unavailable")
    for kind, status in (("refuse", "UNAVAILABLE"), ("limit", "RESOURCE_EXHAUSTED"),
                         ("expire_credentials", "UNAUTHENTICATED")):  # fmt: skip
        org.system.faults.add(Fault(id="call", kind=kind, operation="pubsub.*"))  # type: ignore[arg-type]
        assert refusal(org, **asked)[0] == status


def test_a_schema_is_found_by_its_id_alone(org: Org):
    topic = call(org, "GetTopic", pb.TopicRequest(topic_name=ACCOUNTS), pb.TopicInfo.FromString)
    assert (topic.can_publish, topic.can_subscribe, len(topic.schema_id)) == (False, True, 22)
    schema = call(org, "GetSchema", pb.SchemaRequest(schema_id=topic.schema_id), pb.SchemaInfo.FromString)
    assert '"name":"AccountChangeEvent"' in schema.schema_json
    with pytest.raises(Failed, match="does not exist"):
        call(org, "GetSchema", pb.SchemaRequest(schema_id="nope"), pb.SchemaInfo.FromString)
    with pytest.raises(Failed, match="no such message"):
        asyncio.run(org.system.pubsub.call("GetSchema", metadata(org), b"\xff\xff"))


def test_a_managed_subscription_goes_on_where_it_was_committed(org: Org):
    made = {"FullName": "Mine", "Metadata": {"topicName": ACCOUNTS, "defaultReplay": "EARLIEST"}}
    assert org.rest("POST", "tooling/sobjects/ManagedEventSubscription", made).status == 201
    soql = "SELECT+Id,DeveloperName,Metadata+FROM+ManagedEventSubscription+WHERE+DeveloperName='Mine'+LIMIT+1"
    row = org.rest("GET", f"tooling/query/?q={soql}").json["records"][0]
    assert row["Metadata"]["topicName"] == ACCOUNTS and row["Metadata"]["state"] == "RUN"

    async def session(commit: int) -> list[Any]:
        line = Line()
        line.asked.put_nowait(pb.ManagedFetchRequest(subscription_id=row["Id"], num_requested=9).SerializeToString())
        stream = org.system.pubsub.stream("ManagedSubscribe", metadata(org), line, keepalive_s=None)
        task = asyncio.get_running_loop().create_task(stream)
        await settled()
        found = pb.ManagedFetchResponse.FromString(await line.told.get()).events
        place = pb.CommitReplayRequest(commit_request_id="c", replay_id=found[commit].replay_id)
        line.asked.put_nowait(pb.ManagedFetchRequest(commit_replay_id_request=place).SerializeToString())
        answer = pb.ManagedFetchResponse.FromString(await line.told.get()).commit_response
        assert (answer.commit_request_id, answer.replay_id) == ("c", found[commit].replay_id)
        assert not answer.HasField("error")
        task.cancel()
        return list(found)

    asyncio.run(create(org, 3))
    assert [len(asyncio.run(session(0))), len(asyncio.run(session(1)))] == [3, 2]
    assert org.rest("POST", "tooling/sobjects/ManagedEventSubscription", made).code == "INVALID_INPUT"
