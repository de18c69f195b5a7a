"""What the services of docker-compose.yml run: their files, one system, and the harness that owns the clock."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import Refusal, console, run_live
from harness.scenario import load_world
from harness.scenario.model import GENESIS
from harness.scenario.places import nearest
from harness.scenario.values import moment
from harness.stack import containers
from harness.stack.credentials import Credentials
from harness.stack.home import forget_state, save_state
from harness.stack.launch import Plan, Stack
from harness.stack.world import LiveWorld
from harness.world import SYSTEMS

Folder = Annotated[Path, typer.Option(help="The volume that all services share.")]

container_app = typer.Typer(no_args_is_help=True, help="What the services of docker-compose.yml run.")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    container_app.command()(files)
    container_app.command()(system)
    container_app.command()(harness)
    app.add_typer(container_app, name="container", hidden=True)


def files(
    world: Annotated[str, typer.Option(help="A file of scenarios/worlds.")] = "default",
    profile: Annotated[str, typer.Option(help="Request limits: vendor, roomy or none.")] = "roomy",
    folder: Folder = containers.FOLDER,
) -> None:
    """Make fresh credentials and the files that all other services start from; what is there is kept."""
    try:
        company = load_world(world)
    except FileNotFoundError:
        raise Refusal(f"there is no world '{world}' in scenarios/worlds") from None
    made = containers.write_files(folder, company, profile)
    console(False).print(f"files of the stack in {folder}: {'made' if made else 'kept'}")


def system(
    name: Annotated[str, typer.Argument(metavar="NAME", help=", ".join(SYSTEMS))], folder: Folder = containers.FOLDER
) -> None:
    """Serve one simulator; its data survives a restart of its container."""
    if name not in SYSTEMS:
        raise Refusal(f"there is no simulator '{name}'{nearest(name, SYSTEMS)}")
    settings, profile = folder / f"{name}.settings.json", containers.fact(folder, "profile")
    command = [
        sys.executable, "-m", f"simulators.{name}", "--host", "0.0.0.0", "--port", str(containers.PORT),
        "--data", "/data", "--profile", profile, "--settings", str(settings),
    ]  # fmt: skip
    sys.stdout.flush()
    os.execv(sys.executable, command)


def harness(
    genesis: Annotated[str, typer.Option(help="Business time at the beginning.")] = GENESIS,
    folder: Folder = containers.FOLDER,
) -> None:
    """Seed the systems, give them one clock, and stay with the API; `windtunnel books` and `clock` work beside it."""
    secret = containers.read_secret((folder / containers.SECRET).read_text())
    company = load_world(containers.fact(folder, "world"))
    plan = Plan(company, moment(genesis), folder, profile=containers.fact(folder, "profile"))
    forget_state()
    try:
        run_live(_stay(plan, secret, containers.fact(folder, "api_token")))
    finally:
        forget_state()


async def _stay(plan: Plan, secret: Credentials, token: str) -> None:
    from harness.api.serving import serving  # noqa: PLC0415 - a web framework that other commands need not load

    where, out = containers.addresses(), console(False)
    world = await LiveWorld(where, secret).open()
    try:
        fresh = await containers.take_over(world, plan.company, plan.genesis, plan.seed)
        out.print("the systems are seeded" if fresh else "the systems go on with what they hold")
        async with serving(Stack(plan, secret, where, world), "0.0.0.0", containers.PORT, token) as address:
            state = {"pid": os.getpid(), "pids": {}, "world": plan.company.name, **where.to_state()}
            save_state(state | {"secret": secret.to_json(), "api": address, "api_token": token})
            await asyncio.Event().wait()
    finally:
        await world.close()
