"""What the page's routes are given: the sandbox that runs, and what it is doing for the page."""

from typing import Annotated

from fastapi import Depends, Request

from harness.api.actions import Actions
from harness.api.sandbox import Sandbox


def _sandbox(request: Request) -> Sandbox:
    found: Sandbox = request.app.state.sandbox
    return found


def _actions(request: Request) -> Actions:
    found: Actions = request.app.state.actions
    return found


In = Annotated[Sandbox, Depends(_sandbox)]
Done = Annotated[Actions, Depends(_actions)]
