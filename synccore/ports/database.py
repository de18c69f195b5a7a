"""One transaction over the core's own tables, offered as a unit of its stores."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from synccore.ports.stores import Unit

T = TypeVar("T")


class Database(Protocol):
    """The core's memory. Everything in one `run` commits together or not at all."""

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Call `fn` in a transaction, commit, return its result. `fn` is synchronous, short, and may be called again
        after a serialisation failure: it does nothing but use the unit.
        """
        ...
