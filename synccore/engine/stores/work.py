"""The list of work: the truth that the engine's queue is a copy of."""

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import WORK
from synccore.ports.stores import Json
from synccore.ports.work import Fork, WorkItem

_COLUMNS = (
    "seq, process, key, subject, argument, due_at, cause, attempt, state, waiting_on, first_at, run_id, tries,"
    " submitted_at"
)
_ADD = insert(WORK, returning="seq")
_GET = f"SELECT {_COLUMNS} FROM work WHERE seq = :seq"
_OPEN_SUBJECT = (
    "SELECT seq, state, due_at, again_at FROM work WHERE process = :process AND subject = :subject"
    " AND state IN ('due', 'submitted', 'parked')"
)
_SOONER = "UPDATE work SET state = 'due', due_at = :due_at, argument = :argument, cause = :cause WHERE seq = :seq"
_AGAIN = "UPDATE work SET again_at = :again_at, argument = :argument WHERE seq = :seq"
_BEHIND = (  # work that keeps its place, of the same kind and customer
    "FROM places, work AS ahead WHERE places.process = work.process AND places.key = work.key"
    " AND places.work < work.seq AND ahead.seq = places.work"
)
_DUE = (
    f"SELECT {_COLUMNS} FROM work WHERE state = 'due' AND due_at <= :now AND NOT EXISTS (SELECT 1 {_BEHIND})"
    " ORDER BY seq LIMIT :limit"
)
_QUEUE_UP = (
    f"UPDATE work SET due_at = (SELECT max(ahead.due_at) {_BEHIND} AND ahead.state = 'due') WHERE state = 'due'"
    f" AND due_at <= :now AND EXISTS (SELECT 1 {_BEHIND} AND ahead.state = 'due' AND ahead.due_at > work.due_at)"
)
_KEEP_PLACE = (
    "INSERT INTO places (work, process, key) SELECT seq, process, key FROM work WHERE seq = :seq ON CONFLICT DO NOTHING"
)
_FOLLOWING = (
    f"SELECT {_COLUMNS} FROM work WHERE state = 'submitted' AND seq > :seq"
    " AND (process, key) = (SELECT process, key FROM work AS ahead WHERE ahead.seq = :seq) ORDER BY seq"
)
_LEAVE = "DELETE FROM places WHERE work = :seq"
_PLACED = "SELECT 1 FROM places WHERE work = :seq"
_SUBMITTED_ITEMS = f"SELECT {_COLUMNS} FROM work WHERE state = 'submitted' ORDER BY seq"
_NEXT_DUE = f"SELECT min(due_at) FROM work WHERE state = 'due' AND NOT EXISTS (SELECT 1 {_BEHIND})"
_SUBMITTED = (
    "UPDATE work SET state = 'submitted', run_id = :run_id, submitted_at = :at,"
    " wake_mark = (SELECT coalesce(max(mark), 0) FROM wakes) WHERE seq = :seq AND state = 'due'"
)
_FINISH = (
    "UPDATE work SET state = CASE WHEN again_at IS NULL THEN 'done' ELSE 'due' END,"
    " due_at = coalesce(again_at, due_at), attempt = attempt + CASE WHEN again_at IS NULL THEN 0 ELSE 1 END,"
    " tries = 0, again_at = NULL, waiting_on = '[]' WHERE seq = :seq"
)
_LATER = (
    "UPDATE work SET state = 'due', due_at = :due_at, cause = :cause, attempt = attempt + 1, tries = tries + :counts,"
    " again_at = CASE WHEN again_at > :due_at THEN again_at ELSE NULL END WHERE seq = :seq"
)
_AT_ONCE = (
    "UPDATE work SET state = 'due', due_at = coalesce(again_at, submitted_at), again_at = NULL, cause = :cause,"
    " attempt = attempt + 1, tries = CASE WHEN :keep THEN tries ELSE 0 END WHERE seq = :seq"
)
_PARK = (
    "UPDATE work SET state = 'parked', waiting_on = :waiting_on, cause = :cause, attempt = attempt + 1,"
    " tries = CASE WHEN :keep THEN tries ELSE 0 END WHERE seq = :seq"
)
_END = "UPDATE work SET state = :state, cause = :cause, again_at = NULL WHERE seq = :seq"
_REVIVE = (
    "UPDATE work SET state = 'due', due_at = :due_at, cause = :cause, attempt = attempt + 1, tries = 0"
    " WHERE seq = :seq AND state IN ('dead', 'parked', 'abandoned', 'due', 'done')"
)
_WAKE_STATE = "UPDATE work SET state = 'due', due_at = :due_at WHERE seq = :seq AND state = 'parked'"
_WAIT = "INSERT INTO waits (topic, work) VALUES (:topic, :work) ON CONFLICT DO NOTHING"
_WAITING = "SELECT work FROM waits WHERE topic = :topic ORDER BY work"
_AWAITED = "SELECT DISTINCT topic FROM waits WHERE topic LIKE :pattern ORDER BY topic"
_FORGET = "DELETE FROM waits WHERE work = :work"
_MARK_WAKE = (
    "INSERT INTO wakes (topic, mark) VALUES (:topic, (SELECT coalesce(max(mark), 0) + 1 FROM wakes))"
    " ON CONFLICT (topic) DO UPDATE SET mark = (SELECT coalesce(max(mark), 0) + 1 FROM wakes)"
)
_WOKEN = "SELECT 1 FROM wakes, work WHERE topic = :topic AND seq = :seq AND mark > wake_mark"
_HAND = "UPDATE work SET argument = :argument WHERE seq = :seq"
_FORK = (
    "INSERT INTO forks (work, attempt, run_id, step) SELECT seq, attempt, run_id, :step FROM work WHERE seq = :seq"
    " ON CONFLICT (work, attempt) DO UPDATE SET run_id = excluded.run_id, step = excluded.step"
)
_FORK_OF = "SELECT run_id, step FROM forks WHERE work = :seq AND attempt = :attempt"
_OPEN = f"SELECT {_COLUMNS} FROM work WHERE state IN ('due', 'submitted', 'parked') ORDER BY seq"
_OF_KEY = f"SELECT {_COLUMNS} FROM work WHERE key = :key ORDER BY seq"


