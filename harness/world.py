"""What a run talks to: the systems by their public APIs, the core by its own, time, books, and nothing else.

Two worlds implement it with the same meaning: the simulated one (one process, virtual time) and the live one
(processes or containers, real sockets).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

SystemName = Literal["salesforce", "subscriptions", "erp_cloud", "erp_legacy", "metering"]
SYSTEMS: tuple[SystemName, ...] = ("salesforce", "subscriptions", "erp_cloud", "erp_legacy", "metering")

Json = Any
PEOPLE = "windtunnel"  # the user agent of our own calls: all others are the core's
Release = Literal["", "new", "old"]
"""Which release of the core starts: the next one, or the one that was there at first; "": the one that ran last."""
RELEASES: Mapping[str, str] = {"old": "windtunnel", "new": "windtunnel-next"}  # application versions


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as a driver sees it; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No answer came: refused, cut or timed out."""


class NotQuiet(Exception):
    """The world did not come to rest within its bound; the message says what is still open."""


class World(Protocol):
    """One running sandbox. All times are business time in epoch seconds."""

    mode: Literal["sim", "live"]

    async def call(
        self, system: SystemName, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """A vendor's public API, as a business user's client calls it; raises Unreachable."""
        ...

    async def control(self, system: SystemName, method: str, path: str, body: Json = None) -> Json:
        """The system's control page (`path` begins with /_control); raises ValueError with the problem's detail."""
        ...

    async def core(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """The core's experience API, as an operator; raises Unreachable while the core is down."""
        ...

    async def put_file(self, user: str, path: str, data: bytes) -> None:
        """Upload to the legacy ERP's drop as the given partner (write as .tmp, then rename)."""
        ...

    def credentials(self, system: SystemName) -> Mapping[str, str]:
        """What a client needs to log in there."""
        ...

    def base_url(self, system: SystemName) -> str:
        """The address that clients see (needed where a protocol signs it)."""
        ...

    def now(self) -> float:
        """Business time."""
        ...

    async def advance(self, to: float) -> None:
        """Move business time forward; every due job of every system runs at its own due time, the core keeps up."""
        ...

    async def settle(self, bound_s: float = 900.0) -> None:
        """Return once all is quiet: no due job, no delivery, no open work in the core; NotQuiet after the bound."""
        ...

    async def kill_core(self) -> None:
        """SIGKILL, or its like."""
        ...

    async def start_core(self, from_backup: bool = False, release: Release = "", elsewhere: bool = False) -> None:
        """Start the core again on the store it left behind, or on the latest backup of it, as a restored one.

        `elsewhere`: as a worker of another name; the one that was there is lost for good.
        """
        ...

    def join_core(self, release: Release = "", stopped_s: float = 0.0, after_s: float = 0.0) -> None:
        """Another worker starts (after so long) beside the one that is there, which stands still for so long (SIGSTOP).

        In simulation alone.
        """
        ...

    async def back_up_core(self) -> None:
        """Keep a copy of the core's store as it is now."""
        ...
