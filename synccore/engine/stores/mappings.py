"""Versioned configuration that people change without code."""

from synccore.engine.session import Session, dump, insert, load
from synccore.engine.tables import MAPPING_VERSIONS
from synccore.ports.stores import Json, MappingVersion

_GET = "SELECT value FROM mappings WHERE kind = :kind AND key = :key"
_ALL = "SELECT key, value FROM mappings WHERE kind = :kind ORDER BY key"
_PUT = (
    "INSERT INTO mappings (kind, key, version, value) VALUES (:kind, :key, 1, :value) ON CONFLICT (kind, key)"
    " DO UPDATE SET version = mappings.version + 1, value = :value RETURNING version"
)
_KEEP = insert(MAPPING_VERSIONS)
_HISTORY = (
    "SELECT version, value, changed_by, at FROM mapping_versions WHERE kind = :kind AND key = :key ORDER BY version"
)


class SqlMappings:
    """See `ports.stores.Mappings`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, kind: str, key: str) -> Json | None:
        """The value in force."""
        row = self._session.row(_GET, kind=kind, key=key)
        return None if row is None else load(row[0])

    def all(self, kind: str) -> dict[str, Json]:
        """All values of a kind, by key."""
        return {row[0]: load(row[1]) for row in self._session.rows(_ALL, kind=kind)}

    def put(self, kind: str, key: str, value: Json, by: str, at: float) -> int:
        """A new version; returns its number."""
        text = dump(value)
        row = self._session.row(_PUT, kind=kind, key=key, value=text)
        assert row is not None
        version: int = row[0]
        self._session.write(_KEEP, kind=kind, key=key, version=version, value=text, changed_by=by, at=at)
        return version

    def history(self, kind: str, key: str) -> list[MappingVersion]:
        """All versions, oldest first."""
        found = self._session.rows(_HISTORY, kind=kind, key=key)
        return [MappingVersion(row[0], load(row[1]), row[2], row[3]) for row in found]
