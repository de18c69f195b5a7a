"""The file drop against a real SFTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from synccore.engine.live.sftp import SftpDrop
from synccore.ports.transport import NoAnswer, NotSent

pytestmark = pytest.mark.live
KEY = asyncssh.generate_private_key("ssh-ed25519")


class Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("SUBHUB", "secret")


@asynccontextmanager
async def drop_at(root: Path, host_key: str = "", password: str = "secret") -> AsyncIterator[tuple[SftpDrop, Any]]:
    def session(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    server = await asyncssh.create_server(
        Door, "127.0.0.1", 0, server_host_keys=[KEY], sftp_factory=session
    )  # fmt: skip
    public = host_key or KEY.export_public_key().decode().strip()
    drop = SftpDrop("127.0.0.1", server.get_port(), "SUBHUB", password, public, 5.0)
    try:
        yield drop, server
    finally:
        await drop.close()
        server.close()
        await server.wait_closed()


def test_files_are_written_renamed_listed_read_and_removed(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "inbound").mkdir()
        async with drop_at(tmp_path) as (drop, _):
            await drop.write("/inbound/b.tmp", b"\x00IDoc\xff")
            await drop.write("/inbound/a.tmp", b"")
            await drop.rename("/inbound/b.tmp", "/inbound/b.DAT")
            assert await drop.listdir("/inbound") == ["a.tmp", "b.DAT"]
            assert await drop.read("/inbound/b.DAT") == b"\x00IDoc\xff"
            await drop.remove("/inbound/a.tmp")
            assert await drop.listdir("/inbound") == ["b.DAT"]
            with pytest.raises(FileNotFoundError):
                await drop.read("/inbound/nowhere")
            with pytest.raises(PermissionError):
                await drop.remove("/inbound")

    asyncio.run(story())


def test_a_lost_connection_is_of_unknown_outcome_and_opened_anew(tmp_path: Path) -> None:
    async def story() -> None:
        async with drop_at(tmp_path) as (drop, _):
            await drop.listdir("/")
            drop._connection.abort()
            with pytest.raises(NoAnswer):
                await drop.write("/x", b"1")
            await drop.write("/x", b"2")
            assert await drop.read("/x") == b"2"

    asyncio.run(story())


def test_a_wrong_key_a_wrong_password_or_nobody_there_is_not_sent(tmp_path: Path) -> None:
    async def story() -> None:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        for given in ({"host_key": other}, {"password": "wrong"}):
            async with drop_at(tmp_path, **given) as (drop, _):
                with pytest.raises(NotSent):
                    await drop.listdir("/")
        with pytest.raises(NotSent):
            await SftpDrop("127.0.0.1", 1, "SUBHUB", "secret", "any", 5.0).listdir("/")

    asyncio.run(story())
