"""What the judges are shown: all books of one instant, and what the core says of what has not arrived."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.aging import overdue, windows_of
from harness.books import read_books
from harness.canon import Canon, Correlation
from harness.tieout import Excuses, Identity, tie_out
from harness.world import SYSTEMS, Unreachable, World

Rows = list[dict[str, Any]]


@dataclass
class Evidence:
    """Books and the core's own lists at one moment; `core_known` is False for a core without an experience API."""

    canon: Canon
    books: dict[str, Any]
    exceptions: Rows = field(default_factory=list)
    work: Rows = field(default_factory=list)
    letters: Rows = field(default_factory=list)
    levels: dict[str, Any] | None = None  # what the core says of its service levels; None: it tells none
    core_known: bool = True
    defects: list[str] = field(default_factory=list)
    at: float = 0.0  # business time
    customers_changed: frozenset[str] | None = None  # `subscription day`; None: a sandbox in which nobody kept a record

    @property
    def excuses(self) -> Excuses:
        """Reasons for what is not there (yet)."""
        late = overdue(self.work, self.exceptions, windows_of(self.books["erp_legacy"]), self.at)
        excuses = Excuses.of_core(self.exceptions, self.work, late)
        excuses.customers_changed = self.customers_changed
        return excuses

    @cached_property
    def identities(self) -> list[Identity]:
        """The tie-out of this moment."""
        return tie_out(self.canon, self.excuses)

    def open_exceptions(self) -> Rows:
        """Business exceptions that wait for a person."""
        return [row for row in self.exceptions if row["state"] == "open"]

    def dead_letters(self) -> Rows:
        """Work that failed technically beyond its budget and was neither requeued nor discarded."""
        return [row for row in self.letters if row["state"] == "dead"]


async def all_books(world: World) -> dict[str, Any]:
    """Each system's books as they stand."""
    return {system: await world.control(system, "GET", "/_control/books") for system in SYSTEMS}


async def gather(
    world: World, correlation: Correlation, customers_changed: Iterable[str] | None = None, levels: bool = True
) -> Evidence:
    """Read all books, then ask the core for its exceptions, open work and dead letters.

    `customers_changed`: `subscription day` of what customers changed by themselves in this story. `levels`: its service
    levels as well.
    """
    books = await all_books(world)
    known = None if customers_changed is None else frozenset(customers_changed)
    evidence = Evidence(read_books(books, correlation), books, at=world.now(), customers_changed=known)
    try:
        evidence.exceptions = await _rows(world, "/exceptions", "exceptions")
        evidence.work = await _rows(world, "/work", "open")
        evidence.letters = await _rows(world, "/dead-letters", "letters")
        if levels:
            status, told = await world.core("GET", "/service-levels")
            evidence.levels = told if status == 200 and isinstance(told, dict) else None
    except (Unreachable, LookupError):
        evidence.core_known = False
    for system in SYSTEMS:
        health = await world.control(system, "GET", "/_control/health")
        evidence.defects += [f"{system}: {failure}" for failure in health["failures"]]
    return evidence


async def _rows(world: World, path: str, member: str) -> Rows:
    """A list that may come bare or as a member of an object; LookupError when the core has no such page."""
    status, answer = await world.core("GET", path)
    if status != 200:
        raise LookupError(f"{path} answered {status}")
    if isinstance(answer, list):
        return answer
    for name in (member, "items", "list"):
        if isinstance(answer.get(name), list):
            rows: Rows = answer[name]
            return rows
    raise LookupError(f"{path} answered without a list")
