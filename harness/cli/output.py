"""What commands print, and how a failure becomes one clear message with an exit code."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click
from rich.console import Console

T = TypeVar("T")

USAGE, UNKNOWN = 2, 3
errors = Console(stderr=True, highlight=False)


def console(as_json: bool) -> Console:
    """Where people read; with --json standard output is for the script, so they read standard error."""
    return Console(stderr=as_json, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=1, default=str) + "\n")


class Refusal(Exception):
    """A command that cannot be done as asked; `str()` is for people."""

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def complain(error: BaseException) -> int:
    """Print what went wrong and return the exit code; what nobody expected comes with its trace."""
    if isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
        errors.print("[yellow]interrupted; nothing was left running[/]")
        return UNKNOWN
    if isinstance(error, SystemExit | BrokenPipeError):
        return UNKNOWN  # the reader of our output has gone (`| head`)
    if isinstance(error, click.UsageError):
        error.show()
        return USAGE
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] not in ("harness", "synccore"):
        errors.print(f"[red]windtunnel:[/] the Python package '{error.name}' is missing; `make` installs all of them")
        return UNKNOWN
    code = getattr(error, "exit_code", USAGE if isinstance(error, ValueError) else None)
    if code is not None:
        errors.print("[red]windtunnel:[/]", end=" ")
        errors.print(str(error), markup=False)
        return int(code)
    errors.print_exception(max_frames=12)
    errors.print("[red]windtunnel:[/] this is a defect of windtunnel itself; the verdict is unknown")
    return UNKNOWN


def run_live(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C, SIGTERM and SIGHUP cancel it, so that everything started is ended."""

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await main

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
