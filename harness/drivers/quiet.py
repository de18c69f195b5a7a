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
    killed = sum(stage.storm.killed.values())
    await stage.storm.end()
    if killed:
        await stage.world.settle(within_s)
