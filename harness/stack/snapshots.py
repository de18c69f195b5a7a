"""A whole sandbox kept under a name: all systems' data, clocks and chance, the core's store; put back, or branched off.

A snapshot is a private folder. Its secrets are those of the sandbox it was taken of, so that a branch understands it.
"""

import asyncio
import json
import re
import shutil
import sqlite3
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from harness.stack.home import home, private_folder, write_private
from harness.stack.problem import StackProblem
from harness.world import SYSTEMS, NotQuiet, SystemName, Unreachable

if TYPE_CHECKING:
    from harness.stack.world import LiveWorld

FACTS = "snapshot.json"
STORES = "*.db"  # the core's, in its folder: its own, and its engine's, which may be older but never younger
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Snapshot:
    """One that is kept. `now` is its business time, epoch s; `bytes` what it takes on disk."""

    name: str
    folder: Path
    now: float
    world: str
    bytes: int

    @property
    def facts(self) -> dict[str, Any]:
        """World, business time, secrets of the sandbox."""
        read: dict[str, Any] = json.loads((self.folder / FACTS).read_text())
        return read


def place(name: str) -> Path:
    """Where a snapshot of this name lies; StackProblem for a name that is none."""
    if not _NAME.fullmatch(name):
        raise StackProblem(f"'{name}' is no name: letters, digits, dots and dashes, at most 60", 2)
    return home() / "snapshots" / name


def snapshot(name: str) -> Snapshot:
    """The one of this name, or in this folder; StackProblem when there is none."""
    folder = Path(name) if "/" in name else place(name)
    if not (folder / FACTS).exists():
        raise StackProblem(f"there is no snapshot '{name}'; `windtunnel snapshot list` names those that are kept", 2)
    facts = json.loads((folder / FACTS).read_text())
    size = sum(one.stat().st_size for one in folder.iterdir())
    return Snapshot(folder.name, folder, float(facts["now"]), facts["world"], size)


def snapshots() -> list[Snapshot]:
    """All that are kept here, by name."""
    return [snapshot(path.parent.name) for path in sorted((home() / "snapshots").glob(f"*/{FACTS}"))]


def forget(name: str) -> None:
    """Delete one."""
    shutil.rmtree(snapshot(name).folder)


async def save(world: "LiveWorld", name: str, company: str, core_folder: Path) -> Snapshot:
    """Keep the sandbox as it is, once it is at rest; one of this name is replaced. StackProblem if it does not rest."""
    folder = place(name)
    fresh = folder.with_name(f".{name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    private_folder(fresh)
    try:
        await world.settle()
        states = await asyncio.gather(*(world.control(one, "GET", "/_control/state") for one in SYSTEMS))
    except (NotQuiet, Unreachable, ValueError) as error:
        raise StackProblem(f"nothing was kept, as the sandbox is not at rest: {error}") from error
    for system, state in zip(SYSTEMS, states, strict=True):
        write_private(fresh / f"{system}.json", json.dumps(state))
    copy_store(core_folder, fresh)
    now = float(states[0]["standing"]["now"])
    facts = {"world": company, "now": now, "secret": world.secret.to_json()}
    write_private(fresh / FACTS, json.dumps(facts))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return snapshot(name)


def copy_store(core_folder: Path, to: Path) -> None:
    """Consistent copies of databases that somebody may have open, without their logs."""
    for store in sorted(core_folder.glob(STORES)):
        copy = to / f"core-{store.name}"
        source, target = sqlite3.connect(store), sqlite3.connect(copy)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        copy.chmod(0o600)


async def put_systems(world: "LiveWorld", kept: Snapshot) -> None:
    """The systems become what they were, their clocks included; the core must be down."""
    await asyncio.gather(*(_put(world, kept, system) for system in SYSTEMS))
    await world.read_time()


async def _put(world: "LiveWorld", kept: Snapshot, system: SystemName) -> None:
    state = json.loads((kept.folder / f"{system}.json").read_text())
    await world.control(system, "PUT", "/_control/state", state)


async def webhooks_to(world: "LiveWorld", address: str) -> None:
    """The platform announces its events to another core than that of the sandbox of the snapshot."""
    key = world.secret.systems["subscriptions"]["api_key"]
    sent = {"authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
            "content-type": "application/x-www-form-urlencoded"}  # fmt: skip
    body = urlencode({"url": f"{address}/webhooks/subscriptions"}).encode()
    reply = await world.call("subscriptions", "POST", "/api/v2/webhook_endpoints/core", sent, body)
    if reply.status != 200:
        raise StackProblem(f"the platform does not announce events to the branch: {reply.status} {reply.body!r}")


def put_store(copies: Path, core_folder: Path) -> None:
    """The core's store becomes what it was when `copy_store` copied it there; the core must be down."""
    for old in core_folder.glob(f"{STORES}*"):
        old.unlink()  # with the logs beside them
    for store in copies.glob(f"core-{STORES}"):
        shutil.copy(store, core_folder / store.name.removeprefix("core-"))


async def restore(world: "LiveWorld", kept: Snapshot, company: str, core_folder: Path) -> None:
    """The sandbox becomes what it was. StackProblem for a snapshot of another company, or of another sandbox."""
    facts = kept.facts
    if facts["world"] != company:
        raise StackProblem(f"'{kept.name}' is of world '{facts['world']}', and this sandbox is of '{company}'", 2)
    if facts["secret"] != world.secret.to_json():
        raise StackProblem(f"'{kept.name}' is of another sandbox; `windtunnel snapshot branch` goes on from it", 2)
    await world.kill_core()
    await put_systems(world, kept)
    put_store(kept.folder, core_folder)
    await world.start_core()
