"""Who did what; append-only."""

from synccore.engine.session import Session, dump, insert, load
from synccore.engine.tables import AUDIT
from synccore.ports.audit import AuditEntry, Json

_ADD = insert(AUDIT)
_OF_SUBJECT = "SELECT actor, action, subject, details, at FROM audit WHERE subject = :subject ORDER BY seq"


class SqlAudit:
    """See `ports.audit.Audit`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, actor: str, action: str, subject: str, details: Json, at: float) -> None:
        """Record an act."""
        self._session.write(_ADD, actor=actor, action=action, subject=subject, details=dump(details), at=at)

    def of_subject(self, subject: str) -> list[AuditEntry]:
        """What was done to one thing, oldest first."""
        found = self._session.rows(_OF_SUBJECT, subject=subject)
        return [AuditEntry(row[0], row[1], row[2], load(row[3]), row[4]) for row in found]
