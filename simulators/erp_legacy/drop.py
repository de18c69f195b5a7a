"""The file drop as its partners see it: four folders in a root of their own, with faults and journal on each call."""

from __future__ import annotations

import asyncio
import errno
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from simulators.erp_legacy.layouts import is_latin1
from simulators.erp_legacy.storage import FOLDERS, Files
from simulators.kit.faults import CALL_FAULTS, Fault
from simulators.kit.fidelity import absent, approximate
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.kit.system import System

approximate(
    "SFTP faults",
    "strike whole transfers (open to close), and `contains` sees user and path there, not the content",
    source="ours",
)
absent("archiving of old files")

NAME_BYTES_MAX = 255
FILE_BYTES_MAX = 2 * 1024**3
WRITABLE = ("inbound",)
T = TypeVar("T")

# How an outcome shows in the journal: the SFTP status name, and the HTTP status that says the same in a timeline.
_OUTCOMES: tuple[tuple[type[BaseException], str, int | None], ...] = (
    (FileNotFoundError, "NO_SUCH_FILE", 404),
    (PermissionError, "PERMISSION_DENIED", 403),
    (FileExistsError, "FILE_ALREADY_EXISTS", 409),
    (ConnectionError, "CONNECTION_LOST", None),
    (TimeoutError, "NO_ANSWER", None),
    (OSError, "FAILURE", 500),
)


@dataclass
class Transfer:
    """One open file: what was asked, which fault is on it, what has gone through."""

    operation: str
    user: str
    path: str
    doc: Doc
    fault: Fault | None
    size: int = 0
    sample: bytes = b""  # the first bytes, for the journal


