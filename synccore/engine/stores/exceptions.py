"""The queue of business exceptions that people resolve."""

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import CARE, EXCEPTIONS
from synccore.ports.stores import BusinessException

_COLUMNS = (
    "seq, kind, subject, partition_key, reason, owner_role, actions, waiting_on, work_id, opened_at, due_at, state,"
    " resolution, details, assignee, tags, notes"
)
_FROM = f"SELECT {_COLUMNS} FROM exceptions LEFT JOIN care USING (seq)"
_OPEN = insert(EXCEPTIONS, returning="seq")
_SAME = (
    "SELECT seq FROM exceptions WHERE work_id = :work_id AND state = 'open' AND kind = :kind"
    " AND waiting_on = :waiting_on"
)
_REFRESH = (
    "UPDATE exceptions SET reason = :reason, owner_role = :owner_role, actions = :actions, details = :details"
    " WHERE seq = :seq"
)
_GET = f"{_FROM} WHERE seq = :seq"
_LIST = f"{_FROM} WHERE (:state = '' OR state = :state) ORDER BY seq"
_OF_PARTITION = f"{_FROM} WHERE partition_key = :partition_key ORDER BY seq"
_OF_WORK = f"{_FROM} WHERE work_id = :work_id AND state = 'open' ORDER BY seq"
_CLOSE = "UPDATE exceptions SET state = :state, resolution = :resolution, resolved_by = :by, resolved_at = :at"
_TEND = "UPDATE exceptions SET owner_role = :owner_role, due_at = :due_at WHERE seq = :seq"
_CARE = insert(CARE, ignore=True)
_ASSIGN = "UPDATE care SET assignee = :assignee, tags = :tags WHERE seq = :seq"
_NOTES = "SELECT notes FROM care WHERE seq = :seq"
_NOTE = "UPDATE care SET notes = :notes WHERE seq = :seq"
_RESOLVE = f"{_CLOSE} WHERE seq = :seq AND state = 'open'"
_RESOLVE_WORK = f"{_CLOSE} WHERE work_id = :work_id AND state = 'open'"


class SqlExceptions:
    """See `ports.stores.Exceptions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, exception: BusinessException) -> str:
        """Store it (or refresh the open one of the same work item, kind and topics); returns its id."""
        waiting_on = dump(list(exception.waiting_on))
        known = self._session.row(_SAME, work_id=exception.work_id, kind=exception.kind, waiting_on=waiting_on)
        actions, details = dump(list(exception.actions)), dump(exception.details)
        if known is not None:
            self._session.write(
                _REFRESH, seq=known[0], reason=exception.reason, owner_role=exception.owner_role, actions=actions,
                details=details,
            )  # fmt: skip
            return exception_id(known[0])
        row = self._session.row(
            _OPEN, kind=exception.kind, subject=exception.subject, partition_key=exception.partition,
            reason=exception.reason, owner_role=exception.owner_role, actions=actions, waiting_on=waiting_on,
            work_id=exception.work_id, opened_at=exception.opened_at, due_at=exception.due_at, state="open",
            resolution="", resolved_by="", resolved_at=0.0, details=details,
        )  # fmt: skip
        assert row is not None
        return exception_id(row[0])

    def get(self, exception_id: str) -> BusinessException | None:
        """One of them."""
        row = self._session.row(_GET, seq=_seq(exception_id))
        return None if row is None else _exception(row)

    def of_partition(self, partition: str) -> list[BusinessException]:
        """Those of one customer, oldest first."""
        return [_exception(row) for row in self._session.rows(_OF_PARTITION, partition_key=partition)]

    def of_work(self, work_id: str) -> list[BusinessException]:
        """The open ones of a work item."""
        return [_exception(row) for row in self._session.rows(_OF_WORK, work_id=work_id)]

    def list(self, state: str | None = None) -> "list[BusinessException]":
        """Oldest first."""
        return [_exception(row) for row in self._session.rows(_LIST, state=state or "")]

    def tend(self, exception_id: str, owner_role: str, due_at: float, assignee: str, tags: tuple[str, ...]) -> None:
        """Who looks after it, by when, and under which words it is found."""
        seq = self._cared(exception_id)
        self._session.write(_TEND, seq=seq, owner_role=owner_role, due_at=due_at)
        self._session.write(_ASSIGN, seq=seq, assignee=assignee, tags=dump(list(tags)))

    def note(self, exception_id: str, text: str, by: str, at: float) -> None:
        """Add what somebody wrote to it."""
        seq = self._cared(exception_id)
        row = self._session.row(_NOTES, seq=seq)
        assert row is not None
        self._session.write(_NOTE, seq=seq, notes=dump([*load(row[0]), {"at": at, "by": by, "text": text}]))

    def _cared(self, exception_id: str) -> int:
        seq = _seq(exception_id)
        self._session.write(_CARE, seq=seq, assignee="", tags="[]", notes="[]")
        return seq

    def resolve(self, exception_id: str, resolution: str, by: str, at: float, state: str = "resolved") -> None:
        """Close it, with how and by whom."""
        self._session.write(_RESOLVE, seq=_seq(exception_id), state=state, resolution=resolution, by=by, at=at)

    def resolve_work(self, work_id: str, resolution: str, by: str, at: float, state: str = "resolved") -> None:
        """Close all open ones of a work item (its run has succeeded, or a person has given it up)."""
        self._session.write(_RESOLVE_WORK, work_id=work_id, state=state, resolution=resolution, by=by, at=at)


def exception_id(seq: int) -> str:
    """The public id of a row."""
    return f"x{seq:08d}"


def _seq(exception_id: str) -> int:
    return int(exception_id[1:])


def _exception(row: Row) -> BusinessException:
    return BusinessException(
        exception_id(row[0]), row[1], row[2], row[3], row[4], row[5], tuple(load(row[6])), tuple(load(row[7])), row[8],
        row[9], row[10], row[11], row[12], load(row[13]), row[14] or "", tuple(load(row[15] or "[]")),
        tuple(load(row[16] or "[]")),
    )  # fmt: skip
