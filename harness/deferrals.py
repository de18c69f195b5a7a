"""What the ledgers say of revenue that is not earned yet, in the one vocabulary of `canon`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deferral:
    """What a ledger says it defers of one document's line, in minor units of the entity's own currency.

    `net` is negative for a credit. `starts` and `ends` are the first and last day of the service, '' if nothing says
    when it is; `recognised` are parts by month (`2026-01`) with the journal of each.
    """

    system: str
    entity: str
    currency: str
    document: str
    line: int
    net: int
    starts: str
    ends: str
    even: bool = False  # by whole months; else by days
    recognised: tuple[tuple[str, int, str], ...] = ()
