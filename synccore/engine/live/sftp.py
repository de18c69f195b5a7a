"""A partner's file drop over SFTP: one connection, opened when needed and anew after it broke."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncssh

from synccore.ports.transport import NoAnswer, NotSent

T = TypeVar("T")

_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost, asyncssh.ChannelOpenError)


class SftpDrop:
    """See `ports.files.FileDrop`. `host_key`: the server's public key as in known_hosts, or 'any' to trust all."""

    def __init__(self, host: str, port: int, user: str, password: str, host_key: str, timeout_s: float) -> None:
        self._where = {"host": host, "port": port, "username": user, "password": password}
        self._known: Any = None
        if host_key != "any":
            self._known = asyncssh.import_known_hosts(f"{host},[{host}]:{port} {host_key}\n")
        self._timeout_s = timeout_s
        self._connection: Any = None
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def listdir(self, folder: str) -> list[str]:
        """Names in a folder, sorted."""
        names: list[str] = await self._call(lambda client: client.listdir(folder))
        return sorted(name for name in names if name not in (".", ".."))

    async def read(self, path: str) -> bytes:
        """A whole file."""

        async def fetch(client: Any) -> bytes:
            async with client.open(path, "rb") as file:
                data: bytes = await file.read()
                return data

        return await self._call(fetch)

    async def write(self, path: str, data: bytes) -> None:
        """Create or replace a file."""

        async def store(client: Any) -> None:
            async with client.open(path, "wb") as file:
                await file.write(data)

        await self._call(store)

    async def rename(self, old: str, new: str) -> None:
        """Give a file its final name."""
        await self._call(lambda client: client.rename(old, new))

    async def remove(self, path: str) -> None:
        """Delete a file."""
        await self._call(lambda client: client.remove(path))

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            await connection.wait_closed()

    async def _call(self, act: Callable[[Any], Awaitable[T]]) -> T:
        client = await self._connected()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await act(client)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise FileNotFoundError(str(error)) from error
        except (*_LOST, TimeoutError, OSError) as error:
            await self._drop()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        except asyncssh.SFTPError as error:
            raise PermissionError(str(error)) from error
        except asyncssh.Error as error:
            await self._drop()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def _connected(self) -> Any:
        async with self._lock:
            if self._client is None:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        self._connection = await asyncssh.connect(
                            **self._where, known_hosts=self._known, client_keys=None, config=None, agent_path=None
                        )
                        self._client = await self._connection.start_sftp_client()
                except (OSError, TimeoutError, asyncssh.Error) as error:
                    await self._drop()
                    raise NotSent(f"{type(error).__name__}: {error}") from error
            return self._client

    async def _drop(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
