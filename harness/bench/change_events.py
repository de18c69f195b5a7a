"""Change events of the Salesforce stand-in to several subscribers over gRPC: how many a second, none lost, doubled
or out of order, and never more at once than was asked for."""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import grpc.aio

from harness.bench.measure import Figure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVENTS = 10_000
SUBSCRIBERS = 5
CHUNK = 200  # records of one collection request, the vendor's most
ASKED = 100  # events of one fetch request, the vendor's most
TOPIC = "/data/AccountChangeEvent"
PATIENCE_S = 300.0


@dataclass
class Subscriber:
    """What one subscriber has received: replay ids and payloads, and by how many events it was ever told too much."""

    places: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    excess: int = 0

    async def follow(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...], in_force: Any) -> None:
        """Ask for a hundred, take a hundred, ask again, until all have come."""
        from simulators.salesforce.events.generated import pubsub_pb2 as pb  # noqa: PLC0415 - protobuf is slow to load

        call = channel.stream_stream(
            "/eventbus.v1.PubSub/Subscribe", pb.FetchRequest.SerializeToString, pb.FetchResponse.FromString
        )(metadata=metadata)
        await call.write(pb.FetchRequest(topic_name=TOPIC, num_requested=ASKED))
        await call.initial_metadata()
        in_force()
        wanted = ASKED
        while len(self.places) < EVENTS:
            answer = await call.read()
            self.places += [one.replay_id for one in answer.events]
            self.payloads += [one.event.payload for one in answer.events]
            wanted -= len(answer.events)
            self.excess = max(self.excess, -wanted)
            if wanted <= 0 and len(self.places) < EVENTS:
                await call.write(pb.FetchRequest(num_requested=ASKED))
                wanted = ASKED
        call.cancel()


async def change_events() -> list[Figure]:
    """Events a second from the first write to the last subscriber's last event, and of a replay of them all."""
    async with _org() as (url, port, token):
        metadata = (("accesstoken", token), ("instanceurl", url), ("tenantid", token.partition("!")[0]))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            took, subscribers = await _told(channel, metadata, url, token)
    wrong = what_is_wrong(subscribers)
    if wrong:
        raise RuntimeError(wrong)
    note = f"{EVENTS} events to {SUBSCRIBERS} subscribers over gRPC, written {CHUNK} a request meanwhile; none amiss"
    return [
        Figure("change events written and told", EVENTS / took, "events/s", note=note),
        Figure("change events told, over all subscribers", SUBSCRIBERS * EVENTS / took, "events/s"),
    ]


def what_is_wrong(subscribers: list[Subscriber]) -> str:
    """What a subscriber lacks, has twice, has in another order or was sent unasked; '' if nothing."""
    for number, one in enumerate(subscribers, 1):
        if one.excess:
            return f"subscriber {number} was sent {one.excess} events more than it had asked for"
        if len(set(one.payloads)) != EVENTS or len(one.payloads) != EVENTS:
            return f"subscriber {number} has {len(one.payloads)} events, {len(set(one.payloads))} of them different"
        if one.places != sorted(set(one.places)):
            return f"subscriber {number} was told in another order than that of the replay ids"
        if one.payloads != subscribers[0].payloads:
            return f"subscriber {number} was told in another order than subscriber 1"
    return ""


async def _told(
    channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...], url: str, token: str
) -> tuple[float, list[Subscriber]]:
    subscribers = [Subscriber() for _ in range(SUBSCRIBERS)]
    ready = [asyncio.Event() for _ in subscribers]
    async with asyncio.timeout(PATIENCE_S):
        async with asyncio.TaskGroup() as group:
            for one, in_force in zip(subscribers, ready, strict=True):
                group.create_task(one.follow(channel, metadata, in_force.set))
            for in_force in ready:
                await in_force.wait()
            begun = time.perf_counter()
            await _write(url, token)
        return time.perf_counter() - begun, subscribers


async def _write(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, trust_env=False) as client:
        for first in range(0, EVENTS, CHUNK):
            records = [
                {"attributes": {"type": "Account"}, "Name": f"Company {number}"}
                for number in range(first, first + CHUNK)
            ]
            async with client.post(f"{url}/services/data/v60.0/composite/sobjects", json={"records": records}) as reply:
                if not all(row["success"] for row in await reply.json()):
                    raise RuntimeError(f"records {first} to {first + CHUNK} were refused")


@asynccontextmanager
async def _org() -> "AsyncIterator[tuple[str, int, str]]":
    """The org's own process: its address, its gRPC port, and a token."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.salesforce", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        url = f"http://127.0.0.1:{ready['port']}"
        form = {
            "grant_type": "client_credentials", "client_id": "windtunnel-core", "client_secret": "windtunnel-secret",
        }  # fmt: skip
        async with (
            aiohttp.ClientSession(trust_env=False) as client,
            client.post(f"{url}/services/oauth2/token", data=form) as reply,
        ):
            yield url, ready["grpc_port"], (await reply.json())["access_token"]
    finally:
        process.terminate()
        await process.wait()
