"""Signs of life of the workers, and the fences of runs that were taken over."""

from collections.abc import Mapping

from synccore.engine.session import Session, insert
from synccore.engine.tables import FENCES, WORKERS
from synccore.ports.holding import Worker

_BEAT = f"{insert(WORKERS)} ON CONFLICT (name, release) DO UPDATE SET beats = workers.beats + 1, at = excluded.at"
_FENCE = insert(FENCES, ignore=True)


class SqlWorkers:
    """See `ports.holding.Workers`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def beat(self, worker: Worker, at: float) -> None:
        """It is alive."""
        self._session.write(_BEAT, name=worker.name, release=worker.release, beats=1, at=at)

    def beats(self) -> Mapping[Worker, int]:
        """How often each has said so."""
        rows = self._session.rows("SELECT name, release, beats FROM workers ORDER BY name, release")
        return {Worker(row[0], row[1]): row[2] for row in rows}

    def fence(self, run_id: str, at: float) -> None:
        """From now on this run does nothing any more."""
        self._session.write(_FENCE, run_id=run_id, at=at)

    def fenced(self, run_id: str) -> float | None:
        """When this run was taken over."""
        row = self._session.row("SELECT at FROM fences WHERE run_id = :run_id", run_id=run_id)
        return None if row is None else row[0]

    def forget(self, before: float) -> None:
        """What is old."""
        self._session.write("DELETE FROM workers WHERE at < :before", before=before)
        self._session.write("DELETE FROM fences WHERE at < :before", before=before)
