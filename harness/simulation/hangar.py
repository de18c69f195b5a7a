"""What is built once a process and flown many times: the systems, the core's API, and images to begin from."""

import gc
import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.scenario import WorldFile, load_world
from harness.simulation.asgi import App
from harness.world import SYSTEMS, SystemName
from simulators import erp_cloud, erp_legacy, metering, salesforce, subscriptions
from simulators.kit.origin import Origin
from simulators.kit.system import Settings, System
from synccore import bootstrap

CREATE: dict[SystemName, Callable[[Settings], System]] = {
    "salesforce": salesforce.create,
    "subscriptions": subscriptions.create,
    "erp_cloud": erp_cloud.create,
    "erp_legacy": erp_legacy.create,
    "metering": metering.create,
}
HOSTS: dict[SystemName, str] = {name: f"{name.replace('_', '-')}.sim" for name in SYSTEMS}
NAMES = {host: name for name, host in HOSTS.items()}
CORE_HOST = "core.sim"
WEBHOOK_USER, WEBHOOK_PASSWORD, CONTROL, CORE_TOKEN = "platform", "platform-webhook", "control", "operator-token"
WIRE_BASE = 1_700_000_000.0  # wire time at the start of every run, epoch seconds: any fixed instant will do
BAIT = ("pending_invoice_created",)  # sent to a core that has not asked for it: a wrong one takes a draft for a bill
INTERVALS_S = {"salesforce-changes": 60, "platform-events": 300, "cloud-payments": 300, "legacy-outbound": 1800,
               "metering-feed": 300, "milestones": 300, "metering-daily": 900}  # fmt: skip


@cache
def key_pair() -> tuple[str, str]:
    """The core's signing key for the cloud ERP (private, public PEM): always the same, so that signatures repeat."""
    key = ec.derive_private_key(0x57494E4454554E4E454C, ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return private.decode(), public.decode()


def credentials() -> dict[SystemName, dict[str, str]]:
    """Fixed secrets of the simulated world."""
    return {
        "salesforce": {
            "client_id": "core", "client_secret": "core-secret", "username": "dev@windtunnel.test",
            "password": "password", "security_token": "token",
        },
        "subscriptions": {"api_key": "test_key"},
        "erp_cloud": {
            "account": "TSTDRV123_SB1", "consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk",
            "token_secret": "ts", "m2m_client_id": "m2m", "m2m_certificate_id": "cert",
            "m2m_public_key_pem": key_pair()[1],
        },
        "erp_legacy": {},
        "metering": {"token": "metering-token"},
    }  # fmt: skip


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


class Hangar:
    """One world's systems, seeded once, and what a core needs to be built. `elapsed` is each flight's own loop time."""

    def __init__(self, company: WorldFile) -> None:
        self.company = company
        self.elapsed: Callable[[], float] = lambda: 0.0
        self.deliver: Callable[..., Any] = self._nobody
        self.core: bootstrap.Core | None = None
        self.secret = credentials()
        self.systems = {name: self._built(name) for name in SYSTEMS}
        self.api: App = bootstrap.api(lambda: self.core)
        self.settings = bootstrap.settings_of(self._environment())
        self._memory = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        bootstrap.prepare(self._memory)
        self._fresh = Origin(self._memory, self._memory.serialize())

    def wire(self) -> float:
        """Wire time, epoch seconds."""
        return WIRE_BASE + self.elapsed()

    async def _nobody(self, *_request: Any) -> int:
        raise ConnectionRefusedError("no flight is on")

    async def _send(self, *request: Any) -> int:
        status: int = await self.deliver(*request)
        return status

    def _built(self, name: SystemName) -> System:
        settings = Settings(
            wire=self.wire, sender=self._send, genesis=0.0, control_token=CONTROL, profile="roomy",
            credentials=self.secret[name], journal_capacity=16,
        )  # fmt: skip
        system = CREATE[name](settings)
        data = self.company.seed(name)
        if name == "subscriptions":
            data["webhook_endpoints"] = [
                {
                    "id": "core",
                    "url": f"http://{CORE_HOST}/webhooks/subscriptions",
                    "basic_auth_username": WEBHOOK_USER,
                    "basic_auth_password": WEBHOOK_PASSWORD,
                    "enabled_events": [*bootstrap.PLATFORM_EVENTS, *BAIT],  # in live the site sends all that it has
                }
            ]
        with system.store.transaction():
            system.seed(data)
        system.remember()
        return system

    def _environment(self) -> Mapping[str, str]:
        partners = {row["SNDPRN"]: row for row in self.company.seed("erp_legacy").get("partners", ())}
        ours = partners.get("SUBHUB")
        values = {
            "ADMIN_TOKEN": CORE_TOKEN, "WEBHOOK_USER": WEBHOOK_USER, "WEBHOOK_PASSWORD": WEBHOOK_PASSWORD,
            "SALESFORCE_URL": self.base_url("salesforce"),
            "SALESFORCE_CLIENT_ID": self.secret["salesforce"]["client_id"],
            "SALESFORCE_CLIENT_SECRET": self.secret["salesforce"]["client_secret"],
            "SUBSCRIPTIONS_URL": self.base_url("subscriptions"),
            "SUBSCRIPTIONS_API_KEY": self.secret["subscriptions"]["api_key"],
            "METERING_URL": self.base_url("metering"), "METERING_TOKEN": self.secret["metering"]["token"],
            "ERP_CLOUD_URL": self.base_url("erp_cloud"), "ERP_CLOUD_CLIENT_ID": "m2m",
            "ERP_CLOUD_CERTIFICATE_ID": "cert", "ERP_CLOUD_PRIVATE_KEY": key_pair()[0],
            "DISPATCH_S": "60", "TIMEOUT_S": "30", "LOG_LEVEL": "error",
        } | {f"POLL_{_variable(name)}_S": str(seconds) for name, seconds in INTERVALS_S.items()}  # fmt: skip
        if ours is not None:
            values |= {
                "ERP_LEGACY_HOST": HOSTS["erp_legacy"], "ERP_LEGACY_USER": ours["username"],
                "ERP_LEGACY_PASSWORD": ours["password"], "ERP_LEGACY_HOST_KEY": "any",
            }  # fmt: skip
        return {f"SYNCCORE_{name}": value for name, value in values.items()}

    def base_url(self, system: SystemName) -> str:
        """The address by which clients know a system."""
        return f"http://{HOSTS[system]}"

    def fresh_memory(self) -> sqlite3.Connection:
        """The core's database as it is before its first start."""
        if self._memory.in_transaction:
            self._memory.rollback()
        self._fresh.restore()
        return self._memory

    def partner(self, sender: str) -> str:
        """The drop's user name of a partner."""
        for row in self.company.seed("erp_legacy").get("partners", ()):
            if row["SNDPRN"] == sender:
                return str(row["username"])
        raise ValueError(f"the legacy system has no partner {sender}")


def shown(system: SystemName, table: str) -> bool:
    """Whether a client could see a change in this table: of the legacy system partners see files alone.

    Which fields there are shows in every answer of Salesforce.
    """
    return table == "file" if system == "erp_legacy" else table == "_schema" or not table.startswith("_")


@cache
def hangar(world: str) -> Hangar:
    """The hangar of a world; built at its first use.

    It lives as long as the process, so the garbage collector need not walk through it again in the middle of a run.
    """
    built = Hangar(load_world(world))
    gc.collect()
    gc.freeze()
    return built
