"""The CONNECT proxy: tunnels to vendor hosts end at the TLS front; there is no way out of the sandbox."""

import asyncio
import contextlib
import re
from collections.abc import Mapping

from simulators.edge.hosts import SHOWN, system_of

HEAD_MAX = 65_536  # bytes of a request's head
HEAD_S = 30.0
CHUNK = 65_536
CONNECT = re.compile(rb"CONNECT (\[[0-9a-fA-F:]+\]|[^\s:]+):(\d{1,5}) HTTP/1\.[01]\r\n")


class Tunnel:
    """A proxy for HTTPS_PROXY. `front` is the port of the TLS front on this host."""

    def __init__(self, systems: Mapping[str, str], host: str, front: int) -> None:
        self._systems, self._host, self._front = dict(systems), host, front

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, from its CONNECT to its end."""
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client went away, or says nothing
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _refuse(writer, "431 Request Header Fields Too Large", f"at most {HEAD_MAX} bytes of headers")
            return
        asked = CONNECT.match(head)
        if asked is None:
            said = "this is a proxy for https alone: set HTTPS_PROXY, and send plain http straight to the simulator"
            await _refuse(writer, "405 Method Not Allowed", said)
            return
        host = asked[1].decode("latin-1").strip("[]")
        if system_of(host, self._systems) is None:
            said = f"{host} is outside of the sandbox; {', '.join(SHOWN)} lead to its simulators"
            await _refuse(writer, "403 Forbidden", said)
            return
        inner, outer = await asyncio.open_connection(self._host, self._front)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pipe(reader, outer), _pipe(inner, writer))
        finally:
            outer.close()


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Bytes as they come; the end of one direction ends the other."""
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    target.close()


async def _refuse(writer: asyncio.StreamWriter, status: str, said: str) -> None:
    text = f"{said}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + text)
    await writer.drain()
