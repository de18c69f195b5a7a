"""What the org serves beside HTTP on real sockets: the same API over TLS, and Pub/Sub over gRPC, plain and over TLS."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import uvicorn

from simulators.kit.authority import Authority
from simulators.kit.server import bound_socket, configured
from simulators.salesforce.events.pubsub import SERVICE, PubSub
from simulators.salesforce.events.refusals import Failed

if TYPE_CHECKING:
    from simulators.kit.system import System
    from simulators.salesforce.app import Salesforce

KEEPALIVE_S = 60.0  # wire seconds; the vendor promises 270 and is seen to take about 60
_OPTIONS = (("grpc.so_reuseport", 0),)  # a taken port is an error, not a share


async def serve_beside(system: System, args: argparse.Namespace) -> dict[str, Any]:
    """Open the ports of the settings file (0 or none: free ones); returns them for the ready line."""
    org: Salesforce = system  # type: ignore[assignment]
    folder = args.secret.get("tls_folder") or args.data
    passing = None if folder else TemporaryDirectory(prefix="windtunnel-tls-")
    authority = Authority(Path(passing.name if passing else folder))
    key, chain = authority.local_pair()
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_handlers(org.pubsub, args.secret.get("keepalive_s", KEEPALIVE_S)),))
    secure = grpc.ssl_server_credentials([(key, chain)])
    plain_port = _port(server.add_insecure_port, args, "grpc_port")
    tls_port = _port(functools.partial(_secured, server, secure), args, "grpc_tls_port")
    await server.start()
    https = await _https(system, authority, bound_socket(args.host, int(args.secret.get("https_port", 0))))

    async def close() -> None:
        await server.stop(0.2)
        await https.shutdown()
        if passing is not None:
            passing.cleanup()

    args.closing.append(close)
    return {
        "grpc_port": plain_port, "grpc_tls_port": tls_port, "https_port": https.servers[0].sockets[0].getsockname()[1],
        "ca": str(authority.certificate.absolute()),
    }  # fmt: skip


def _secured(server: Any, credentials: Any, address: str) -> int:
    port: int = server.add_secure_port(address, credentials)
    return port


def _port(add: Callable[[str], int], args: argparse.Namespace, name: str) -> int:
    wanted = int(args.secret.get(name, 0))
    try:
        return add(f"{args.host}:{wanted}")
    except RuntimeError as error:
        raise OSError(f"{name} {wanted}: {error}") from None


async def _https(system: System, authority: Authority, sock: Any) -> uvicorn.Server:
    """The system's application once more, over TLS; its life is the plain server's."""
    config = configured(system, lifespan="off")
    config.load()
    config.ssl = authority.context()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with contextlib.suppress(SystemExit):
        await server.startup(sockets=[sock])
    return server


# -- gRPC -------------------------------------------------------------------------------------


class _Line:
    """See `pubsub.Line`."""

    def __init__(self, context: Any) -> None:
        self._context = context

    async def accept(self) -> None:
        """See Line; said by the headers of the answer."""
        await self._context.send_initial_metadata(())

    async def read(self) -> bytes | None:
        """See Line."""
        found = await self._context.read()
        return None if found is grpc.aio.EOF else found

    async def write(self, message: bytes) -> None:
        """See Line."""
        await self._context.write(message)


def _handlers(service: PubSub, keepalive_s: float) -> Any:
    """The service's calls as gRPC knows them; messages stay bytes."""
    known: dict[str, Any] = {}
    for name in service.answered:
        known[name] = grpc.unary_unary_rpc_method_handler(_answering(service, name))
    for name in service.streamed:
        known[name] = grpc.stream_stream_rpc_method_handler(_streaming(service, name, keepalive_s))
    return grpc.method_handlers_generic_handler(SERVICE, known)


def _answering(service: PubSub, name: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def answer(request: bytes, context: Any) -> bytes:
        try:
            return await service.call(name, _metadata(context), request)
        except Failed as failed:
            await _aborted(service, context, failed)
            raise  # it never comes back

    return answer


def _streaming(service: PubSub, name: str, keepalive_s: float) -> Callable[..., Awaitable[None]]:
    async def stream(_requests: Any, context: Any) -> None:
        try:
            await service.stream(name, _metadata(context), _Line(context), keepalive_s)
        except Failed as failed:
            await _aborted(service, context, failed)
        except asyncio.CancelledError:
            pass  # the client has left

    return stream


def _metadata(context: Any) -> dict[str, str]:
    return {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _aborted(service: PubSub, context: Any, failed: Failed) -> None:
    """Status and error-code trailer; the message ends with the call's id, which support asks for."""
    rpc_id = service.rpc_id()
    trailer = (("error-code", failed.code), ("rpc-id", rpc_id))
    await context.abort(grpc.StatusCode[failed.status], f"{failed.message} rpcId: {rpc_id}", trailer)
