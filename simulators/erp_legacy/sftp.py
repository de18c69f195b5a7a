"""The drop over real SFTP: asyncssh in front of the same storage that the simulation uses in process."""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import posixpath
import stat
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulators.erp_legacy.drop import Drop, Transfer
from simulators.erp_legacy.storage import FOLDERS

if TYPE_CHECKING:
    from simulators.erp_legacy.app import LegacyErp
    from simulators.kit.store import Doc
    from simulators.kit.system import System

T = TypeVar("T")


def host_key(seed: str) -> asyncssh.SSHKey:
    """The server's key, a function of the seed: a known_hosts entry survives a restart."""
    secret = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/sftp-host-key".encode()).digest())
    return asyncssh.import_private_key(secret.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


def _refused(*_arguments: object) -> NoReturn:
    raise asyncssh.SFTPPermissionDenied("Not offered here")


_REFUSED: Any = _refused  # one function for operations of many signatures


class Gate(asyncssh.SSHServer):
    """Who may log in: partners, by password or public key."""

    def __init__(self, drop: Drop) -> None:
        self._drop = drop

    def begin_auth(self, username: str) -> bool:
        """Everybody has to prove who they are."""
        del username
        return True

    def password_auth_supported(self) -> bool:
        """Yes."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Compare with the partner's."""
        return self._drop.authenticate(username, password)

    def public_key_auth_supported(self) -> bool:
        """Yes."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """One of the partner's keys."""
        known = (asyncssh.import_public_key(text) for text in self._drop.public_keys(username))
        return any(key.public_data == candidate.public_data for candidate in known)


@dataclass(frozen=True)
class Handle:
    """An open file as the library holds it."""

    transfer: Transfer

    def seek(self, offset: int, whence: int) -> int:
        """For the library's sparse-file extension: everything is data, the only hole is the end."""
        size = self.transfer.size
        if offset >= size:
            raise OSError(errno.ENXIO, "Beyond the end")
        return offset if whence == os.SEEK_DATA else size


class DropServer(asyncssh.SFTPServer):
    """One partner's session. Every operation of the base class that touches a disk is replaced or refused."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], drop: Drop) -> None:
        super().__init__(channel)
        self._drop = drop
        self._user: str = channel.get_extra_info("username")

    # -- files ------------------------------------------------------------------------------

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Handle:
        """Open for reading, or for writing from the start; going on with an older upload is not offered."""
        del attrs
        name = _text(path)
        if pflags & asyncssh.FXF_WRITE:
            if pflags & asyncssh.FXF_APPEND or not pflags & (asyncssh.FXF_TRUNC | asyncssh.FXF_EXCL):
                raise asyncssh.SFTPOpUnsupported("Files are written whole, from their start")
            return Handle(await self._do(self._drop.open_write(self._user, name)))
        return Handle(await self._do(self._drop.open_read(self._user, name)))

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Bytes of an open file."""
        return self._drop.read_at(_transfer(file_obj), offset, size)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Bytes into an open file."""
        transfer = _transfer(file_obj)
        if transfer.operation != "drop.write":
            raise asyncssh.SFTPPermissionDenied("The file is open for reading")
        try:
            self._drop.write_at(transfer, offset, data)
        except OSError as error:
            raise asyncssh.SFTPFailure(error.strerror or str(error)) from error
        return len(data)

    async def close(self, file_obj: object) -> None:
        """End a transfer; also called for what was open when a connection broke."""
        transfer = _transfer(file_obj)
        if self.channel.is_closing():
            self._drop.drop_connection(transfer)
        else:
            await self._do(self._drop.close(transfer))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Within /inbound, onto a free name."""
        await self._do(self._drop.rename(self._user, _text(oldpath), _text(newpath)))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Within /inbound, replacing."""
        await self._do(self._drop.rename(self._user, _text(oldpath), _text(newpath), replace=True))

    async def remove(self, path: bytes) -> None:
        """From /inbound."""
        await self._do(self._drop.remove(self._user, _text(path)))

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """A folder's files, or the root's folders."""
        for entry in await self._do(self._drop.entries(self._user, _text(path))):
            attrs = _folder_attrs() if entry.get("folder") else _file_attrs(entry)
            yield asyncssh.SFTPName(entry["name"].encode(), attrs=attrs)

    # -- facts ------------------------------------------------------------------------------

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Size, time and kind."""

        async def look() -> asyncssh.SFTPAttrs:
            entry = self._drop.stat(self._user, _text(path))
            return _folder_attrs() if entry is None else _file_attrs(entry)

        return await self._do(look())

    lstat = stat

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Of an open file."""
        transfer = _transfer(file_obj)
        return _file_attrs({**transfer.doc, "size": transfer.size})

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Modes and times are the site's: asked for and ignored, as clients that keep times expect."""

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Ignored like setstat."""

    def fsync(self, file_obj: object) -> None:
        """What is written is in the store already."""

    def realpath(self, path: bytes) -> bytes:
        """The path seen from the partner's root; `..` never leads out of it."""
        return posixpath.normpath(posixpath.join("/", _text(path))).replace("//", "/").encode()

    # -- refused ----------------------------------------------------------------------------

    mkdir = rmdir = readlink = symlink = link = lock = unlock = statvfs = fstatvfs = open56 = _REFUSED

    # -- errors -----------------------------------------------------------------------------

    async def _do(self, work: Awaitable[T]) -> T:
        """The drop's errors in SFTP's words; a broken or silent connection really breaks."""
        try:
            return await work
        except (ConnectionError, TimeoutError) as error:
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost(error.strerror or "Connection lost") from error
        except FileNotFoundError as error:
            raise asyncssh.SFTPNoSuchFile(error.strerror or "No such file") from error
        except PermissionError as error:
            raise asyncssh.SFTPPermissionDenied(error.strerror or "Permission denied") from error
        except OSError as error:
            raise asyncssh.SFTPFailure(error.strerror or "Failure") from error


def _text(path: bytes) -> str:
    try:
        return path.decode()
    except UnicodeDecodeError:
        return path.decode("latin-1")


def _transfer(file_obj: object) -> Transfer:
    assert isinstance(file_obj, Handle)
    return file_obj.transfer


def _file_attrs(entry: Doc) -> asyncssh.SFTPAttrs:
    when = int(entry["mtime"])
    return asyncssh.SFTPAttrs(
        type=asyncssh.FILEXFER_TYPE_REGULAR, size=entry["size"], permissions=stat.S_IFREG | 0o644, uid=0, gid=0,
        atime=when, mtime=when, nlink=1,
    )  # fmt: skip


def _folder_attrs() -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(
        type=asyncssh.FILEXFER_TYPE_DIRECTORY, size=0, permissions=stat.S_IFDIR | 0o755, uid=0, gid=0, atime=0, mtime=0,
        nlink=1 + len(FOLDERS),
    )  # fmt: skip


async def listen(erp: LegacyErp, host: str, port: int) -> tuple[asyncssh.SSHAcceptor, str]:
    """Start the SFTP server; returns it and its host key's SHA-256 fingerprint."""
    key = host_key(erp.settings.seed)
    acceptor = await asyncssh.listen(
        host, port, server_factory=lambda: Gate(erp.drop), server_host_keys=[key], allow_scp=False,
        sftp_factory=lambda channel: DropServer(channel, erp.drop), encoding=None,
    )  # fmt: skip
    return acceptor, key.get_fingerprint()


async def serve_beside(system: System, args: argparse.Namespace) -> dict[str, Any]:
    """What `python -m simulators.erp_legacy` adds to the ready line: sftp_port, sftp_host_key."""
    from simulators.erp_legacy.app import LegacyErp  # noqa: PLC0415  (the app does not know its SFTP face)

    assert isinstance(system, LegacyErp)
    acceptor, fingerprint = await listen(system, args.host, int(args.secret.get("sftp_port", 0)))
    args.sftp = acceptor  # keeps it alive as long as the process serves
    return {"sftp_port": acceptor.get_port(), "sftp_host_key": fingerprint}
