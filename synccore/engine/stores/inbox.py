"""Signals as they came, each once by its natural key, kept for ever."""

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import INBOX
from synccore.ports.stores import Json, Signal

_ACCEPT = insert(INBOX, ignore=True)
_SIGNALS = (
    "SELECT inbox.source, inbox.key, kind, coalesce(corrections.payload, inbox.payload), received_at"
    " FROM inbox LEFT JOIN corrections ON corrections.source = inbox.source AND corrections.key = inbox.key"
    " WHERE received_at >= :since AND received_at < :until"
)
_BEHIND = "ORDER BY seq LIMIT :limit"
_ONE = f"{_SIGNALS} AND inbox.source = :source AND inbox.key = :key {_BEHIND}"  # by its identity, which is indexed
_FIND = f"{_SIGNALS} AND (:source = '' OR inbox.source = :source) AND (:key = '' OR inbox.key = :key) {_BEHIND}"
_SELECT = (
    f"{_SIGNALS} AND (:source = '' OR inbox.source = :source) AND (:kind = '' OR kind = :kind)"
    f" AND substr(inbox.key, 1, :width) = :begins {_BEHIND}"
)
_CORRECT = (
    "INSERT INTO corrections (source, key, payload, by_whom, at) VALUES (:source, :key, :payload, :by, :at)"
    " ON CONFLICT (source, key) DO UPDATE SET payload = excluded.payload, by_whom = excluded.by_whom, at = excluded.at"
)


class SqlInbox:
    """See `ports.stores.Inbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def accept(self, signal: Signal) -> bool:
        """Store a signal; False when its source and key are known already."""
        return self._session.write(
            _ACCEPT, source=signal.source, key=signal.key, kind=signal.kind, payload=dump(signal.payload),
            received_at=signal.received_at,
        ) == 1  # fmt: skip

    def find(self, source: str, key: str, since: float, until: float, limit: int) -> list[Signal]:
        """Stored signals by source, key (empty: any) and time of arrival, oldest first."""
        text = _ONE if source and key else _FIND
        found = self._session.rows(text, source=source, key=key, since=since, until=until, limit=limit)
        return [_signal(row) for row in found]

    def select(self, source: str, kind: str, begins: str, since: float, until: float, limit: int) -> list[Signal]:
        """Likewise by source, kind, and how the key begins."""
        found = self._session.rows(
            _SELECT, source=source, kind=kind, begins=begins, width=len(begins), since=since, until=until, limit=limit
        )
        return [_signal(row) for row in found]

    def correct(self, source: str, key: str, payload: Json, by: str, at: float) -> None:
        """From now on a stored signal is found with this payload; what came is kept beside it."""
        self._session.write(_CORRECT, source=source, key=key, payload=dump(payload), by=by, at=at)


def _signal(row: Row) -> Signal:
    return Signal(row[0], row[1], row[2], load(row[3]), row[4])
