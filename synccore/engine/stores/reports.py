"""Reconciliation reports, a chain: append-only."""

from typing import Any

from synccore.engine.session import Session, dump, insert, load
from synccore.engine.tables import REPORTS
from synccore.ports.reports import KeptReport

_ADD = insert(REPORTS, returning="seq")
_COLUMNS = "SELECT seq, at, hash, content FROM reports"
_PREFIX = "r"


class SqlReports:
    """See `ports.reports.Reports`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, at: float, digest: str, content: dict[str, Any]) -> str:
        """Keep one; returns its id."""
        row = self._session.row(_ADD, at=at, hash=digest, content=dump(content))
        assert row is not None
        return _name(int(row[0]))

    def get(self, report_id: str) -> KeptReport | None:
        """One of them."""
        number = report_id.removeprefix(_PREFIX)
        found = self._session.rows(f"{_COLUMNS} WHERE seq = :seq", seq=int(number)) if number.isdigit() else []
        return _kept(found[0]) if found else None

    def last(self) -> KeptReport | None:
        """The youngest."""
        return next(iter(self.list(1)), None)

    def list(self, limit: int) -> list[KeptReport]:
        """The youngest first."""
        return [_kept(row) for row in self._session.rows(f"{_COLUMNS} ORDER BY seq DESC LIMIT :most", most=limit)]


def _name(number: int) -> str:
    return f"{_PREFIX}{number:08d}"


def _kept(row: Any) -> KeptReport:
    return KeptReport(_name(int(row[0])), float(row[1]), str(row[2]), load(row[3]))
