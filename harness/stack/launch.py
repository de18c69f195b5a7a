"""Starts a whole stack: simulators side by side, seeds, one clock, then the core; and ends it without leftovers."""

import asyncio
import json
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.scenario import WorldFile
from harness.stack.core_env import M2M_KEY, core_environment
from harness.stack.credentials import Credentials, fresh_credentials
from harness.stack.home import check_free, free_port, home, private_folder, write_private
from harness.stack.problem import StackProblem
from harness.stack.process import Child
from harness.stack.remote import RemoteCore, is_address
from harness.stack.snapshots import Snapshot, put_store, put_systems, webhooks_to
from harness.stack.world import Addresses, Edge, EventBus, LiveWorld
from harness.world import SYSTEMS, SystemName

HOST = "127.0.0.1"
_NAMES = (*SYSTEMS, "core", "erp_legacy SFTP", "edge", "edge TLS", "harness API", "page", "salesforce HTTPS",
          "salesforce gRPC", "salesforce gRPC TLS")  # fmt: skip
PLACES = {name: place for place, name in enumerate(_NAMES)}  # behind --ports FROM
_NOT_OURS = ("harness API", "page")  # who keeps the sandbox chooses these
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to start. `ports_from` 0 takes free ports; `core`: command or address of another core, '' is ours."""

    company: WorldFile
    genesis: float
    folder: Path
    seed: str = "windtunnel"
    mappings: Mapping[str, Mapping[str, Any]] | None = None
    ports_from: int = 0
    core: str = ""
    profile: str = "roomy"
    keep_data: bool = False
    origin: Snapshot | None = None  # it goes on from there, with the secrets that it was taken with
    one_time: bool = False  # a Time Machine of the platform moves the sandbox's clock, see `harness.api.travel`
    edge: bool = False  # also the edge, for SDKs that form vendor host names


@dataclass
class Stack:
    """A running stack."""

    plan: Plan
    secret: Credentials
    addresses: Addresses
    world: LiveWorld
    children: list[Child] = field(default_factory=list)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {child.name: child.pid for child in self.children if child.pid is not None}

    async def begin_anew(self, genesis: float, seed: str, mappings: Mapping[str, Any]) -> None:
        """For the next story: systems back to their seed at its genesis, the core with an empty memory."""
        core = self.children[-1]
        await core.stop()
        await one_clock(self.world, genesis, seed)
        folder = core_folder(self.plan)
        shutil.rmtree(folder, ignore_errors=True)
        _core_child(self.plan, self.addresses, self.secret, mappings, core)
        await self.world.start_core()


def core_folder(plan: Plan) -> Path:
    """Where the core keeps what it has to keep."""
    return plan.folder / "core"


@asynccontextmanager
async def launch(plan: Plan, progress: Progress = lambda _text: None) -> AsyncIterator[Stack]:
    """Start all, hand out the stack, end all: whatever happens, nothing is left running."""
    private_folder(plan.folder)
    ports = _ports(plan)
    secret = _secrets(plan)
    children: list[Child] = []
    world: LiveWorld | None = None
    try:
        progress(f"starting {len(SYSTEMS)} systems")
        systems = {name: _system_child(name, ports[name], plan, secret, ports) for name in SYSTEMS}
        children += systems.values()
        await _all(child.start() for child in systems.values())
        urls: dict[str, str] = {name: f"http://{HOST}:{child.ready['port']}" for name, child in systems.items()}
        sftp_port = int(systems["erp_legacy"].ready.get("sftp_port", ports["erp_legacy SFTP"]))
        edge = await _edge(plan, ports, urls, children) if plan.edge else None
        bus = _bus(systems["salesforce"].ready)
        address = plan.core.rstrip("/") if is_address(plan.core) else f"http://{HOST}:{ports['core']}"
        key_file = str(core_folder(plan) / M2M_KEY)
        addresses = Addresses(urls, address, sftp_port, edge=edge, bus=bus, m2m_key_file=key_file)
        core = _core_of(plan, progress)
        children.append(core)
        world = await LiveWorld(addresses, secret, core).open()
        progress("seeding the company into them")
        await seed_company(world, plan.company, plan.one_time)
        await one_clock(world, plan.genesis, plan.seed)
        progress("starting the sync core")
        _core_child(plan, addresses, secret, plan.company.mappings_with(plan.mappings), core)
        if plan.origin is not None:
            progress(f"going on from {plan.origin.name}")
            await put_systems(world, plan.origin)
            await webhooks_to(world, addresses.core)
            put_store(plan.origin.folder, core_folder(plan))
        await core.start()
        yield Stack(plan, secret, addresses, world, children)
    finally:
        if world is not None:
            await world.close()
        if len(children) > len(SYSTEMS):
            await children.pop().stop()  # the core first: it should not see its world vanish
        await _all((child.stop() for child in children), quiet=True)


async def _all(awaitables: Any, quiet: bool = False) -> None:
    """Await all side by side; the first failure is raised when every one has ended."""
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not quiet:
            raise result


def _secrets(plan: Plan) -> Credentials:
    if plan.origin is not None:
        return Credentials.of_json(plan.origin.facts["secret"])
    return fresh_credentials(plan.company.seed("erp_legacy").get("partners", []))


def _ports(plan: Plan) -> dict[str, int]:
    places = {name: place for name, place in PLACES.items() if name not in _NOT_OURS}
    if not plan.ports_from:
        return {name: free_port(HOST) for name in places}
    ports = {name: plan.ports_from + place for name, place in places.items()}
    check_free(HOST, ports, "--ports FROM")
    return ports


def _system_child(name: SystemName, port: int, plan: Plan, secret: Credentials, ports: Mapping[str, int]) -> Child:
    settings = plan.folder / f"{name}.settings.json"
    write_private(settings, json.dumps(secret.settings(name, _beside(name, plan, ports))))
    command = [
        sys.executable, "-m", f"simulators.{name}", "--host", HOST, "--port", str(port), "--seed", plan.seed,
        "--genesis", str(plan.genesis), "--profile", plan.profile, "--settings", str(settings),
    ]  # fmt: skip
    if plan.keep_data:
        command += ["--data", str(private_folder(plan.folder / "data"))]
    return Child(name, command, plan.folder / f"{name}.log")


def _beside(name: SystemName, plan: Plan, ports: Mapping[str, int]) -> dict[str, Any]:
    """What a system opens beside HTTP. The edge's authority outlives the sandbox; without an edge ours goes with it."""
    if name == "erp_legacy":
        return {"sftp_port": ports["erp_legacy SFTP"]}
    if name == "salesforce":
        return {
            "https_port": ports["salesforce HTTPS"], "grpc_port": ports["salesforce gRPC"],
            "grpc_tls_port": ports["salesforce gRPC TLS"], "tls_folder": str(_authority(plan)),
        }  # fmt: skip
    return {}


