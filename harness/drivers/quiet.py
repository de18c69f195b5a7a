"""Waits for rest as a story means it: through the crashes that its own disturbances cause."""

from harness.drivers.stage import Stage
from harness.world import NotQuiet


async def settle(stage: Stage, within_s: float = 900.0) -> None:
    """Wait until all is quiet, also after the restart of a core that a disturbance kills meanwhile."""
    stage.storm.begin()
    try:
        await stage.world.settle(within_s)
    except NotQuiet:
        if not stage.storm.killing:
            raise
    await stage.storm.end()
    if any(stage.storm.killed.values()):  # asked only now: what rested may have been a core dead for a moment
        await stage.world.settle(within_s)
