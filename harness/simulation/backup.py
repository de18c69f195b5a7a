"""A copy of what the core keeps: its database, and the runs of its engine."""

import copy
import sqlite3
from dataclasses import dataclass

from harness.simulation.engine import EngineState, Stored
from synccore.bootstrap import Settings


@dataclass(frozen=True)
class Backup:
    """As it was when it was made; it can be put back more than once."""

    image: bytes
    runs: dict[str, Stored]

    @classmethod
    def of(cls, memory: sqlite3.Connection, state: EngineState) -> "Backup":
        """Make one."""
        return cls(memory.serialize(), copy.deepcopy(state.runs))

    def put_back(self, memory: sqlite3.Connection, state: EngineState, settings: Settings) -> Settings:
        """All that came later is forgotten, no core may be alive; returns the settings of a core that starts on it."""
        memory.deserialize(self.image)
        state.runs = copy.deepcopy(self.runs)
        state.busy.clear()
        state.queues.clear()
        return settings.model_copy(update={"restored": True})
