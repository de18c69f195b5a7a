"""The simulated world: systems and core in one process, on virtual time, repeatable bit for bit."""

from harness.simulation.flight import fly, play
from harness.simulation.flight_plan import Flight

__all__ = ["Flight", "fly", "play"]
