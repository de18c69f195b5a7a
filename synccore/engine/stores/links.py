"""Which thing is called what in which system, and durable counters."""

from synccore.engine.session import Session

_PUT = (
    "INSERT INTO links (kind, canonical, system, external) VALUES (:kind, :canonical, :system, :external)"
    " ON CONFLICT (kind, canonical, system) DO UPDATE SET external = :external"
)
_EXTERNAL = "SELECT external FROM links WHERE kind = :kind AND canonical = :canonical AND system = :system"
_CANONICAL = (
    "SELECT canonical FROM links WHERE kind = :kind AND system = :system AND external = :external ORDER BY canonical"
)
_ALL = "SELECT external, canonical FROM links WHERE kind = :kind AND system = :system ORDER BY canonical"
_DROP = "DELETE FROM links WHERE system = :system AND external = :external"
_NEXT = (
    "INSERT INTO counters (name, value) VALUES (:name, :start)"
    " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value"
)


class SqlLinks:
    """See `ports.stores.Links`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, kind: str, canonical: str, system: str, external: str) -> None:
        """Record (or confirm) a name."""
        self._session.write(_PUT, kind=kind, canonical=canonical, system=system, external=external)

    def external(self, kind: str, canonical: str, system: str) -> str | None:
        """What the system calls it."""
        row = self._session.row(_EXTERNAL, kind=kind, canonical=canonical, system=system)
        return None if row is None else row[0]

    def canonical(self, kind: str, system: str, external: str) -> str | None:
        """What we call it."""
        row = self._session.row(_CANONICAL, kind=kind, system=system, external=external)
        return None if row is None else row[0]

    def all(self, kind: str, system: str) -> dict[str, str]:
        """All names of a kind that a system uses."""
        return {row[0]: row[1] for row in self._session.rows(_ALL, kind=kind, system=system)}

    def drop(self, system: str, external: str) -> None:
        """Whatever we called so there is no more."""
        self._session.write(_DROP, system=system, external=external)

    def next_number(self, name: str, start: int) -> int:
        """The next number of a durable counter; the first is `start`."""
        row = self._session.row(_NEXT, name=name, start=start)
        assert row is not None
        number: int = row[0]
        return number
