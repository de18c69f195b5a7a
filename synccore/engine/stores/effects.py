"""Writes to other systems, recorded before they are sent."""

from typing import Literal

from synccore.engine.session import Row, Session, dump, insert, load
from synccore.engine.tables import EFFECTS, TRAIL
from synccore.ports.stores import Effect, Json
from synccore.ports.trail import TrailEntry, sealed

_COLUMNS = "key, target, operation, state, reference, tries, digest, cause, planned_at"
_PLAN = insert(EFFECTS, ignore=True)
_GET = f"SELECT {_COLUMNS} FROM effects WHERE key = :key"
_TRY = "UPDATE effects SET state = :state, tries = :tries, digest = :digest, planned_at = :at WHERE key = :key"
_SETTLE = (
    "UPDATE effects SET state = :state, reference = :reference, settled_at = :at WHERE key = :key"
    " RETURNING target, operation, cause"
)
_HEAD = "SELECT hash FROM trail WHERE target = :target ORDER BY seq DESC LIMIT 1"
_DONE = insert(TRAIL)
_TRAIL = (
    "SELECT seq, key, target, operation, cause, reference, at, previous, hash FROM trail WHERE seq > :after"
    " ORDER BY seq LIMIT :most"
)
_DOUBT = (
    "UPDATE effects SET digest = 'doubted' WHERE state = 'applied' AND digest <> ''"
    " AND (key = :key OR substr(key, 1, :length) = :parts)"
)
_UNSURE = (
    "UPDATE effects SET state = 'unknown', reference = 'null' WHERE target = :target AND state = 'applied'"
    " AND settled_at >= :since"
)
_DONE_SINCE = (
    "SELECT reference FROM effects WHERE target = :target AND state = 'applied' AND settled_at >= :since ORDER BY key"
)
_UNRESOLVED = f"SELECT {_COLUMNS} FROM effects WHERE state IN ('planned', 'unknown') ORDER BY planned_at, key"


class SqlEffects:
    """See `ports.stores.Effects`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def plan(self, key: str, target: str, operation: str, digest: str, cause: str, at: float) -> Effect:
        """Record the intention (counting a try) or return what is known."""
        fresh = self._session.write(
            _PLAN, key=key, target=target, operation=operation, state="planned", reference="null", tries=1,
            digest=digest, cause=cause, planned_at=at, settled_at=0.0,
        )  # fmt: skip
        if fresh:
            return Effect(key, target, operation, "planned", None, 1, True, digest, cause, at)
        known = self.get(key)
        assert known is not None
        if known.state == "applied" and known.digest == digest:
            return known
        # Also a refused write is not `fresh`: an earlier try of it, of unknown outcome, may yet have been applied.
        state = known.state if known.state == "unknown" else "planned"
        tries = 1 if known.state == "applied" else known.tries + 1
        self._session.write(_TRY, key=key, state=state, tries=tries, digest=digest, at=at)
        return Effect(key, target, operation, state, known.reference, tries, False, digest, known.cause, at)

    def settle(self, key: str, state: Literal["applied", "rejected", "unknown"], reference: Json, at: float) -> None:
        """Record the outcome; what was done is added to the trail, behind the entry before it at that target."""
        said = dump(reference)
        row = self._session.row(_SETTLE, key=key, state=state, reference=said, at=at)
        if row is None or state != "applied":
            return
        target, operation, cause = row
        head = self._session.row(_HEAD, target=target)
        previous = "" if head is None else head[0]
        self._session.write(
            _DONE, key=key, target=target, operation=operation, cause=cause, reference=said, at=at, previous=previous,
            hash=sealed(previous, key, target, operation, cause, load(said), at),
        )  # fmt: skip

    def trail(self, after: int, limit: int) -> list[TrailEntry]:
        """What was done behind a sequence, oldest first."""
        rows = self._session.rows(_TRAIL, after=after, most=limit)
        return [
            TrailEntry(row[0], row[1], row[2], row[3], row[4], load(row[5]), row[6], row[7], row[8]) for row in rows
        ]

    def get(self, key: str) -> Effect | None:
        """What is known of a key."""
        row = self._session.row(_GET, key=key)
        return None if row is None else _effect(row)

    def doubt(self, key: str) -> int:
        """Let the next plan of these levels write them again."""
        return self._session.write(_DOUBT, key=key, parts=f"{key}/", length=len(key) + 1)

    def unsure(self, target: str, since: float) -> list[Json]:
        """What was done at a target since then may be gone there; returns what it was called."""
        given = {"target": target, "since": since}
        called = [load(row[0]) for row in self._session.rows(_DONE_SINCE, **given)]
        self._session.write(_UNSURE, **given)
        return called

    def unresolved(self) -> list[Effect]:
        """Those planned or unknown, oldest first."""
        return [_effect(row) for row in self._session.rows(_UNRESOLVED)]


def _effect(row: Row) -> Effect:
    return Effect(row[0], row[1], row[2], row[3], load(row[4]), row[5], False, row[6], row[7], row[8])
