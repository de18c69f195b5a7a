"""All stores of one transaction, over one session."""

from dataclasses import dataclass

from synccore.engine.session import Session
from synccore.engine.stores.audit import SqlAudit
from synccore.engine.stores.cursors import SqlCursors
from synccore.engine.stores.effects import SqlEffects
from synccore.engine.stores.events import SqlEvents
from synccore.engine.stores.exceptions import SqlExceptions
from synccore.engine.stores.inbox import SqlInbox
from synccore.engine.stores.letters import SqlDeadLetters
from synccore.engine.stores.links import SqlLinks
from synccore.engine.stores.mappings import SqlMappings
from synccore.engine.stores.reports import SqlReports
from synccore.engine.stores.spool import SqlSpool
from synccore.engine.stores.work import SqlWork
from synccore.engine.stores.workers import SqlWorkers
from synccore.ports import stores
from synccore.ports.audit import Audit
from synccore.ports.event_log import Events
from synccore.ports.holding import Workers
from synccore.ports.reports import Reports
from synccore.ports.work import Work


@dataclass
class SessionUnit:
    """See `ports.stores.Unit`; a field may be replaced by another implementation of its store."""

    inbox: stores.Inbox
    events: Events
    work: Work
    effects: stores.Effects
    exceptions: stores.Exceptions
    letters: stores.DeadLetters
    mappings: stores.Mappings
    links: stores.Links
    cursors: stores.Cursors
    spool: stores.Spool
    audit: Audit
    reports: Reports
    workers: Workers

    @classmethod
    def over(cls, session: Session) -> "SessionUnit":
        """The core's own stores."""
        return cls(
            SqlInbox(session), SqlEvents(session), SqlWork(session), SqlEffects(session), SqlExceptions(session),
            SqlDeadLetters(session), SqlMappings(session), SqlLinks(session), SqlCursors(session), SqlSpool(session),
            SqlAudit(session), SqlReports(session), SqlWorkers(session),
        )  # fmt: skip
