"""Pub/Sub over real sockets, plain and over TLS, by a client made from the vendor's own .proto."""

from collections.abc import Iterator

import grpc
import pytest
import requests

from tests.simulators.salesforce.grpc_client import Server, Subscriber, served, stubs

pytestmark = pytest.mark.live
ACCOUNTS = "/data/AccountChangeEvent"
MANY, SUBSCRIBERS = 400, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_a_change_reaches_a_subscriber(server: Server, secure: bool):
    with server.secure() if secure else server.plain() as channel:
        subscriber = Subscriber(server, channel, ACCOUNTS, 1)
        record = server.create("Account", Name="Acme")
        (replay_id, event), *_ = subscriber.events(1)
        assert event["ChangeEventHeader"]["recordIds"] == [record] and event["Name"] == "Acme"
        assert len(replay_id) == 10
        subscriber.close()


def test_the_same_api_answers_over_https(server: Server):
    url = f"https://127.0.0.1:{server.ready['https_port']}/services/oauth2/userinfo"
    headers = {"Authorization": f"Bearer {server.token}"}
    reply = requests.get(url, headers=headers, verify=server.ready["ca"], timeout=10)
    assert reply.status_code == 200 and reply.json()["urls"]["rest"].startswith("https://127.0.0.1:")


def test_an_error_has_a_status_and_the_vendors_code_in_its_trailer(server: Server):
    pb, _ = stubs()
    with server.plain() as channel:
        subscriber = Subscriber(server, channel, "/data/NopeChangeEvent", 1)
        with pytest.raises(grpc.RpcError) as failed:
            next(subscriber.call)
        error = failed.value
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert dict(error.trailing_metadata())["error-code"] == "sfdc.platform.eventbus.grpc.topic.not.found"
        assert error.details().partition("rpcId: ")[2]
        huge = pb.PublishRequest(
            topic_name="/event/Sync_Notice__e", events=[pb.ProducerEvent(payload=b"x" * 5_000_000)]
        )
        with pytest.raises(grpc.RpcError) as oversize:
            subscriber.stub.Publish(huge, metadata=server.metadata)
        assert oversize.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_what_is_published_on_a_stream_is_answered_one_by_one(server: Server):
    pb, _ = stubs()
    with server.plain() as channel:
        subscriber = Subscriber(server, channel, "/event/Sync_Notice__e", 5)
        event = pb.ProducerEvent(id="k", schema_id="nope", payload=b"")
        asked = [pb.PublishRequest(topic_name="/event/Sync_Notice__e", events=[event] * number) for number in (1, 2)]
        answers = list(subscriber.stub.PublishStream(iter(asked), metadata=server.metadata))
        assert [len(one.results) for one in answers] == [1, 2] and answers[0].results[0].error.msg
        server.create("Sync_Notice__e", Status__c="Synced")
        assert subscriber.events(1)[0][1]["Status__c"] == "Synced"
        subscriber.close()


def test_many_events_reach_each_of_several_subscribers_once_and_in_order(server: Server):
    with server.plain() as channel:
        subscribers = [Subscriber(server, channel, ACCOUNTS, 50) for _ in range(SUBSCRIBERS)]
        url, rows = f"{server.url}/services/data/v60.0/composite/sobjects", 200
        for start in range(0, MANY, rows):
            records = [{"attributes": {"type": "Account"}, "Name": f"N{start + row}"} for row in range(rows)]
            server.session.post(url, json={"allOrNone": True, "records": records}, timeout=30)
        for subscriber in subscribers:
            events = subscriber.events(MANY)
            assert [event["Name"] for _, event in events] == [f"N{number}" for number in range(MANY)]
            assert [place for place, _ in events] == sorted({place for place, _ in events})
            assert subscriber.largest <= 50
            subscriber.close()


def test_keep_alives_come_to_a_silent_subscriber_and_a_place_too_old_is_refused():
    with served(keepalive_s=0.05) as server, server.plain() as channel:
        subscriber = Subscriber(server, channel, ACCOUNTS, 3)
        answer = next(subscriber.call)
        assert (len(answer.events), answer.pending_num_requested, len(answer.latest_replay_id)) == (0, 3, 10)
        server.create("Account", Name="Acme")
        ((place, _),) = subscriber.events(1)
        subscriber.close()
        server.control("clock", {"to": 1767603600 + 73 * 3600})
        late = Subscriber(Server(server.ready), channel, ACCOUNTS, 1, replay_preset=2, replay_id=place)
        with pytest.raises(grpc.RpcError) as failed:
            next(late.call)
        trailer = dict(failed.value.trailing_metadata())
        assert trailer["error-code"] == "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted"
