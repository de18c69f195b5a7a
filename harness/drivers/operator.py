"""What a person does at the core: sets a policy, or gives up with a reason what cannot be mended; how they ask it."""

import json
from typing import Any

from harness.drivers.stage import Stage, StepFailed
from harness.world import Unreachable


async def set_policy(stage: Stage, facts: Any) -> str:
    """A policy in force from now on; what waits for it is taken up again."""
    status, answer = await ask_core(stage, "PUT", f"/mappings/policies/{facts.name}", facts.value)
    if status not in (200, 201):
        raise StepFailed(f"the core answered {status} to policy {facts.name}: {answer}")
    return f"policy {facts.name} is {', '.join(f'{name} {value}' for name, value in facts.value.items())}"


async def give_up(stage: Stage, facts: Any) -> str:
    """Every open exception of a kind is abandoned, with the reason."""
    found = await _standing(stage, facts.kind)
    for row in found:
        path = f"/exceptions/{row['id']}/abandon"
        status, answer = await ask_core(stage, "POST", path, {"reason": facts.reason})
        if status == 409:  # given up already, if the answer to the first request was lost with the core
            status, answer = await _as_it_stands(stage, row["id"], answer, "abandoned")
        if status != 200:
            raise StepFailed(f"the core answered {status} to the end of {row['id']}: {answer}")
    return f"{len(found)} exceptions of kind {facts.kind} are given up: {facts.reason}"


async def retry(stage: Stage, facts: Any) -> str:
    """Every open exception of a kind is tried again, from the beginning or from a step."""
    found = await _standing(stage, facts.kind)
    for row in found:
        path, body = f"/exceptions/{row['id']}/retry", {}
        if facts.step:
            path, body = f"/work-items/{row['work_id']}/rerun", {"step": facts.step}
        status, answer = await ask_core(stage, "POST", path, body)
        if status == 409 and facts.step:
            continue  # it runs already, if the answer to the first request was lost with the core
        if status == 409:  # likewise
            status, answer = await _as_it_stands(stage, row["id"], answer, "resolved")
        if status != 200:
            raise StepFailed(f"the core answered {status} to another try of {row['id']}: {answer}")
    return f"{len(found)} exceptions of kind {facts.kind} are tried again{f' from {facts.step} on' * bool(facts.step)}"


async def edit(stage: Stage, facts: Any) -> str:
    """The record of every open exception of a kind is put right, and taken."""
    found = await _standing(stage, facts.kind)
    changes = facts.changes
    if facts.deal is not None:
        changes = json.loads(json.dumps(changes).replace("{opportunity}", stage.offer(facts.deal).opportunity_id))
    told: list[str] = []
    for row in found:
        status, answer = await ask_core(stage, "POST", f"/exceptions/{row['id']}/edit", {"changes": changes})
        if status == 409:
            continue  # it was taken already, if the answer to the first request was lost with the core
        if status != 200:
            raise StepFailed(f"the core answered {status} to the edit of {row['id']}: {answer}")
        told += [f"{where} was {old}, is {new}" for where, (old, new) in answer["difference"].items()]
    return f"{len(found)} records of {facts.kind} are put right: {'; '.join(told) or 'nothing differs'}"


async def _standing(stage: Stage, kind: str) -> list[dict[str, Any]]:
    """Open exceptions of a kind. Raises StepFailed when there are none."""
    status, rows = await ask_core(stage, "GET", "/exceptions?state=open")
    found = [row for row in rows if row["kind"] == kind] if status == 200 else []
    if not found:
        raise StepFailed(f"no exception of kind {kind} stands open")
    return found


async def _as_it_stands(stage: Stage, exception: str, refusal: Any, state: str) -> tuple[int, Any]:
    status, row = await ask_core(stage, "GET", f"/exceptions/{exception}")
    return (200, row) if status == 200 and row["state"] == state else (409, refusal)


async def ask_core(stage: Stage, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """As a person would: once more when the core died of it and is up again; one that stays down fails the step."""
    try:
        return await stage.world.core(method, path, body)
    except Unreachable:
        await stage.world.settle()
    try:
        return await stage.world.core(method, path, body)
    except Unreachable as error:
        raise StepFailed(f"the core does not answer: {error}") from error
