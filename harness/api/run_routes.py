"""Stories over HTTP: listed, checked while they are edited, and played by child processes."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from harness.api import stories
from harness.api.explaining import explained
from harness.api.problem import Problem
from harness.api.runs import Runs

router = APIRouter(tags=["stories"])


class Text(BaseModel):
    """A story's text."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=200_000)


class RunOrder(Text):
    """What to play, and how. `id` is made by the client, once per click."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    name: str = Field(default="story", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")
    mode: Literal["sim", "live"] = "sim"
    seed: str = Field(default="1", pattern=r"^[A-Za-z0-9_-]{1,40}$")
    stepwise: bool = False


def _runs(request: Request) -> Runs:
    found: Runs = request.app.state.runs
    return found


In = Annotated[Runs, Depends(_runs)]


@router.get("/stories")
async def show_stories() -> list[Any]:
    """All stories of this checkout with their text: the same files that CI plays."""
    return stories.listed()


@router.post("/lint")
async def lint(body: Text) -> dict[str, Any]:
    """Title and steps, or complaints with line and column."""
    return stories.checked(body.text)


@router.get("/runs")
async def show_runs(runs: In) -> list[Any]:
    """Runs that were started here, the youngest first."""
    return runs.listed()


@router.post("/runs")
async def start(runs: In, order: RunOrder) -> dict[str, Any]:
    """Start a run, once per id; a story with complaints is not started."""
    complaints = stories.checked(order.text, f"{order.name}.yaml")["complaints"]
    if complaints:
        errors = [{"at": f"{one['line']}:{one['column']}", "problem": one["message"]} for one in complaints]
        first = complaints[0]
        said = f"line {first['line']}, column {first['column']}: {first['message']}"
        raise Problem(422, f"the story cannot be played: {said}", errors)
    return (await runs.start(order.id, order.model_dump(exclude={"id"}))).to_json()


@router.get("/runs/{run_id}")
async def show_run(
    runs: In, run_id: str, after: Annotated[int, Query(ge=0)] = 0, wait_s: Annotated[float, Query(ge=0, le=20)] = 0.0
) -> dict[str, Any]:
    """How a run stands, and its events after the cursor; `wait_s` waits for news."""
    return await runs.events(run_id, after, wait_s)


@router.get("/runs/{run_id}/explanation")
async def explanation(runs: In, run_id: str) -> dict[str, Any]:
    """Why a simulated run that is over does not hold: customer, first moment, calls around it, the calm run."""
    return await explained(runs.get(run_id))


@router.post("/runs/{run_id}/steps/{number}")
async def next_step(runs: In, run_id: str, number: int) -> dict[str, Any]:
    """Let the waiting step begin; 412 when another one waits by now."""
    return (await runs.go_on(run_id, number)).to_json()


@router.delete("/runs/{run_id}")
async def stop(runs: In, run_id: str) -> dict[str, Any]:
    """End a run before its end."""
    return (await runs.stop(run_id)).to_json()
