"""A live world in containers: a Compose project of its own, played against through published ports, then ended."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from harness.stack.containers import BESIDE, FOLDER, MAPPINGS, PORT, SECRET, SERVICES, SFTP_PORT, read_secret
from harness.stack.engine import ServiceContainer, containers_of, engine
from harness.stack.home import free_port
from harness.stack.launch import HOST, Plan, Progress, one_clock
from harness.stack.problem import StackProblem
from harness.stack.world import Addresses, EventBus, LiveWorld
from harness.world import SYSTEMS, SystemName

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
OWNER = 10001  # the user of the image
PORT_VARIABLES = tuple(f"WINDTUNNEL_PORT_{name}" for name in (
    *map(str.upper, SYSTEMS), "SFTP", "CORE", "API", "UI", "SALESFORCE_HTTPS", "SALESFORCE_GRPC", "SALESFORCE_GRPC_TLS",
))  # fmt: skip
PSQL = ("psql", "-U", "synccore", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qc")


@dataclass
class ComposeStack:
    """A running project; like `launch.Stack`, its world can begin anew for the next story."""

    world: LiveWorld
    core: ServiceContainer
    harness: ServiceContainer
    postgres: ServiceContainer
    images: dict[SystemName, bytes] = field(default_factory=dict)  # each system as it was after its seed

    async def begin_anew(self, genesis: float, seed: str, mappings: Mapping[str, Any]) -> None:
        """Systems back to their seed at the story's genesis, the core with an empty memory and these mappings."""
        await self.core.stop()
        token = {"x-control-token": self.world.secret.control_token}
        for name, image in self.images.items():
            await self.world.call(name, "PUT", "/_control/snapshot", token, image)
            await self.world.control(name, "POST", "/_control/reset", {"remember": True})
        await one_clock(self.world, genesis, seed)
        await self.postgres.run(*PSQL, "DROP DATABASE IF EXISTS synccore WITH (FORCE)")
        await self.postgres.run(*PSQL, "CREATE DATABASE synccore")
        await self.harness.write(f"{FOLDER}/{MAPPINGS}", json.dumps(mappings).encode(), OWNER)
        await self.world.start_core()

    async def remember(self) -> None:
        """Keep what each system holds now: a restarted container no longer knows where its story began."""
        token = {"x-control-token": self.world.secret.control_token}
        for name in SYSTEMS:
            self.images[name] = (await self.world.call(name, "GET", "/_control/snapshot", token)).body


def compose_command() -> list[str]:
    """How Compose v2 is called here; StackProblem when it is missing."""
    if shutil.which("docker") is not None:
        asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["docker", "compose"]
    if found := shutil.which("docker-compose"):
        return [found]
    raise StackProblem("Docker Compose v2 is missing: neither `docker compose` nor `docker-compose` answers", 2)


@asynccontextmanager
async def launch_compose(plan: Plan, progress: Progress = lambda _text: None) -> AsyncIterator[ComposeStack]:
    """Start a project under a name of its own, hand it out at the plan's genesis, end it with all that it kept.

    The image is built anew (a layer that did not change costs nothing) unless WINDTUNNEL_IMAGE names one.
    """
    client, command = engine(), [*compose_command(), "--file", str(FILE), "--project-name", f"windtunnel-{os.getpid()}"]
    project = command[-1]
    environment = {
        **os.environ, **{name: str(free_port(HOST)) for name in PORT_VARIABLES},
        "WINDTUNNEL_WORLD": plan.company.name, "WINDTUNNEL_PROFILE": plan.profile,
    }  # fmt: skip
    world: LiveWorld | None = None
    try:
        progress("building and starting the containers")
        build = "--no-build" if "WINDTUNNEL_IMAGE" in os.environ else "--build"
        try:
            await _call([*command, "up", "--detach", "--wait", build], environment)
        except StackProblem as error:
            raise StackProblem("\n".join([str(error), *_ended(client, project)])) from None
        found = containers_of(client, project)
        world, stack = await _connected({name: found[name] for name in found})
        await stack.remember()
        progress("setting the containers to the story's beginning")
        await stack.begin_anew(plan.genesis, plan.seed, plan.company.mappings_with(plan.mappings))
        yield stack
    finally:
        if world is not None:
            await world.close()
        await asyncio.shield(_call([*command, "down", "--volumes", "--timeout", "3"], environment))
        client.close()


async def _connected(found: Mapping[str, Any]) -> tuple[LiveWorld, ComposeStack]:
    def service(name: str, path: str) -> ServiceContainer:
        async def answers() -> bool:
            return await _answers(f"http://{HOST}:{made.port(PORT)}{path}")

        made = ServiceContainer(found[name], answers)
        return made

    systems = {name: service(label, "/_control/health") for name, label in SERVICES.items()}
    core, harness, postgres = service("core", "/health"), service("harness", ""), service("postgres", "")
    secret = read_secret((await harness.read(f"{FOLDER}/{SECRET}")).decode())
    urls: dict[str, str] = {name: f"http://{HOST}:{one.port(PORT)}" for name, one in systems.items()}
    bus = EventBus(f"{HOST}:{systems['salesforce'].port(BESIDE['salesforce']['grpc_port'])}")
    where = Addresses(urls, f"http://{HOST}:{core.port(PORT)}", systems["erp_legacy"].port(SFTP_PORT), bus=bus)
    world = await LiveWorld(where, secret, core).open()
    return world, ComposeStack(world, core, harness, postgres)


def _ended(client: Any, project: str) -> list[str]:
    """The last words of the containers that should run and do not."""

    async def never() -> bool:
        return False

    parts = [ServiceContainer(one, never) for one in containers_of(client, project).values()]
    return [part.last_words() for part in parts if part.exit_code]


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as client, client.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _call(command: list[str], environment: Mapping[str, str]) -> None:
    """Run Compose; StackProblem with the end of what it said when it fails. A cancelled call is ended, too."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        end = "\n".join(f"    {line}" for line in said.decode(errors="replace").splitlines()[-15:])
        raise StackProblem(f"{' '.join(command)} ended with {process.returncode}\n{end}")
