"""Keeps a sandbox with its harness API running in front of a terminal, with the page beside it if wished."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from harness.stack.home import check_free, forget_state, free_port, save_state
from harness.stack.launch import HOST, PLACES, Plan, Stack, launch
from harness.stack.problem import StackProblem
from harness.stack.process import Child

LOOK_S = 0.3


def port_of(name: str, ports_from: int) -> int:
    """The port of API or page; StackProblem when another program has it."""
    if not ports_from:
        return free_port(HOST)
    check_free(HOST, {name: ports_from + PLACES[name]}, "--ports FROM")
    return ports_from + PLACES[name]


@asynccontextmanager
async def kept(plan: Plan, out: Console) -> AsyncIterator[tuple[Stack, dict[str, Any]]]:
    """A running sandbox with its API, found by other commands through its state, which is handed out too."""
    from harness.api.serving import serving  # noqa: PLC0415 - a web framework that other commands need not load

    api_port = port_of("harness API", plan.ports_from)
    with out.status("starting") as status:
        begun = time.monotonic()
        async with launch(replace(plan, one_time=True), status.update) as stack:
            token = secrets.token_hex(16)
            async with serving(stack, HOST, api_port, token) as address:
                status.stop()
                state = _state(stack) | {"api": address, "api_token": token}
                save_state(state)
                out.print(f"[green]the sandbox is up[/] after {time.monotonic() - begun:.1f} s")
                try:
                    yield stack, state
                finally:
                    forget_state()
                    out.print("ending the sandbox")


def _state(stack: Stack) -> dict[str, Any]:
    return {
        "pid": os.getpid(), "pids": stack.pids, "world": stack.plan.company.name, **stack.addresses.to_state(),
        "secret": stack.secret.to_json(),
    }  # fmt: skip


async def watch(children: list[Child], out: Console) -> None:
    """Until cancelled, or until a system dies by itself; a core that died is said, and can be started from the page."""
    told = False
    while True:
        for child in children:
            if child.exit_code is None:
                told = told and child.name != "core"
            elif child.name != "core":
                raise StackProblem(f"{child.name} has died (exit code {child.exit_code})\n{child.last_words()}")
            elif not told:
                told = True
                out.print(f"[yellow]the core is not running (exit code {child.exit_code})[/]; the page can start it")
                out.print(escape(child.last_words(4)), highlight=False)
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def page(state: dict[str, Any], port: int, log: Path) -> AsyncIterator[tuple[str, Child]]:
    """The page over a harness API, as a child process; hands out its address."""
    child = Child("the page", [sys.executable, "-m", "ui", "--host", HOST, "--port", str(port)], log)
    child.environment = {"WINDTUNNEL_API": state["api"], "WINDTUNNEL_API_TOKEN": state["api_token"]}
    try:
        await child.start()
        yield f"http://{HOST}:{child.ready['port']}", child
    finally:
        await child.stop()


def chosen_page_port(wanted: int | None, ports_from: int) -> int:
    """What `--page-port` says, or the one behind the sandbox's own."""
    if wanted is None:
        return port_of("page", ports_from)
    if wanted:
        check_free(HOST, {"page": wanted}, "--page-port")
        return wanted
    return free_port(HOST)
