"""How far each source has been read."""

from synccore.engine.session import Session

_GET = "SELECT value FROM cursors WHERE name = :name"
_SET = "INSERT INTO cursors (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"


class SqlCursors:
    """See `ports.stores.Cursors`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> str | None:
        """The cursor."""
        row = self._session.row(_GET, name=name)
        return None if row is None else row[0]

    def set(self, name: str, value: str) -> None:
        """Move it."""
        self._session.write(_SET, name=name, value=value)
