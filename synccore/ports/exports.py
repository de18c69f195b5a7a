"""Where the books of each report are kept for people to query, and counted a second time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from synccore.ports.reports import Count


@dataclass(frozen=True)
class Exported:
    """What became of the exports of one report: its file, its counts, or why there is none."""

    path: Path | None = None
    counts: tuple[Count, ...] = ()
    problem: str = ""


class Exports(Protocol):
    """A file a report, the last ones of them."""

    def write(self, books: Any, outcome: Any, at: float) -> Exported:
        """Write the books and what was found in them to a file without a name yet, and count them again in it.

        What the count finds and nothing names is added to the outcome as a break. A report is made without its exports
        too, and says why they lack: the folder is full or not writable, an amount is beyond 64 bits.
        """
        ...

    def keep(self, path: Path, report_id: str) -> None:
        """Give a file the name of its report, and let go of the oldest."""
        ...

    def of(self, report_id: str) -> Path | None:
        """The file of a report, None when it is not kept (any more, or here)."""
        ...
