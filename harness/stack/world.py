"""The live world: real sockets, real processes, business time moved by the harness."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp
from yarl import URL

from harness.stack.credentials import Credentials
from harness.stack.home import private_folder
from harness.stack.problem import StackProblem
from harness.stack.process import Child, Running
from harness.stack.quiet import Calm
from harness.stack.snapshots import copy_store, put_store
from harness.world import PEOPLE, RELEASES, SYSTEMS, Json, Release, Reply, SystemName, Unreachable

IDLE_S = 2.0  # uvicorn closes what is idle for five seconds: no call may meet that moment
CALL_S = 60.0


@dataclass(frozen=True)
class Edge:
    """Where vendor host names lead here: a proxy for HTTPS_PROXY, https by itself, and the authority to trust."""

    proxy: str
    https: str
    ca: str


@dataclass(frozen=True)
class EventBus:
    """Salesforce beside plain HTTP: Pub/Sub over gRPC, plain and over TLS (HOST:PORT), https, whom to trust."""

    grpc: str
    grpc_tls: str = ""
    https: str = ""
    ca: str = ""

    @property
    def for_core(self) -> tuple[str, str]:
        """Where a core subscribes and whom it trusts there."""
        return (f"grpcs://{self.grpc_tls}", self.ca) if self.ca else (f"grpc://{self.grpc}", "")


@dataclass(frozen=True)
class Addresses:
    """Where everything is; URLs without a trailing slash."""

    systems: Mapping[str, str]
    core: str
    sftp_port: int
    sftp_host: str = "127.0.0.1"
    edge: Edge | None = None
    bus: EventBus | None = None
    m2m_key_file: str = ""  # PEM with which a client of the cloud ERP signs in (OAuth 2.0 M2M); "": not on this machine

    def to_state(self) -> dict[str, Any]:
        """For the state file."""
        return asdict(self)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> "Addresses":
        """From the state file."""
        edge = Edge(**state["edge"]) if state["edge"] else None
        bus = EventBus(**state["bus"]) if state["bus"] else None
        ports = state["sftp_port"], state["sftp_host"]
        return cls(state["systems"], state["core"], *ports, edge, bus, state["m2m_key_file"])


SQLITE = "sqlite:///"
BACKUP = "backup"  # folder beside the core's store


class LiveWorld:
    """Implements harness.world.World over a running stack. `core_process` is None when another process owns it."""

    mode: Literal["sim", "live"] = "live"

    def __init__(self, addresses: Addresses, secret: Credentials, core_process: Running | None = None) -> None:
        self.addresses, self.secret, self.core_process = addresses, secret, core_process
        self._session: aiohttp.ClientSession | None = None
        self._offset_s, self._places = 0.0, 0
        self.core_wanted = True  # False between kill_core and start_core
        self.waiting: Callable[[str], None] = lambda _why: None  # told why it takes long to come to rest
        self._calm = Calm(self)

    async def open(self) -> "LiveWorld":
        """Connect, and read the time."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=IDLE_S),
            timeout=aiohttp.ClientTimeout(total=CALL_S),
            trust_env=False,
        )
        await self.read_time()
        return self

    async def read_time(self) -> None:
        """Take over the systems' business time."""
        clock = await self.control("salesforce", "GET", "/_control/clock")
        self._offset_s = clock["now"] - clock["wire"]

    async def close(self) -> None:
        """Let go of connections; processes are not touched."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # -- talking --------------------------------------------------------------------------------

    async def call(
        self, system: SystemName, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """See World."""
        sent = {"user-agent": PEOPLE, **(headers or {})}
        return await self._send(method, self.addresses.systems[system] + path, sent, body)

    async def control(self, system: SystemName, method: str, path: str, body: Json = None) -> Json:
        """See World."""
        headers = {"x-control-token": self.secret.control_token, "content-type": "application/json"}
        data = b"" if body is None else json.dumps(body).encode()
        reply = await self._send(method, self.addresses.systems[system] + path, headers, data)
        answer = json.loads(reply.body) if reply.body else None
        if reply.status >= 400:
            detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
            raise ValueError(f"{system} {path}: {detail}")
        return answer

    async def core(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """See World."""
        headers = {"authorization": f"Bearer {self.secret.core_token}", "content-type": "application/json"}
        data = b"" if body is None else json.dumps(body).encode()
        reply = await self._send(method, self.addresses.core + path, headers, data)
        try:
            return reply.status, json.loads(reply.body) if reply.body else None
        except ValueError:
            return reply.status, reply.body.decode("utf-8", "replace")

    async def core_file(self, path: str) -> Reply:
        """A file that the core keeps, as it came."""
        headers = {"authorization": f"Bearer {self.secret.core_token}"}
        return await self._send("GET", self.addresses.core + path, headers, b"")

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        assert self._session is not None, "the world is not open"
        try:
            target = URL(url, encoded=True)
            async with self._session.request(
                method, target, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                content = await answer.read()
                return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{method} {url}: {error or type(error).__name__}") from error

    async def put_file(self, user: str, path: str, data: bytes) -> None:
        """See World; `user` is the partner (SNDPRN)."""
        import asyncssh  # noqa: PLC0415 - half a second that most commands need not spend

        partner = self.secret.partners[user]
        try:
            async with (
                asyncssh.connect(
                    self.addresses.sftp_host, self.addresses.sftp_port, username=partner["username"],
                    password=partner["password"], known_hosts=None, config=None, client_keys=None, agent_path=None,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):  # fmt: skip
                async with sftp.open(f"{path}.tmp", "wb") as file:
                    await file.write(data)
                await sftp.rename(f"{path}.tmp", path)
        except (OSError, asyncssh.Error) as error:
            raise Unreachable(f"file drop of {user}: {error}") from error

    def credentials(self, system: SystemName) -> Mapping[str, str]:
        """See World."""
        return self.secret.systems[system]

    def base_url(self, system: SystemName) -> str:
        """See World."""
        return self.addresses.systems[system]

    # -- time -----------------------------------------------------------------------------------

    @property
    def offset_s(self) -> float:
        """How far business time is ahead of the machine's."""
        return self._offset_s

    def now(self) -> float:
        """See World."""
        return time.time() + self._offset_s

    async def move(self, to: float) -> None:
        """Set all clocks forward to `to`; what is due starts at once."""
        ahead = to - self.now()
        if ahead <= 0:
            return
        self._offset_s += ahead
        await asyncio.gather(
            *(self.control(system, "POST", "/_control/clock", {"to": self.now()}) for system in SYSTEMS)
        )

    async def advance(self, to: float) -> None:
        """See World."""
        await self._calm.advance(to)

    async def settle(self, bound_s: float = 900.0) -> None:
        """See World."""
        await self._calm.settle(bound_s)

    # -- the core's life ------------------------------------------------------------------------

    async def kill_core(self) -> None:
        """See World."""
        self.core_wanted = False
        await self._owned().kill()

    async def start_core(self, from_backup: bool = False, release: Release = "", elsewhere: bool = False) -> None:
        """See World."""
        if elsewhere:
            core, _ = self._stored()
            self._places += 1
            core.environment = {**core.environment, "SYNCCORE_EXECUTOR": f"place-{self._places}"}
        if release:
            core, _ = self._stored()
            core.environment = {**core.environment, "SYNCCORE_APPLICATION_VERSION": RELEASES[release]}
        if from_backup:
            core, folder = self._stored()
            put_store(folder / BACKUP, folder)
            core.environment = {**core.environment, "SYNCCORE_RESTORED": "true"}
        await self._owned().start()
        self.core_wanted = True

    def join_core(self, release: Release = "", stopped_s: float = 0.0, after_s: float = 0.0) -> None:
        """See World."""
        del release, stopped_s, after_s
        raise StackProblem("the core of a stack has one address: two workers side by side are played in simulation", 2)

    async def back_up_core(self) -> None:
        """See World."""
        _, folder = self._stored()
        copy_store(folder, private_folder(folder / BACKUP))

    def _stored(self) -> tuple[Child, Path]:
        """The core's process and the folder of its store."""
        core = self._owned()
        address = core.environment.get("SYNCCORE_DATABASE_URL", "") if isinstance(core, Child) else ""
        if not isinstance(core, Child) or not address.startswith(SQLITE):
            raise StackProblem("only a core on this machine, with its store in a file, is backed up from here", 2)
        return core, Path(address.removeprefix(SQLITE)).parent

    def _owned(self) -> Running:
        if self.core_process is None:
            raise StackProblem("this core belongs to another process and cannot be killed from here", 2)
        return self.core_process
