"""A vendor's own restore: a system as it was some time ago, while everybody else has gone on."""

from typing import Any

from harness.drivers.operator import ask_core
from harness.drivers.stage import Stage, StepFailed
from harness.scenario.values import iso


async def back_up(stage: Stage, facts: Any) -> str:
    """The system's data as they are now."""
    state = await _state(stage, facts.system)
    stage.backups[facts.system] = (state["image"], stage.world.now())
    return f"{facts.system} is backed up"


async def set_back(stage: Stage, facts: Any) -> str:
    """Its data become what they were; its clock, its chance, what disturbs it and what is given once stay."""
    image, at = stage.backups[facts.system]  # the linter sees to it that there is one
    standing = (await _state(stage, facts.system))["standing"]
    kept = {"standing": standing, "image": image, "by_vendor": True}
    await stage.world.control(facts.system, "PUT", "/_control/state", kept)
    await stage.world.control(facts.system, "POST", "/_control/clock", {"to": stage.world.now()})
    stage.set_back.append(facts.system)
    return f"{facts.system} is set back to {iso(at)}"


async def make_whole(stage: Stage, facts: Any) -> str:
    """The operator names the moment of the copy."""
    since = stage.backups[facts.system][1]
    body = {"since": since, "reason": "restored from a copy by its vendor"}
    status, answer = await ask_core(stage, "POST", f"/systems/{facts.system}/set-back", body)
    if status != 200:
        raise StepFailed(f"the core answered {status}: {answer}")
    return f"the core is told: {answer['doubted']} writes are looked for again, {answer['signals']} signals taken again"


async def _state(stage: Stage, system: Any) -> Any:
    try:
        return await stage.world.control(system, "GET", "/_control/state")
    except ValueError as error:
        raise StepFailed(f"{error}: let it settle first") from None
