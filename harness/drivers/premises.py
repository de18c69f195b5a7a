"""What people and vendors set up around the systems: a month is locked, limits are the vendors' own."""

from typing import Any

from harness.drivers.stage import Stage
from harness.world import SYSTEMS


async def lock_period(stage: Stage, facts: Any) -> str:
    """Finance does it on a page of the cloud ERP that no public API offers."""
    verb = "unlock_period" if facts.unlock else "lock_period"
    await stage.world.control("erp_cloud", "POST", f"/_control/act/{verb}", {"period": facts.period})
    return f"the cloud ERP's period {facts.period} is {'open again' if facts.unlock else 'locked'}"


async def limits(stage: Stage, facts: Any) -> str:
    """All systems at once."""
    for system in SYSTEMS:
        await stage.world.control(system, "PUT", "/_control/limits", {"profile": facts.profile})
    return "requests are limited as the vendors do" if facts.profile == "vendor" else "limits are roomy again"
