"""Snapshots of the running sandbox: kept under a name, listed, put back, deleted."""

import time
from typing import Any

from fastapi import APIRouter

from harness.api.actions import Actions
from harness.api.problem import Problem
from harness.api.surroundings import Done, In
from harness.scenario.values import iso
from harness.stack import snapshots
from harness.stack.launch import core_folder
from harness.stack.problem import StackProblem

router = APIRouter(tags=["snapshots"])


@router.get("/snapshots")
async def show_snapshots() -> list[Any]:
    """All that are kept beside this sandbox, by name."""
    return [_row(one) for one in snapshots.snapshots()]


@router.put("/snapshots/{name}")
async def save(sandbox: In, actions: Done, name: str) -> dict[str, Any]:
    """Keep the sandbox as it is, once it is at rest; one of the same name is replaced."""
    begun = time.monotonic()
    async with actions.door:
        _free(actions)
        plan = sandbox.stack.plan
        try:
            kept = await snapshots.save(sandbox.world, name, plan.company.name, core_folder(plan))
        except StackProblem as problem:
            raise Problem(409, str(problem)) from None
    return _row(kept) | {"took_s": round(time.monotonic() - begun, 3)}


@router.post("/snapshots/{name}/restore")
async def restore(sandbox: In, actions: Done, name: str) -> dict[str, Any]:
    """The sandbox becomes what it was, its clock and its core included."""
    begun = time.monotonic()
    async with actions.door:
        _free(actions)
        plan = sandbox.stack.plan
        try:
            kept = snapshots.snapshot(name)
            await snapshots.restore(sandbox.world, kept, plan.company.name, core_folder(plan))
        except StackProblem as problem:
            raise Problem(404 if "there is no snapshot" in str(problem) else 409, str(problem)) from None
        sandbox.forget()
    return _row(kept) | {"took_s": round(time.monotonic() - begun, 3)}


@router.delete("/snapshots/{name}")
async def delete(name: str) -> dict[str, Any]:
    """Keep it no longer."""
    try:
        snapshots.forget(name)
    except StackProblem as problem:
        raise Problem(404, str(problem)) from None
    return {"deleted": name}


def _free(actions: Actions) -> None:
    if actions.running is not None:
        raise Problem(409, "something is under way; wait for its end")


def _row(kept: snapshots.Snapshot) -> dict[str, Any]:
    return {"name": kept.name, "world": kept.world, "now": iso(kept.now), "bytes": kept.bytes}
