"""Command that serves one simulator alone."""

import os
import sys
from typing import Annotated

import typer

from harness.cli.output import Refusal
from harness.scenario.places import nearest
from harness.world import SYSTEMS


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(serve)


def serve(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SYSTEMS)}.")],
) -> None:
    """Serve one simulator on a socket; further options are the simulator's own (`windtunnel serve salesforce --help`).

    windtunnel serve subscriptions --port 9001 --data ./data
    """
    if name not in SYSTEMS:
        raise Refusal(f"there is no simulator '{name}'{nearest(name, SYSTEMS)}")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", f"simulators.{name}", *context.args])
