"""Dead letters: work that failed technically beyond its budget."""

from typing import Literal

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import LETTERS
from synccore.ports.stores import DeadLetter

_COLUMNS = "seq, work_id, process, subject, partition_key, payload, cause, tries, at, state"
_ADD = insert(LETTERS, returning="seq")
_GET = f"SELECT {_COLUMNS} FROM letters WHERE seq = :seq"
_LIST = f"SELECT {_COLUMNS} FROM letters WHERE (:state = '' OR state = :state) ORDER BY seq"
_MARK = (
    "UPDATE letters SET state = :state, marked_by = :by, marked_at = :at WHERE seq = :seq"
    " AND (state = 'dead' OR (state = 'discarded' AND :state = 'requeued'))"
)


class SqlDeadLetters:
    """See `ports.stores.DeadLetters`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, letter: DeadLetter) -> str:
        """Store one; returns its id (the one in the letter is ignored)."""
        row = self._session.row(
            _ADD, work_id=letter.work_id, process=letter.process, subject=letter.subject,
            partition_key=letter.partition, payload=dump(letter.payload), cause=letter.cause, tries=letter.tries,
            at=letter.at, state="dead", marked_by="", marked_at=0.0,
        )  # fmt: skip
        assert row is not None
        return letter_id(row[0])

    def list(self, state: str | None = None) -> "list[DeadLetter]":
        """Oldest first."""
        return [_letter(row) for row in self._session.rows(_LIST, state=state or "")]

    def get(self, letter_id: str) -> DeadLetter | None:
        """One of them."""
        row = self._session.row(_GET, seq=_seq(letter_id))
        return None if row is None else _letter(row)

    def mark(self, letter_id: str, state: Literal["requeued", "discarded"], by: str, at: float) -> bool:
        """Requeue (also what was discarded) or discard, idempotent: False when it was so, or requeued, already."""
        return self._session.write(_MARK, seq=_seq(letter_id), state=state, by=by, at=at) == 1


def letter_id(seq: int) -> str:
    """The public id of a row."""
    return f"d{seq:08d}"


def _seq(letter_id: str) -> int:
    return int(letter_id[1:])


def _letter(row: Row) -> DeadLetter:
    return DeadLetter(
        letter_id(row[0]), row[1], row[2], row[3], row[4], load(row[5]), row[6], row[7], row[8], row[9]
    )  # fmt: skip
