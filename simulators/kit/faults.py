"""The fault table: what goes wrong, where, how often. Names F1-F11 are those of the fault catalogue in the docs."""

import fnmatch
from collections.abc import Callable, Iterator
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CallFault = Literal[
    "refuse",  # F1: the connection is refused, nothing applied
    "timeout",  # F2: no answer, nothing applied
    "lost_answer",  # F3: applied, then the connection is cut before a byte of the answer
    "slow_applied",  # F4: applied only after delay_s, when the caller may have given up
    "server_error_before",  # F5: 5xx, nothing applied
    "server_error_after",  # F5: 5xx, applied
    "limit",  # F6: the vendor's own limit answer, with retry_after_s if given
    "daily_limit",  # F6: the vendor's daily quota answer
    "truncated_body",  # F7: applied, half of the body arrives
    "invalid_body",  # F7: applied, 200 with a body that is not the vendor's
    "altered_body",  # F25/F26: applied, `find` reads `put` in the answer; an answer without it goes through unharmed
    "expire_credentials",  # F8: every live token dies just before this call
    "repeat",  # F9: a proxy sends the request twice; the caller sees the second answer
    "hold_answer",  # F16 in live: applied, the answer is held for delay_s so that the caller can be killed meanwhile
]
EventFault = Literal[
    "duplicate_event",  # F10: delivered `copies` more times, delay_s apart
    "delay_event",  # F11/F12: delivered delay_s later than due, so behind younger ones
    "drop_event",  # F13: never delivered
]
RecordFault = Literal[
    "lock_row",  # F17: somebody else holds the record: its write is refused, others of the same call are not
    "storage_full",  # F18: there is no room for one more record
    "late_stamp",  # F14: it can be read only delay_s after the instant that its stamps say, as after a long transaction
    "slow_job",  # F4: a bulk job (`job:Object`) is worked on delay_s later
]
StreamFault = Literal[
    "gap_event",  # F13: only that a record changed is told, not what
    "overflow_event",  # F13: only that too much changed is told, not which records
    "expire_cursor",  # F13: the place where a subscriber wants to go on is no longer kept
    "cut_stream",  # F28: the stream breaks before the next event
]
CALL_FAULTS: tuple[str, ...] = CallFault.__args__  # type: ignore[attr-defined]
EVENT_FAULTS: tuple[str, ...] = EventFault.__args__  # type: ignore[attr-defined]
RECORD_FAULTS: tuple[str, ...] = RecordFault.__args__  # type: ignore[attr-defined]
STREAM_FAULTS: tuple[str, ...] = StreamFault.__args__  # type: ignore[attr-defined]


class Fault(BaseModel):
    """One disturbance. It hits matching calls (or events) from the `nth` on, `times` times (0: without end)."""

    model_config = ConfigDict(extra="forbid")

    id: str
    kind: CallFault | EventFault | RecordFault | StreamFault
    operation: str = "*"  # shell pattern on the system's operation (or event type, or `insert:Object`) name
    contains: str = ""  # text that must occur in target or body
    nth: int = Field(default=1, ge=1)
    times: int = Field(default=1, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    after: float | None = None  # business time window, epoch seconds
    until: float | None = None
    delay_s: float = Field(default=60.0, ge=0)
    retry_after_s: int | None = Field(default=None, ge=0)
    status: int = Field(default=503, ge=500, le=599)
    copies: int = Field(default=1, ge=1)
    find: str = ""
    put: str = ""
    seen: int = 0
    hits: int = 0

    def covers(self, operation: str, text: Callable[[], str], at: float) -> bool:
        """Does this fault concern such a call at this business time?"""
        return (
            fnmatch.fnmatchcase(operation, self.operation)
            and (not self.contains or self.contains in text())
            and (self.after is None or at >= self.after)
            and (self.until is None or at < self.until)
        )


class FaultTable:
    """The faults of one system; `hits` is each fault's probe."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._faults: dict[str, Fault] = {}

    def add(self, fault: Fault) -> None:
        """Put a fault in place (same id: replaced)."""
        self._faults[fault.id] = fault

    def remove(self, fault_id: str) -> bool:
        """Repair; False when there was no such fault."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self, chance: Random) -> None:
        """Repair everything and start with fresh chance."""
        self._faults.clear()
        self._chance = chance

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def strike(self, kinds: tuple[str, ...], operation: str, text: Callable[[], str], at: float) -> Fault | None:
        """The fault that hits this call or event, counted; None when it goes through unharmed."""
        if not self._faults:
            return None
        for fault in self._faults.values():
            if fault.kind not in kinds or not fault.covers(operation, text, at):
                continue
            if fault.times and fault.hits >= fault.times:
                continue
            fault.seen += 1
            if fault.seen < fault.nth:
                continue
            if fault.probability < 1.0 and self._chance.random() >= fault.probability:
                continue
            fault.hits += 1
            return fault
        return None