class Drop:
    """The drop's operations. `user` is a partner's user name; paths are `/folder/name` in that partner's root.

    Errors: FileNotFoundError, PermissionError (also for unknown users, read-only folders and files that the batch has
    in hand), FileExistsError (rename onto a file), OSError for bad names and vendor failures. From faults:
    ConnectionError (F1 refused, nothing applied; F3 reset after it was applied), TimeoutError (F2), OSError (F5, F6).
    """

    def __init__(self, system: System, files: Files) -> None:
        self._system, self._files = system, files

    # -- whole files ------------------------------------------------------------------------

    async def listdir(self, user: str, folder: str) -> list[str]:
        """Names in a folder, sorted; the root lists the folders."""
        return [doc["name"] for doc in await self.entries(user, folder)]

    async def entries(self, user: str, folder: str) -> list[Doc]:
        """Facts (name, size, mtime) of the files in a folder, by name; the root's entries are the folders."""

        def apply() -> list[Doc]:
            partner = self._partner(user)
            parts = _parts(folder)
            if not parts:
                return [{"name": name, "size": 0, "mtime": 0.0, "folder": True} for name in sorted(FOLDERS)]
            if len(parts) > 1 or parts[0] not in FOLDERS:
                raise FileNotFoundError(errno.ENOENT, "No such directory", folder)
            return self._files.listing(partner, parts[0])

        return await self._call("drop.list", user, folder, apply)

    async def read(self, user: str, path: str) -> bytes:
        """A whole file."""
        transfer = await self.open_read(user, path)
        data = self.read_at(transfer, 0, transfer.size)
        await self.close(transfer)
        return data

    async def write(self, user: str, path: str, data: bytes) -> None:
        """Create or replace a file in /inbound."""
        transfer = await self.open_write(user, path, data)
        self.write_at(transfer, 0, data)
        await self.close(transfer)

    async def rename(self, user: str, old: str, new: str, replace: bool = False) -> None:
        """Give a file its final name within /inbound; a file of that name is in the way unless `replace`."""

        def apply() -> None:
            partner = self._partner(user)
            source, target = self._own(partner, old, writing=True), self._own(partner, new, writing=True)
            if self._files.stat(source) is None:
                raise FileNotFoundError(errno.ENOENT, "No such file", old)
            if self._files.stat(target) is not None and not replace and source != target:
                raise FileExistsError(errno.EEXIST, "File already exists", new)
            self._files.rename(source, target, self._system.clock.now())

        await self._call("drop.rename", user, f"{old} -> {new}", apply)

    async def remove(self, user: str, path: str) -> None:
        """Delete a file from /inbound."""

        def apply() -> None:
            if not self._files.remove(self._own(self._partner(user), path, writing=True)):
                raise FileNotFoundError(errno.ENOENT, "No such file", path)

        await self._call("drop.remove", user, path, apply)

    def stat(self, user: str, path: str) -> Doc | None:
        """Facts of a file, or None for a folder; not a business call: neither faults nor journal."""
        parts = _parts(path)
        if len(parts) < 2:
            if parts and parts[0] not in FOLDERS:
                raise FileNotFoundError(errno.ENOENT, "No such directory", path)
            return None
        doc = self._files.stat(self._own(self._partner(user), path, writing=False))
        if doc is None:
            raise FileNotFoundError(errno.ENOENT, "No such file", path)
        return doc

    # -- files piece by piece (the SFTP server's way) ---------------------------------------

    async def open_read(self, user: str, path: str) -> Transfer:
        """Open for reading."""

        def apply(fault: Fault | None) -> Transfer:
            doc = self._files.stat(self._own(self._partner(user), path, writing=False))
            if doc is None:
                raise FileNotFoundError(errno.ENOENT, "No such file", path)
            size = doc["size"] // 2 if fault is not None and fault.kind == "truncated_body" else doc["size"]
            return Transfer("drop.read", user, path, doc, fault, size)

        return await self._open("drop.read", user, path, b"", apply)

    async def open_write(self, user: str, path: str, hint: bytes = b"") -> Transfer:
        """Open for writing from the start; `hint` is the content if it is known (faults look into it)."""

        def apply(fault: Fault | None) -> Transfer:
            doc = self._files.create(self._own(self._partner(user), path, writing=True), self._system.clock.now())
            return Transfer("drop.write", user, path, doc, fault)

        return await self._open("drop.write", user, path, hint, apply)

    def read_at(self, transfer: Transfer, offset: int, size: int) -> bytes:
        """Bytes of an open file; empty at its end."""
        data = self._files.read_at(transfer.doc["id"], offset, min(size, max(0, transfer.size - offset)))
        if transfer.fault is not None and transfer.fault.kind == "invalid_body":
            data = bytes(byte ^ 0x20 for byte in data)
        if offset == 0:
            transfer.sample = data
        return data

    def write_at(self, transfer: Transfer, offset: int, data: bytes) -> None:
        """Put bytes into an open file."""
        if offset + len(data) > FILE_BYTES_MAX:
            raise OSError(errno.EFBIG, "File too large", transfer.path)
        if transfer.fault is not None and transfer.fault.kind == "invalid_body" and data:
            data = bytes((data[0] ^ 0x01,)) + data[1:]  # damaged on the way and nobody was told: CTL_CHECKSUM
        self._files.write_at(transfer.doc["id"], offset, data)
        transfer.size = max(transfer.size, offset + len(data))
        if offset == 0:
            transfer.sample = data

    async def close(self, transfer: Transfer) -> None:
        """End a transfer: a written file gets its size and time; faults after the fact strike here."""
        fault = transfer.fault
        if transfer.operation == "drop.write":
            if fault is not None and fault.kind == "truncated_body":
                transfer.size //= 2
                self._files.truncate(transfer.doc["id"], transfer.size)
            self._files.touch(transfer.doc["path"], transfer.size, self._system.clock.now())
        try:
            await _after(fault, broken=transfer.operation == "drop.write")
        except OSError as error:
            self._record(transfer.operation, transfer.user, transfer.path, fault, error, transfer.sample)
            raise
        self._record(transfer.operation, transfer.user, transfer.path, fault, None, transfer.sample)

    def drop_connection(self, transfer: Transfer) -> None:
        """The partner vanished in mid-transfer: what has arrived stays, as half a file."""
        if transfer.operation == "drop.write":
            self._files.touch(transfer.doc["path"], transfer.size, self._system.clock.now())

    # -- who may do what --------------------------------------------------------------------

    def authenticate(self, user: str, password: str) -> bool:
        """Whether the password is this partner's."""
        partner = self._profile(user)
        expected = "" if partner is None else str(partner.get("password", ""))
        return bool(expected) and hmac.compare_digest(expected.encode(), password.encode())

    def public_keys(self, user: str) -> list[str]:
        """The partner's public keys in OpenSSH text form."""
        partner = self._profile(user)
        return [] if partner is None else list(partner.get("public_keys", []))

    def _profile(self, user: str) -> Doc | None:
        return next((row for row in self._system.store.held("partner") if row["username"] == user), None)

    def _partner(self, user: str) -> str:
        partner = self._profile(user)
        if partner is None:
            raise PermissionError(errno.EACCES, "Unknown user", user)
        return str(partner["SNDPRN"])

    def _own(self, partner: str, path: str, writing: bool) -> str:
        parts = _parts(path)
        if len(parts) != 2 or parts[0] not in FOLDERS:
            raise PermissionError(errno.EACCES, "Files live in /inbound, /outbound, /archive and /error only", path)
        if writing and parts[0] not in WRITABLE:
            raise PermissionError(errno.EACCES, f"/{parts[0]} is read-only", path)
        own = f"{partner}/{parts[0]}/{parts[1]}"
        if writing and (self._files.stat(own) or {}).get("locked"):
            raise PermissionError(errno.EACCES, "In use by the batch", path)
        return own

    # -- faults and journal -----------------------------------------------------------------

    async def _call(self, operation: str, user: str, path: str, apply: Callable[[], T]) -> T:
        fault = self._strike(operation, user, path, b"")
        try:
            await _before(fault)
            result = apply()
            if fault is not None and fault.kind == "repeat":
                result = apply()
            await _after(fault, broken=True)
        except OSError as error:
            self._record(operation, user, path, fault, error, b"")
            raise
        self._record(operation, user, path, fault, None, b"")
        return result

    async def _open(
        self, operation: str, user: str, path: str, hint: bytes, apply: Callable[[Fault | None], Transfer]
    ) -> Transfer:
        fault = self._strike(operation, user, path, hint)
        try:
            await _before(fault)
            return apply(fault)
        except OSError as error:
            self._record(operation, user, path, fault, error, hint)
            raise

    def _strike(self, operation: str, user: str, path: str, hint: bytes) -> Fault | None:
        return self._system.faults.strike(
            CALL_FAULTS, operation, lambda: f"{user} {path} " + hint.decode("latin-1"), self._system.clock.now()
        )

    def _record(
        self, operation: str, user: str, path: str, fault: Fault | None, error: OSError | None, sample: bytes
    ) -> None:
        result, status = next(((name, code) for kind, name, code in _OUTCOMES if isinstance(error, kind)), ("OK", 200))
        self._system.journal.add(
            "call", self._system.clock.now(), system=self._system.name, operation=operation, method="SFTP", target=path,
            status=status, result=result, error="" if error is None else error.strerror or str(error),
            fault=None if fault is None else f"{fault.id}:{fault.kind}", principal=user, body=sample,
        )  # fmt: skip