def _authority(plan: Plan) -> Path:
    return plan.folder.parent / "edge" if plan.edge else plan.folder / "authority"


def _bus(ready: Mapping[str, Any]) -> EventBus:
    return EventBus(
        f"{HOST}:{ready['grpc_port']}", f"localhost:{ready['grpc_tls_port']}", f"https://{HOST}:{ready['https_port']}",
        ready["ca"],
    )  # fmt: skip


async def _edge(plan: Plan, ports: Mapping[str, int], urls: Mapping[str, str], children: list[Child]) -> Edge:
    """Start the edge; its authority outlives the sandbox, so that who trusts it need not do so anew."""
    command = [
        sys.executable, "-m", "simulators.edge", "--host", HOST, "--port", str(ports["edge"]), "--tls-port",
        str(ports["edge TLS"]), "--folder", str(_authority(plan)),
        *(word for name, url in urls.items() for word in ("--system", f"{name}={url}")),
    ]  # fmt: skip
    child = Child("edge", command, plan.folder / "edge.log")
    children.append(child)
    facts = await child.start()
    return Edge(f"http://{HOST}:{facts['port']}", f"https://{HOST}:{facts['tls_port']}", facts["ca"])


def _core_of(plan: Plan, progress: Progress) -> Child:
    if is_address(plan.core):
        return RemoteCore(plan.core, home() / "core.env", progress)
    return Child("core", _core_command(plan.core), plan.folder / "core.log")


def _core_command(command: str) -> list[str]:
    if not command:
        return [sys.executable, "-m", "synccore"]
    words = shlex.split(command)
    if shutil.which(words[0]) is None:
        raise StackProblem(f"--core: there is no program '{words[0]}'", 2)
    return words


def _core_child(
    plan: Plan, addresses: Addresses, secret: Credentials, mappings: Mapping[str, Any],
    core: Child,
) -> None:  # fmt: skip
    """Give the core its environment and an empty folder."""
    folder = private_folder(core_folder(plan))
    port = urlsplit(addresses.core).port or (443 if addresses.core.startswith("https:") else 80)
    pubsub = ("off", "") if addresses.bus is None else addresses.bus.for_core
    core.environment = core_environment(folder, port, addresses.systems, addresses.sftp_port, secret, mappings, pubsub)


async def seed_company(world: LiveWorld, company: WorldFile, one_time: bool = False) -> None:
    """Load each system's part of the company, with this stack's own webhook address and passwords."""

    async def load(name: SystemName) -> None:
        data = company.seed(name)
        if name == "subscriptions":
            data["webhook_endpoints"] = [
                {
                    "id": "core", "url": f"{world.addresses.core}/webhooks/subscriptions",
                    "basic_auth_username": world.secret.webhook_user,
                    "basic_auth_password": world.secret.webhook_password,
                }
            ]  # fmt: skip
            data["site"] = {**data.get("site", {}), "clock": "sandbox" if one_time else "own"}
        for partner in data.get("partners", []) if name == "erp_legacy" else []:
            partner.update(world.secret.partners[partner["SNDPRN"]])
        try:
            await world.control(name, "POST", "/_control/seed", data)
        except ValueError as error:
            raise StackProblem(f"the world '{company.name}' does not fit {error}", 2) from error

    await _all(load(name) for name in SYSTEMS)
    await _all(world.control(name, "POST", "/_control/reset", {"remember": True}) for name in SYSTEMS)


async def one_clock(world: LiveWorld, genesis: float, seed: str) -> None:
    """All systems to their remembered state, their clocks at the same moment."""
    fresh = {"genesis": genesis, "seed": seed}
    await _all(world.control(name, "POST", "/_control/reset", fresh) for name in SYSTEMS)
    await world.read_time()
    await world.move(world.now() + 1.0)
