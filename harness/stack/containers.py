"""The sandbox inside the containers of docker-compose.yml: where things are there, and the files they start from."""

import json
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from harness.scenario import WorldFile
from harness.stack.core_env import core_environment
from harness.stack.credentials import Credentials, fresh_credentials
from harness.stack.home import write_private
from harness.stack.launch import one_clock, seed_company
from harness.stack.problem import StackProblem
from harness.stack.world import Addresses, EventBus, LiveWorld
from harness.world import SYSTEMS

FOLDER = Path("/run/windtunnel")  # the volume that all services share
SECRET, CORE_ENV, MAPPINGS, PAGE_ENV = "secret.json", "core.env", "mappings.json", "page.env"
PORT, SFTP_PORT = 8080, 2222
BESIDE: dict[str, dict[str, int]] = {
    "erp_legacy": {"sftp_port": SFTP_PORT},
    "salesforce": {"https_port": 8443, "grpc_port": 7070, "grpc_tls_port": 7443},
}
"""The ports that a system opens beside HTTP."""
SERVICES = {name: name.replace("_", "-") for name in SYSTEMS}  # a host name has no underscore
DATABASE_URL = "postgresql://synccore@postgres/synccore"


def addresses() -> Addresses:
    """Where the services are for each other."""
    urls: dict[str, str] = {name: f"http://{service}:{PORT}" for name, service in SERVICES.items()}
    bus = EventBus(f"{SERVICES['salesforce']}:{BESIDE['salesforce']['grpc_port']}")
    return Addresses(urls, f"http://core:{PORT}", SFTP_PORT, SERVICES["erp_legacy"], bus=bus)


def write_files(folder: Path, company: WorldFile, profile: str) -> bool:
    """Fresh secrets, each system's settings and the core's variables; False when they are there already."""
    if (folder / SECRET).exists():
        return False
    secret = fresh_credentials(company.seed("erp_legacy").get("partners", []))
    for name in SYSTEMS:
        write_private(folder / f"{name}.settings.json", json.dumps(secret.settings(name, BESIDE.get(name, {}))))
    where = addresses()
    assert where.bus is not None
    mappings, pubsub = company.mappings_with(None), where.bus.for_core
    variables = core_environment(folder, PORT, where.systems, SFTP_PORT, secret, mappings, pubsub) | {
        "SYNCCORE_HOST": "0.0.0.0", "SYNCCORE_DATABASE_URL": DATABASE_URL,
        "SYNCCORE_ERP_LEGACY_HOST": where.sftp_host,
    }  # fmt: skip
    _write_variables(folder / CORE_ENV, variables)
    token = secrets.token_hex(16)
    _write_variables(folder / PAGE_ENV, {"WINDTUNNEL_API": f"http://harness:{PORT}", "WINDTUNNEL_API_TOKEN": token})
    facts = {"world": company.name, "profile": profile, "api_token": token, "secret": secret.to_json()}
    write_private(folder / SECRET, json.dumps(facts))  # last: who sees it sees all
    return True


def _write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """As a shell reads them."""
    write_private(path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items()))


def read_secret(text: str) -> Credentials:
    """The secrets of a file that `write_files` wrote."""
    return Credentials.of_json(json.loads(text)["secret"])


def fact(folder: Path, name: Literal["world", "profile", "api_token"]) -> str:
    """What the stack was made with."""
    return str(json.loads((folder / SECRET).read_text())[name])


async def take_over(world: LiveWorld, company: WorldFile, genesis: float, seed: str) -> bool:
    """Seed the running systems and give them one clock; False when they hold this company already."""
    seeded = {name: (await world.control(name, "GET", "/_control/health"))["seeded"] for name in SYSTEMS}
    if all(seeded.values()):
        return False
    if any(seeded.values()):
        empty = ", ".join(SERVICES[name] for name, full in seeded.items() if not full)
        raise StackProblem(
            f"{empty} lost its data while the others kept theirs; begin anew with `docker compose down --volumes` "
            "and `docker compose up`"
        )
    await seed_company(world, company)
    await one_clock(world, genesis, seed)
    return True