def _parts(path: str) -> list[str]:
    """The segments of a path; anything that could leave the root or is no name of a file is refused."""
    if not is_latin1(path) or "\\" in path:
        raise OSError(errno.EINVAL, "Names are printable Latin-1 without backslash", path)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PermissionError(errno.EACCES, "No way out of the root", path)
    if any(len(part) > NAME_BYTES_MAX for part in parts):
        raise OSError(errno.ENAMETOOLONG, "File name too long", path[:80])
    return parts


async def _before(fault: Fault | None) -> None:
    kind = None if fault is None else fault.kind
    if fault is None or kind is None:
        return
    if kind == "refuse":
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    if kind in ("timeout", "slow_applied"):
        await asyncio.sleep(fault.delay_s)
    if kind == "timeout":
        raise TimeoutError(errno.ETIMEDOUT, "No answer")
    if kind == "server_error_before":
        raise OSError(errno.EIO, "Failure")
    if kind in ("limit", "daily_limit"):
        raise OSError(errno.EBUSY, "Too many sessions")
    if kind == "expire_credentials":
        raise PermissionError(errno.EACCES, "Authentication failed")


async def _after(fault: Fault | None, broken: bool) -> None:
    """`broken`: half a body means a broken connection; a reader just sees a short file instead."""
    if fault is None:
        return
    if fault.kind == "hold_answer":
        await asyncio.sleep(fault.delay_s)
    if fault.kind == "lost_answer" or (fault.kind == "truncated_body" and broken):
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
    if fault.kind == "server_error_after":
        raise OSError(errno.EIO, "Failure")
