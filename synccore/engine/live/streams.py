"""Calls and streams over gRPC, without a retry of its own; a stream that stays silent for too long has broken."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from synccore.ports.streams import Metadata, Refused
from synccore.ports.transport import NoAnswer, NotSent

SILENCE_S = 300.0  # the vendor says something at least every 270 seconds
_CONNECT_S = 10.0
_BROKEN = frozenset(("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL"))


class GrpcChannel:
    """See `ports.streams.Channel`. `address` is grpc://HOST:PORT or grpcs://HOST:PORT, `ca` a PEM file or ''."""

    def __init__(self, address: str, ca: str) -> None:
        self._scheme, _, self._target = address.partition("://")
        self._ca = ca
        self._channel: Any = None

    async def call(self, method: str, metadata: Metadata, request: bytes, timeout_s: float) -> bytes:
        """See Channel."""
        try:
            answer: bytes = await self._open().unary_unary(f"/{method}")(
                request, metadata=tuple(metadata.items()), timeout=timeout_s
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error) from None
        return answer

    async def open(self, method: str, metadata: Metadata) -> "GrpcStream":
        """See Channel."""
        channel = self._open()
        try:
            async with asyncio.timeout(_CONNECT_S):
                await channel.channel_ready()
        except TimeoutError:
            raise NotSent(f"no connection to {self._target}") from None
        return GrpcStream(channel.stream_stream(f"/{method}")(metadata=tuple(metadata.items())))

    def _open(self) -> Any:
        if self._channel is None:
            if self._scheme == "grpc":
                self._channel = grpc.aio.insecure_channel(self._target)
            else:
                trusted = Path(self._ca).read_bytes() if self._ca else None
                self._channel = grpc.aio.secure_channel(self._target, grpc.ssl_channel_credentials(trusted))
        return self._channel

    async def close(self) -> None:
        """See Channel."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = None


class GrpcStream:
    """See `ports.streams.Stream`."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def send(self, message: bytes) -> None:
        """See Stream."""
        try:
            await self._call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # it has ended; `receive` says how

    async def in_force(self) -> None:
        """See Stream."""
        await self._call.initial_metadata()  # empty where there were none: also a call that was refused has them
        if self._call.done() and (failure := await self._ending()) is not None:
            raise failure

    async def receive(self) -> bytes | None:
        """See Stream."""
        try:
            async with asyncio.timeout(SILENCE_S):
                message = await self._call.read()
        except TimeoutError:
            raise NoAnswer(f"silent for {SILENCE_S:.0f} s") from None
        except grpc.aio.AioRpcError as error:
            raise _failure(error) from None
        if message is grpc.aio.EOF:
            if (failure := await self._ending()) is not None:
                raise failure
            return None
        found: bytes = message
        return found

    async def _ending(self) -> Exception | None:
        """Why a call that is over has ended, None if the other side had no more to say."""
        code = await self._call.code()
        if code is grpc.StatusCode.OK:
            return None
        trailer = dict(await self._call.trailing_metadata() or ())
        return _failed(code.name, trailer, await self._call.details())

    async def close(self) -> None:
        """See Stream."""
        self._call.cancel()


def _failure(error: Any) -> Exception:
    return _failed(error.code().name, dict(error.trailing_metadata() or ()), error.details())


def _failed(status: str, trailer: dict[str, Any], details: str | None) -> Exception:
    code = str(trailer.get("error-code") or "")
    if status in _BROKEN and not code:
        return NoAnswer(f"{status}: {details}")
    return Refused(status, code, details or "")
