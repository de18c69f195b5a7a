"""A drop of files at a partner (SFTP in production)."""

from typing import Protocol


class FileDrop(Protocol):
    """Paths are absolute within the partner's root; NotSent and NoAnswer (ports.transport) as with HTTP.

    A missing file raises FileNotFoundError, a refused operation PermissionError.
    """

    async def listdir(self, folder: str) -> list[str]:
        """Names in a folder, sorted."""
        ...

    async def read(self, path: str) -> bytes:
        """A whole file."""
        ...

    async def write(self, path: str, data: bytes) -> None:
        """Create or replace a file."""
        ...

    async def rename(self, old: str, new: str) -> None:
        """Give a file its final name."""
        ...

    async def remove(self, path: str) -> None:
        """Delete a file."""
        ...
