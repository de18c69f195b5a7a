"""Platform events: published by REST and by Pub/Sub, refused one by one, told like changes."""

import io
from typing import Any

import fastavro
import pytest

from simulators.salesforce.events.generated import pubsub_pb2 as pb
from simulators.salesforce.events.refusals import Failed
from tests.simulators.salesforce.bus import call, told
from tests.simulators.salesforce.org import Org

TOPIC = "/event/Sync_Notice__e"


@pytest.fixture
def org() -> Org:
    return Org().login()


def publish(org: Org, *events: Any, topic: str = TOPIC) -> Any:
    return call(org, "Publish", pb.PublishRequest(topic_name=topic, events=events), pb.PublishResponse.FromString)


def schema_id(org: Org) -> str:
    return str(call(org, "GetTopic", pb.TopicRequest(topic_name=TOPIC), pb.TopicInfo.FromString).schema_id)


def payload(org: Org, **fields: Any) -> bytes:
    schema = org.rest("GET", f"event/eventSchema/{schema_id(org)}").json
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), {"CreatedDate": 1, "CreatedById": "005", **fields})
    return out.getvalue()


def test_an_event_by_rest_is_queued_and_told(org: Org):
    reply = org.rest("POST", "sobjects/sync_notice__e", {"status__c": "Synced", "Due_On__c": "2026-02-01"})
    assert reply.status == 201 and reply.json["id"].startswith("e00") and reply.json["success"] is True
    assert (
        reply.json["errors"][0]["statusCode"] == "OPERATION_ENQUEUED" and len(reply.json["errors"][0]["message"]) == 36
    )
    values = told(org, TOPIC)[0]["values"]
    assert values["Status__c"] == "Synced" and values["Due_On__c"] == 1_769_904_000_000
    assert values["CreatedById"] == org.system.org.user_id


def test_rest_refuses_what_the_event_does_not_take(org: Org):
    assert org.rest("POST", "sobjects/Sync_Notice__e", {"Nope__c": 1}).code == "INVALID_FIELD"
    assert org.rest("POST", "sobjects/Sync_Notice__e", {"Record_Id__c": "x" * 19}).code == "STRING_TOO_LONG"
    assert org.rest("POST", "sobjects/Sync_Notice__e", {"Amount__c": "much"}).code == "JSON_PARSER_ERROR"
    assert org.rest("POST", "sobjects/Nope__e", {}).code == "NOT_FOUND"
    assert told(org, TOPIC) == []


def test_pubsub_publishes_each_event_for_itself(org: Org):
    good = pb.ProducerEvent(id="k1", schema_id=schema_id(org), payload=payload(org, Status__c="Parked"))
    unknown = pb.ProducerEvent(id="k2", schema_id="nope", payload=good.payload)
    broken = pb.ProducerEvent(id="k3", schema_id=good.schema_id, payload=good.payload[:-3])
    longer = pb.ProducerEvent(id="k4", schema_id=good.schema_id, payload=good.payload + b"!")
    huge = pb.ProducerEvent(id="k5", schema_id=good.schema_id, payload=payload(org, Message__c="x" * 1_001_000))
    wide = pb.ProducerEvent(id="k6", schema_id=good.schema_id, payload=payload(org, Record_Id__c="x" * 19))
    answer = publish(org, good, unknown, broken, longer, huge, wide)
    assert [one.correlation_key for one in answer.results] == ["k1", "k2", "k3", "k4", "k5", "k6"]
    assert [len(one.replay_id) for one in answer.results] == [10, 0, 0, 0, 0, 0]
    assert all(one.error.code == pb.ErrorCode.PUBLISH and one.error.msg for one in answer.results[1:])
    assert answer.schema_id == good.schema_id
    assert [one["values"]["Status__c"] for one in told(org, TOPIC)] == ["Parked"]


@pytest.mark.parametrize(
    ("topic", "events", "status", "code"),
    [
        ("", 1, "INVALID_ARGUMENT", "publish.topic.validation.empty"),
        (TOPIC, 0, "INVALID_ARGUMENT", "publish.event.count.invalid"),
        ("/event/Nope__e", 1, "NOT_FOUND", "topic.not.found"),
        ("/data/AccountChangeEvent", 1, "PERMISSION_DENIED", "publish.topic.cannot.publish"),
    ],
)
def test_a_publish_that_makes_no_sense_is_refused_as_a_whole(org: Org, topic: str, events: int, status: str, code: str):
    with pytest.raises(Failed) as failed:
        publish(org, *[pb.ProducerEvent()] * events, topic=topic)
    assert (failed.value.status, failed.value.code) == (status, f"sfdc.platform.eventbus.grpc.{code}")


def test_a_new_platform_event_can_be_declared_in_a_running_org(org: Org):
    org.act("alter_schema", change="add_event", event="Order_Shipped__e",
            definition={"fields": {"Number__c": {"type": "string", "length": 20, "required": True}}})  # fmt: skip
    assert org.rest("POST", "sobjects/Order_Shipped__e", {}).code == "REQUIRED_FIELD_MISSING"
    assert org.rest("POST", "sobjects/Order_Shipped__e", {"Number__c": "4"}).status == 201
    assert (
        org.rest("GET", "sobjects/Order_Shipped__e/eventSchema?payloadFormat=COMPACT").json["name"]
        == "Order_Shipped__e"
    )
    with pytest.raises(ValueError, match="no legal platform event"):
        org.act("alter_schema", change="add_event", event="Shipped", definition={"fields": {}})
