"""The TLS front: HTTP over TLS for vendor hosts, handed on to the simulators in plain with what the client saw."""

import ssl
from collections.abc import Mapping
from socket import socket

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from simulators.edge.hosts import SHOWN, system_of

# of one connection and not of the request (RFC 9110, 7.6.1)
HOP_BY_HOP = frozenset(("connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
                        "transfer-encoding", "upgrade", "content-length", "expect"))  # fmt: skip
IDLE_S = 2.0  # the simulators close what is idle for five seconds: no request may meet that moment
ANSWER_S = 300.0  # longer than any client waits: the edge never times out by itself
BODY_MAX = 256 * 1024 * 1024  # bytes; the systems' own limits lie below and answer in the vendor's words


class Front:
    """One listening socket for all hosts. `systems`: where each system is, URLs without a trailing slash."""

    def __init__(self, systems: Mapping[str, str]) -> None:
        self._systems = dict(systems)
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.ServerRunner | None = None

    async def start(self, sock: socket, tls: ssl.SSLContext) -> None:
        """Listen."""
        self._client = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=ANSWER_S), trust_env=False,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S),
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        )  # fmt: skip
        self._runner = web.ServerRunner(web.Server(self._forward), access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, sock, ssl_context=tls).start()

    async def close(self) -> None:
        """Stop."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()

    async def _forward(self, request: web.BaseRequest) -> web.StreamResponse:
        name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
        system = system_of(name.strip("[]"), self._systems)
        if system is None:
            return web.Response(status=421, text=f"no simulator stands behind {request.host}; {', '.join(SHOWN)} do\n")
        assert self._client is not None
        headers = CIMultiDict((key, value) for key, value in request.headers.items() if key.lower() not in HOP_BY_HOP)
        headers["X-Forwarded-Proto"] = "https"  # what the client saw is what it signs and what links must lead to
        body = await _body(request)
        if body is None:
            return web.Response(status=413, text=f"the edge takes at most {BODY_MAX} bytes\n")
        url = URL(self._systems[system] + request.raw_path, encoded=True)
        try:
            async with self._client.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return _cut(request)  # a lost answer is lost here, too: a 502 would be a lie about what happened
        back = CIMultiDict((key, value) for key, value in answer.headers.items() if key.lower() not in HOP_BY_HOP)
        return web.Response(status=answer.status, reason=answer.reason, headers=back, body=content or None)


async def _body(request: web.BaseRequest) -> bytes | None:
    chunks, size = [], 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > BODY_MAX:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)  # nobody reads it