class SqlWork:
    """See `ports.stores.Work`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, process: str, key: str, subject: str, argument: Json, due_at: float, cause: str) -> str:
        """Add work, or bring open work of the same process and subject forward."""
        known = self._session.row(_OPEN_SUBJECT, process=process, subject=subject)
        if known is not None:
            self._merge(known, argument, due_at, cause)
            return work_id(known[0])
        added = self._session.row(
            _ADD, process=process, key=key, subject=subject, argument=dump(argument), due_at=due_at, cause=cause,
            attempt=1, tries=0, state="due", waiting_on="[]", first_at=due_at, run_id="", submitted_at=0.0,
            wake_mark=0, again_at=None,
        )  # fmt: skip
        assert added is not None
        return work_id(added[0])

    def _merge(self, known: Row, argument: Json, due_at: float, cause: str) -> None:
        seq, state, known_due_at, again_at = known
        if state == "submitted":
            sooner = due_at if again_at is None else min(due_at, again_at)
            self._session.write(_AGAIN, seq=seq, again_at=sooner, argument=dump(argument))
            return
        if state == "due":
            due_at = min(due_at, known_due_at)
        else:
            self._session.write(_FORGET, work=seq)
        self._session.write(_SOONER, seq=seq, due_at=due_at, argument=dump(argument), cause=cause)

    def get(self, work_id: str) -> WorkItem | None:
        """One item."""
        row = self._session.row(_GET, seq=_seq(work_id))
        return None if row is None else _item(row)

    def due(self, now: float, limit: int) -> list[WorkItem]:
        """Items to be submitted now, in order of arrival; none behind one that keeps its place."""
        self._session.write(_QUEUE_UP, now=now)
        return [_item(row) for row in self._session.rows(_DUE, now=now, limit=limit)]

    def next_due(self) -> float | None:
        """When the earliest `due` item falls due, or None."""
        row = self._session.row(_NEXT_DUE)
        return None if row is None else row[0]

    def submitted(self, work_id: str, run_id: str, at: float = 0.0) -> None:
        """The engine has it, or will have it soon."""
        self._session.write(_SUBMITTED, seq=_seq(work_id), run_id=run_id, at=at)

    def submitted_items(self) -> list[WorkItem]:
        """What the engine has, or should have."""
        return [_item(row) for row in self._session.rows(_SUBMITTED_ITEMS)]

    def finish(self, work_id: str) -> None:
        """Done (or due again, if it was added again while it ran)."""
        self._session.write(_LEAVE, seq=_seq(work_id))
        self._session.write(_FINISH, seq=_seq(work_id))

    def later(self, work_id: str, due_at: float, cause: str, counts: bool = True) -> None:
        """Due again at `due_at`; the attempt number grows, and so do the tries if it counts."""
        self._session.write(_LATER, seq=_seq(work_id), due_at=due_at, cause=cause, counts=int(counts))

    def keep_place(self, work_id: str) -> None:
        """Nothing of its kind and customer that came later goes before it."""
        self._session.write(_KEEP_PLACE, seq=_seq(work_id))

    def following(self, work_id: str) -> list[WorkItem]:
        """What of its kind and customer came later and is submitted."""
        return [_item(row) for row in self._session.rows(_FOLLOWING, seq=_seq(work_id))]

    def placed(self, work_id: str) -> bool:
        """Does it keep its place?"""
        return self._session.row(_PLACED, seq=_seq(work_id)) is not None

    def park(self, work_id: str, waiting_on: tuple[str, ...], cause: str, keep_tries: bool = False) -> None:
        """Not due until one of the topics is woken; due at once if one was woken or it was added again meanwhile."""
        seq = _seq(work_id)
        self._session.write(_LEAVE, seq=seq)
        row = self._session.row("SELECT again_at FROM work WHERE seq = :seq", seq=seq)
        woken = any(self._session.row(_WOKEN, topic=topic, seq=seq) for topic in waiting_on)
        if woken or (row is not None and row[0] is not None):
            self._session.write(_AT_ONCE, seq=seq, cause=cause, keep=keep_tries)
            return
        self._session.write(_PARK, seq=seq, waiting_on=dump(list(waiting_on)), cause=cause, keep=keep_tries)
        for topic in waiting_on:
            self._session.write(_WAIT, topic=topic, work=seq)

    def bury(self, work_id: str, cause: str) -> None:
        """Dead: its dead letter holds the reason."""
        self._end(work_id, "dead", cause)

    def abandon(self, work_id: str, cause: str) -> None:
        """Given up by a person, with a reason."""
        self._end(work_id, "abandoned", cause)

    def _end(self, work_id: str, state: str, cause: str) -> None:
        self._session.write(_LEAVE, seq=_seq(work_id))
        self._session.write(_END, seq=_seq(work_id), state=state, cause=cause)
        self._session.write(_FORGET, work=_seq(work_id))

    def hand(self, work_id: str, argument: Json) -> None:
        """Another argument, for its next run."""
        self._session.write(_HAND, seq=_seq(work_id), argument=dump(argument))

    def revive(self, work_id: str, due_at: float, cause: str, done: bool = False) -> bool:
        """Dead, abandoned, parked or delayed work (`done`: also finished work) is due at `due_at` with a fresh budget;
        False when it is none of them or newer work of the same subject is open.
        """
        item = self.get(work_id)
        if item is None or item.state == "submitted" or (item.state == "done" and not done):
            return False
        if item.state in ("dead", "abandoned", "done") and self._session.row(
            _OPEN_SUBJECT, process=item.process, subject=item.subject
        ):
            return False
        self._session.write(_FORGET, work=_seq(work_id))
        return self._session.write(_REVIVE, seq=_seq(work_id), due_at=due_at, cause=cause) == 1

    def fork(self, work_id: str, step: int) -> None:
        """The next run of work that is due keeps the results that its latest run had before this step."""
        self._session.write(_FORK, seq=_seq(work_id), step=step)

    def fork_of(self, work_id: str, attempt: int) -> Fork | None:
        """What that attempt goes on from, None if it begins at the beginning."""
        row = self._session.row(_FORK_OF, seq=_seq(work_id), attempt=attempt)
        return None if row is None else Fork(row[0], row[1])

    def wake(self, topic: str, now: float) -> list[str]:
        """All that is parked on the topic is due now; returns the ids."""
        self._session.write(_MARK_WAKE, topic=topic)
        waiting = [row[0] for row in self._session.rows(_WAITING, topic=topic)]
        for seq in waiting:
            self._session.write(_WAKE_STATE, seq=seq, due_at=now)
            self._session.write(_FORGET, work=seq)
        return [work_id(seq) for seq in waiting]

    def awaited(self, prefix: str) -> list[str]:
        """The topics with this beginning that parked work waits on, sorted."""
        return [row[0] for row in self._session.rows(_AWAITED, pattern=f"{prefix}%")]

    def open(self) -> list[WorkItem]:
        """All that is due, submitted or parked."""
        return [_item(row) for row in self._session.rows(_OPEN)]

    def of_key(self, key: str) -> list[WorkItem]:
        """All work of one customer, whatever its state, oldest first."""
        return [_item(row) for row in self._session.rows(_OF_KEY, key=key)]


def work_id(seq: int) -> str:
    """The public id of a row; ids sort by arrival."""
    return f"w{seq:010d}"


def _seq(work_id: str) -> int:
    """The row of an id; -1 for what is no id of ours: some exceptions are about no work."""
    return int(work_id[1:]) if work_id[:1] == "w" and work_id[1:].isdecimal() else -1


def _item(row: Row) -> WorkItem:
    return WorkItem(
        work_id(row[0]), row[1], row[2], row[3], load(row[4]), row[5], row[6], row[7], row[8], tuple(load(row[9])),
        row[10], row[11], row[12], row[13],
    )  # fmt: skip
