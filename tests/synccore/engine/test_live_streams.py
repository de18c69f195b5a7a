"""Streams over a real gRPC connection: in force once the other side has taken the first message, or never."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest

from synccore.engine.live.streams import GrpcChannel, GrpcStream
from synccore.ports.streams import Refused
from synccore.ports.transport import NoAnswer

pytestmark = pytest.mark.live

Said = Callable[[GrpcStream], Awaitable[Any]]


async def taken(asked: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    first = await anext(asked)
    await context.send_initial_metadata(())
    yield first


def refused(status: grpc.StatusCode, code: str) -> Callable[[AsyncIterator[bytes], Any], AsyncIterator[bytes]]:
    async def serve(asked: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        await anext(asked)
        await context.abort(status, "no", (("error-code", code),) if code else ())
        yield b""

    return serve


def heard(serve: Callable[[AsyncIterator[bytes], Any], AsyncIterator[bytes]], said: Said) -> Any:
    """What `said` hears on a stream that has sent one message."""

    async def story() -> Any:
        server = grpc.aio.server()
        handlers = {"Follow": grpc.stream_stream_rpc_method_handler(serve)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bus", handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        channel = GrpcChannel(f"grpc://127.0.0.1:{port}", "")
        try:
            stream = await channel.open("bus/Follow", {})
            await stream.send(b"first")
            return await said(stream)
        finally:
            await channel.close()
            await server.stop(None)

    return asyncio.run(story())


async def in_force_and_more(stream: GrpcStream) -> list[bytes | None]:
    await stream.in_force()
    return [await stream.receive(), await stream.receive()]


def test_a_stream_that_was_taken_is_in_force_and_says_when_it_has_no_more() -> None:
    assert heard(taken, in_force_and_more) == [b"first", None]


def test_a_stream_that_was_refused_is_never_in_force() -> None:
    with pytest.raises(Refused) as refusal:
        heard(refused(grpc.StatusCode.UNAUTHENTICATED, "auth.error"), GrpcStream.in_force)
    assert (refusal.value.status, refusal.value.code) == ("UNAUTHENTICATED", "auth.error")
    with pytest.raises(NoAnswer):
        heard(refused(grpc.StatusCode.UNAVAILABLE, ""), GrpcStream.in_force)
