"""The cells of the coverage table: which call fault can befall which operation of which system, and why some cannot."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

Cell = tuple[str, str, str]  # system, operation (or a shell pattern of operations), fault
Json = dict[str, Any]

# What the core asks of each system, as shell patterns on operation names. People act before the weather turns.
# It never asks the cloud ERP for `record.upsert`: it creates under an external id, which refuses a second one.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "salesforce": ("*", "query", "composite", "record.upsert:*", "token", "pubsub.*"),
    "subscriptions": (
        "*", "customer.*", "subscription.*", "invoice.*", "transaction.*", "credit_note.*", "event.list", "usage.*",
        "item_price.list",
    ),
    "erp_cloud": ("*", "record.create:*", "record.update:*", "record.get:*", "suiteql", "token"),
    "erp_legacy": ("*", "drop.write", "drop.rename", "drop.list", "drop.read"),
    "metering": ("*", "event.feed", "export.*"),
}  # fmt: skip
CALLS = (
    "refuse", "timeout", "lost_answer", "slow_applied", "server_error_before", "server_error_after", "limit",
    "repeat", "truncated_body", "invalid_body", "expire_credentials",
)  # fmt: skip
# Cells that would count a hit and prove nothing, each with its reason.
NEVER: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {
    ("salesforce", ("pubsub.*",)): {
        "repeat": "a stream is one connection: no proxy sends it twice",
        "lost_answer": "to open a stream applies nothing whose answer could be lost",
        "server_error_after": "to open a stream applies nothing that an error could follow",
        "truncated_body": "messages are framed: half of one is a stream that broke (cut_stream)",
        "invalid_body": "messages are framed: a foreign body is a stream that broke (cut_stream)",
    },
    ("erp_legacy", ("drop.write", "drop.read")): {
        "repeat": "a transfer is a session's open, pieces and close: nothing on the way repeats a whole one",
    },
    ("erp_legacy", ("drop.rename", "drop.list")): {
        "invalid_body": "a name has no content that could be damaged on the way",
        "truncated_body": "a name has no content that could be cut: the connection breaks, which is lost_answer",
    },
}
# What carries no signature and arrives damaged twice in the same way is believed to be so where it lies, and becomes a
# person's: then there are dead letters, and rightly so. On the way it is damaged once.
DAMAGED = ("truncated_body", "invalid_body")
UNSIGNED = {"erp_legacy": ("*", "drop.read"), "metering": ("*", "export.*")}
AIM_H = 24  # a day, so that a nightly window falls into it; the days of rest that follow are longer
OFTEN = (0, 2, 4, 6)  # cells that a story is aimed at
LATE = ("credit_note.*", "transaction.*", "record.update:*", "record.get:*")  # asked for when a bill changes or is paid


def never(system: str, operation: str, kind: str) -> str:
    """Why such a cell is not legal; empty when it is."""
    for (where, operations), reasons in NEVER.items():
        if where == system and operation in operations and kind in reasons:
            return reasons[kind]
    return ""


def bearable(system: str, operation: str, kind: str, times: int) -> int:
    """How often in a row it may strike so that all must still end well without a person."""
    return 1 if kind in DAMAGED and operation in UNSIGNED.get(system, ()) else times


def legal() -> Iterator[Cell]:
    """Every cell that a night must hit, in the order of the tables."""
    for system, operations in OPERATIONS.items():
        for operation in operations:
            if operation != "*":
                yield from ((system, operation, kind) for kind in CALLS if not never(system, operation, kind))


class Aims:
    """Cells that one story is aimed at, beside its weather: chance alone would leave the rare ones empty for weeks."""

    def __init__(self, chance: Random, told: Sequence[Cell] = ()) -> None:
        """`told`: these and no others; else chance draws some, or none."""
        self._chance = chance
        drawn = told or chance.sample(list(legal()), chance.choice(OFTEN))
        self.cells = list(
            {(system, operation): (system, operation, kind) for system, operation, kind in drawn}.values()
        )
        self._count = 0

    @property
    def usage(self) -> bool:
        """Whether customers must use what is metered, or an aim would find nothing."""
        return any(operation == "usage.*" or system == "metering" for system, operation, _ in self.cells)

    @property
    def second_thoughts(self) -> bool:
        """Whether what was sold and paid must be changed and given back, or an aim would find nothing."""
        return any(operation in LATE for _, operation, _ in self.cells)

    def day(self) -> list[Json]:
        """What strikes on one day, as steps of a story: the first calls of each cell."""
        return [self._one(*cell) for cell in self.cells]

    def _one(self, system: str, operation: str, kind: str) -> Json:
        self._count += 1
        times = bearable(system, operation, kind, self._chance.randint(1, 2))
        given: Json = {"id": f"aim{self._count}", "system": system, "kind": kind, "operation": operation,
                       "times": times, "lasts": f"{AIM_H}h"}  # fmt: skip
        return {"disturb": given | ({"delay": "45s"} if kind == "slow_applied" else {})}
