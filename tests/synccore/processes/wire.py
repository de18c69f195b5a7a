"""The wire between the core and the fake systems: all calls of a run in order, each of which can fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected, Unknown
from tests.synccore.worlds import HandClock

T = TypeVar("T")


class Crash(BaseException):
    """The process is killed here: nothing of it runs any more."""


@dataclass
class Wire:
    """All calls of a run in order, and what happens to the k-th of them."""

    clock: HandClock
    script: dict[int, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)  # effects that the systems took
    late: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)

    async def act(self, operation: str, apply: Callable[[], T], write: bool = False) -> T:
        self.flush()
        fault = self.script.pop(len(self.calls), "")
        self.calls.append(operation)

        def applied() -> T:
            result = apply()
            if write:
                self.writes.append(operation)
            return result

        if fault == "crash-before":
            raise Crash(operation)
        if fault == "refused":
            raise Later(2.0, f"{operation} not reached", counts=False)
        if fault == "limit":
            raise Later(7.0, f"{operation} limited", counts=False)
        if fault == "timeout":
            raise Unknown("fake", operation, "time-out") if write else Later(2.0, operation, counts=False)
        if fault == "slow":
            if not write:
                raise Later(2.0, operation, counts=False)
            self.late.append((self.clock.at + 12.0, applied))
            raise Unknown("fake", operation, "time-out")
        result = applied()
        if fault == "crash-after":
            raise Crash(operation)
        if fault == "lost":
            raise Unknown("fake", operation, "answer lost") if write else Later(2.0, operation, counts=False)
        if fault == "duplicate" and write:
            try:
                apply()
            except Rejected:
                pass
        return result

    def flush(self) -> None:
        """What a slow system was still busy with takes effect, or is refused as a duplicate by then."""
        due = [apply for at, apply in self.late if at <= self.clock.at]
        self.late = [(at, apply) for at, apply in self.late if at > self.clock.at]
        for apply in due:
            try:
                apply()
            except Rejected:
                continue


def unique(target: str, known: Mapping[str, Any], key: str) -> None:
    if key in known:
        raise Rejected(target, "create", 400, "DUPLICATE", f"{key} already exists", duplicate=True)
