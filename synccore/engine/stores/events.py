"""The log of canonical events."""

from synccore.domain.events import Event
from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import EVENTS

_APPEND = insert(EVENTS, ignore=True)
_SELECT = "SELECT type, source, id, subject, partition_key, time, data, causation, correlation, sequence, version"
_OF_PARTITION = f"{_SELECT} FROM events WHERE partition_key = :partition_key ORDER BY sequence"
_AFTER = (
    f"{_SELECT} FROM events WHERE sequence > :sequence AND (:type = '' OR type = :type) ORDER BY sequence LIMIT :limit"
)

_SINCE = f"{_SELECT} FROM events WHERE type = :type AND time >= :time ORDER BY sequence"


class SqlEvents:
    """See `ports.stores.Events`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, event: Event) -> bool:
        """Store an event and give it the next sequence; False when source and id are known already."""
        return self._session.write(
            _APPEND, type=event.type, source=event.source, id=event.id, subject=event.subject,
            partition_key=event.partition, time=event.time, data=dump(event.data), causation=event.causation,
            correlation=event.correlation, version=event.version,
        ) == 1  # fmt: skip

    def of_partition(self, partition: str) -> list[Event]:
        """All events of one customer, oldest first."""
        return [_event(row) for row in self._session.rows(_OF_PARTITION, partition_key=partition)]

    def since(self, kind: str, time: float) -> list[Event]:
        """Events of a type whose facts are of that time or later, oldest told first."""
        return [_event(row) for row in self._session.rows(_SINCE, type=kind, time=time)]

    def after(self, sequence: int, kind: str, limit: int) -> list[Event]:
        """Events behind a sequence, of one type ('': any), oldest first; none comes up behind them later."""
        self._session.settle("events")
        return [_event(row) for row in self._session.rows(_AFTER, sequence=sequence, type=kind, limit=limit)]


def _event(row: Row) -> Event:
    return Event(row[0], row[1], row[2], row[3], row[4], row[5], load(row[6]), row[7], row[8], row[9], row[10])
