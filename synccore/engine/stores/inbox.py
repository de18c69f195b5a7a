"""Signals as they came, each once by its natural key, kept for ever."""

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import INBOX
from synccore.ports.stores import Signal

_ACCEPT = insert(INBOX, ignore=True)
_FIND = (
    "SELECT source, key, kind, payload, received_at FROM inbox WHERE (:source = '' OR source = :source)"
    " AND (:key = '' OR key = :key) AND received_at >= :since AND received_at < :until ORDER BY seq LIMIT :limit"
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
        found = self._session.rows(_FIND, source=source, key=key, since=since, until=until, limit=limit)
        return [_signal(row) for row in found]


def _signal(row: Row) -> Signal:
    return Signal(row[0], row[1], row[2], load(row[3]), row[4])
