"""A subscriber in this process: the service's own coroutine, messages as bytes, events read by a decoder of its own."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import fastavro
import orjson

from simulators.salesforce.events.generated import pubsub_pb2 as pb
from simulators.salesforce.events.refusals import Failed
from tests.simulators.salesforce.org import ROOT, Org


def metadata(org: Org) -> dict[str, str]:
    return {"accesstoken": org.token, "instanceurl": "http://org.example", "tenantid": org.token.split("!")[0]}


class Line:
    """Both ends of one stream."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.told: asyncio.Queue[bytes] = asyncio.Queue()

    async def accept(self) -> None:
        pass

    async def read(self) -> bytes | None:
        return await self.asked.get()

    async def write(self, message: bytes) -> None:
        self.told.put_nowait(message)

    def ask(self, **fields: Any) -> None:
        self.asked.put_nowait(pb.FetchRequest(**fields).SerializeToString())

    async def answer(self) -> Any:
        return pb.FetchResponse.FromString(await self.told.get())

    async def events(self, number: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < number:
            found += (await self.answer()).events
        return found


@asynccontextmanager
async def subscribed(org: Org, topic: str, number: int = 100, **fields: Any) -> AsyncIterator[Line]:
    """A running subscription; what it fails with is raised at the end."""
    line = Line()
    line.ask(topic_name=topic, num_requested=number, **fields)
    task = asyncio.get_running_loop().create_task(
        org.system.pubsub.stream("Subscribe", metadata(org), line, keepalive_s=None)
    )
    await settled()
    try:
        if task.done():
            await task
        yield line
        if task.done():
            await task
    finally:
        task.cancel()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def refusal(org: Org, **fields: Any) -> tuple[str, str]:
    """Status and error code of a subscription that is refused."""

    async def story() -> tuple[str, str]:
        line = Line()
        line.ask(**fields)
        line.asked.put_nowait(None)
        try:
            await org.system.pubsub.stream("Subscribe", metadata(org), line, keepalive_s=None)
        except Failed as failed:
            return failed.status, failed.code.removeprefix("sfdc.platform.eventbus.grpc.")
        raise AssertionError("it was not refused")

    return asyncio.run(story())


def call(org: Org, method: str, request: Any, answer: Callable[[bytes], Any], **changed: str) -> Any:
    """One call with one answer."""
    given = {**metadata(org), **changed}
    return answer(asyncio.run(org.system.pubsub.call(method, given, request.SerializeToString())))


def told(org: Org, topic: str) -> list[dict[str, Any]]:
    """All retained events of a topic: `header`, the fields that have values, and changed and nulled fields by name."""

    async def story() -> list[Any]:
        async with subscribed(org, topic, replay_preset=pb.ReplayPreset.EARLIEST) as line:
            found: list[Any] = []
            while not line.told.empty():
                found += (await line.answer()).events
            return found

    return [read(org, one.event) for one in asyncio.run(story())]


def read(org: Org, event: Any) -> dict[str, Any]:
    schema = org.rest("GET", f"event/eventSchema/{event.schema_id}").json
    assert schema.pop("uuid") == event.schema_id
    record = fastavro.schemaless_reader(io.BytesIO(event.payload), fastavro.parse_schema(schema), None)
    assert isinstance(record, dict)
    header = record.pop("ChangeEventHeader", {})
    names = {"changed": header.pop("changedFields", []), "nulled": header.pop("nulledFields", [])}
    values = {name: value for name, value in record.items() if value is not None}
    return {"header": header, "values": values} | {name: marked(schema, bits) for name, bits in names.items()}


def marked(schema: dict[str, Any], bitmaps: list[str]) -> set[str]:
    """The names behind bitmaps, as the vendor's samples read them."""
    found: set[str] = set()
    for bitmap in bitmaps:
        parent, dash, bits = bitmap.rpartition("-")
        fields, prefix = schema["fields"], ""
        if dash:
            owner = schema["fields"][int(parent)]
            record = next(kind for kind in owner["type"] if isinstance(kind, dict))
            fields, prefix = record["fields"], f"{owner['name']}."
        assert bits.startswith("0x") and bits[2:] == bits[2:].upper()
        number = int(bits, 16)
        found |= {prefix + field["name"] for place, field in enumerate(fields) if number >> place & 1}
    return found


def composite(org: Org, *parts: tuple[str, str, str, dict[str, Any]], whole: bool = True) -> Any:
    """Several writes in one transaction: reference, method, path, body."""
    requests = [{"referenceId": ref, "method": method, "url": f"{ROOT}/{path}", "body": body}
                for ref, method, path, body in parts]  # fmt: skip
    return org.rest("POST", "composite", {"allOrNone": whole, "compositeRequest": requests}).json["compositeResponse"]


def parsed(text: bytes) -> Any:
    return orjson.loads(text)
