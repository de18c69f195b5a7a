"""The files of all partners, kept in the store, so that snapshot, restore and restart hold for them too."""

from collections.abc import Iterable, Iterator

from simulators.kit.kinds import Kind
from simulators.kit.store import Doc, Store

FOLDERS = ("inbound", "outbound", "archive", "error")
CHUNK_BYTES = 64 * 1024
LINE_BYTES_MAX = 64 * 1024  # a longer "line" is cut there: no record comes near it

FILE = Kind("file", key="path", index=("place",))
CHUNK_SCHEMA = """
CREATE TABLE IF NOT EXISTS chunk (file INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
                                  PRIMARY KEY (file, part)) WITHOUT ROWID;
"""


class Files:
    """Contents in chunks of 64 kB, facts in documents: path `PARTNER/folder/name`, size, mtime, locked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def stat(self, path: str) -> Doc | None:
        """The facts of a file, or None."""
        return self._store.get(FILE.name, path)

    def listing(self, partner: str, folder: str) -> list[Doc]:
        """The files of a folder by name."""
        return self._store.find(FILE.name, order="key", place=f"{partner}/{folder}")

    def create(self, path: str, at: float, size: int = 0) -> Doc:
        """A new file, still without its `size` bytes; one that stood there is replaced."""
        with self._store.transaction():
            self.remove(path)
            partner, folder, name = path.split("/", 2)
            doc: Doc = {
                "path": path, "id": self._store.next("file"), "place": f"{partner}/{folder}", "name": name,
                "size": size, "mtime": at, "locked": False,
            }  # fmt: skip
            self._store.add(FILE.name, doc)
        return doc

    def save(self, path: str, data: bytes | Iterable[bytes], at: float) -> None:
        """Create or replace a file as a whole; `data` may come line by line, so that no memory needs to hold it."""
        with self._store.transaction():
            doc, size = self.create(path, at), 0
            for part, piece in enumerate(_chunks((data,) if isinstance(data, bytes) else data)):
                self._store.db.execute("INSERT INTO chunk VALUES (?, ?, ?)", (doc["id"], part, piece))
                size += len(piece)
            self._store.put(FILE.name, {**doc, "size": size})

    def touch(self, path: str, size: int, at: float) -> None:
        """Note size and time once a file was written."""
        doc = self.stat(path)
        if doc is not None:
            self._store.put(FILE.name, {**doc, "size": size, "mtime": at})

    def lock(self, path: str, locked: bool) -> None:
        """The batch takes a file in hand: its partner may no longer change it."""
        doc = self.stat(path)
        if doc is not None and doc["locked"] != locked:
            self._store.put(FILE.name, {**doc, "locked": locked})

    def rename(self, old: str, new: str, at: float | None = None) -> None:
        """Move a file, replacing what stood there; `at` is its new time (kept when None)."""
        with self._store.transaction():
            doc = self.stat(old)
            if doc is None:
                raise FileNotFoundError(old)
            self.remove(new)
            self._store.delete(FILE.name, old)
            partner, folder, name = new.split("/", 2)
            moved = {**doc, "path": new, "place": f"{partner}/{folder}", "name": name, "locked": False}
            self._store.add(FILE.name, moved if at is None else {**moved, "mtime": at})

    def remove(self, path: str) -> bool:
        """Delete a file; False when there was none."""
        doc = self.stat(path)
        if doc is None:
            return False
        with self._store.transaction():
            self._store.db.execute("DELETE FROM chunk WHERE file = ?", (doc["id"],))
            self._store.delete(FILE.name, path)
        return True

    def free_name(self, path: str) -> str:
        """`path`, or with `.2`, `.3`, … behind it when that name is taken: nothing filed away is overwritten."""
        candidate, number = path, 1
        while self.stat(candidate) is not None:
            number += 1
            candidate = f"{path}.{number}"
        return candidate

    # -- contents ---------------------------------------------------------------------------

    def write_at(self, file: int, offset: int, data: bytes) -> None:
        """Write bytes at an offset; a gap before them is filled with zero bytes."""
        position = 0
        with self._store.transaction():
            while position < len(data):
                part, start = divmod(offset + position, CHUNK_BYTES)
                piece = data[position : position + CHUNK_BYTES - start]
                old = self._chunk(file, part)
                new = old[:start].ljust(start, b"\0") + piece + old[start + len(piece) :]
                self._store.db.execute("INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)", (file, part, new))
                position += len(piece)

    def truncate(self, file: int, size: int) -> None:
        """Cut a file to its first `size` bytes."""
        part, rest = divmod(size, CHUNK_BYTES)
        with self._store.transaction():
            kept = self._chunk(file, part)[:rest]
            self._store.db.execute("DELETE FROM chunk WHERE file = ? AND part >= ?", (file, part))
            if kept:
                self._store.db.execute("INSERT INTO chunk VALUES (?, ?, ?)", (file, part, kept))

    def read_at(self, file: int, offset: int, size: int) -> bytes:
        """Up to `size` bytes from an offset; empty at the end."""
        pieces, part = [], offset // CHUNK_BYTES
        start = offset % CHUNK_BYTES
        while size > 0:
            chunk = self._chunk(file, part)
            piece = chunk[start : start + size]
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
            part, start = part + 1, 0
        return b"".join(pieces)

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's contents piece by piece, so that a large file never stands in memory."""
        doc = self.stat(path)
        part = 0
        while doc is not None and (chunk := self._chunk(doc["id"], part)):
            yield chunk
            part += 1

    def content(self, path: str) -> bytes:
        """A whole file."""
        return b"".join(self.chunks(path))

    def lines(self, path: str) -> Iterator[bytes]:
        """Lines with their CRLF; one without it is the unfinished last, or over-long."""
        rest = b""
        for chunk in self.chunks(path):
            *whole, rest = (rest + chunk).split(b"\r\n")
            for line in whole:
                yield line + b"\r\n"
            if len(rest) > LINE_BYTES_MAX:
                yield rest
                rest = b""
        if rest:
            yield rest

    def _chunk(self, file: int, part: int) -> bytes:
        row = self._store.db.execute("SELECT data FROM chunk WHERE file = ? AND part = ?", (file, part)).fetchone()
        return b"" if row is None else bytes(row[0])


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)
