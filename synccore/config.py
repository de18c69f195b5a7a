"""The core's configuration, from environment variables SYNCCORE_* alone; each wrong one gets its own message."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

PREFIX = "SYNCCORE_"
VENDOR_PUBSUB = "grpcs://api.pubsub.salesforce.com:7443"
_POLL, _POLL_END = "poll_", "_s"


class ConfigError(ValueError):
    """What is wrong with the configuration: one message a field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseModel):
    """Each field is the variable SYNCCORE_<FIELD>. Intervals in seconds; a system without an address does not exist."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free one; the ready line says which")
    database_url: str = Field(default="sqlite:///synccore.db", description="sqlite:///PATH or postgresql://…")
    engine_database_url: str = Field(default="", description="for runs; empty: beside the SQLite file, or the same")
    application_version: str = Field(
        default="1", min_length=1, description="what another one began is its own while a worker of it is alive"
    )
    executor: str = Field(
        default_factory=socket.gethostname, min_length=1,
        description="this worker's name, the host's if none is given; one process at a time has it, a second one does"
        " not start (exit code 2); who starts under it goes on at once with what was begun under it, what others began"
        " is theirs until a minute has passed without a sign of life",
    )  # fmt: skip
    concurrency: int = Field(default=20, ge=1, le=1000, description="runs at once in this worker")
    queue_poll_s: float = Field(default=0.05, gt=0, le=10)
    dispatch_s: float = Field(default=5.0, gt=0, description="the safety net behind direct hand-over")
    poll_s: dict[str, float] = Field(default_factory=dict, description="by ticker: SYNCCORE_POLL_<TICKER>_S")
    time_source: str = Field(default="system", description="system, or a URL whose answers' Date is business time")
    time_source_poll_s: float = Field(default=1.0, gt=0)
    timeout_s: float = Field(default=30.0, gt=0, description="how long to wait for a system's answer")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    restored: bool = Field(
        default=False,
        description="the store came out of a backup: what it does not know of may have been sent, so it looks before"
        " every write, and reads in the legacy ERP's drop what it had handed over; leave it on until the core has"
        " caught up",
    )
    exports: str = Field(default="", description="a folder for the books of each report as DuckDB files; empty: none")
    mappings: str = Field(default="", description="a JSON or YAML file {kind: {key: value}}, loaded where absent")

    viewer_token: SecretStr | None = None
    operator_token: SecretStr | None = None
    admin_token: SecretStr
    webhook_user: str = Field(min_length=1)
    webhook_password: SecretStr

    salesforce_url: str
    salesforce_client_id: str = Field(min_length=1)
    salesforce_client_secret: SecretStr
    salesforce_api_version: str = Field(default="60.0", pattern=r"^\d+\.0$")
    salesforce_bulk_above: int = Field(default=20_000, ge=0, description="rows of a book that are read by a bulk job")
    salesforce_pubsub: str = Field(
        default="auto", description="grpcs://HOST:PORT (grpc://… without TLS); auto: the vendor's own; off: poll",
        pattern=r"^(auto|off|grpcs?://[\w.-]+:\d+)$",
    )  # fmt: skip
    salesforce_pubsub_ca: str = Field(default="", description="a PEM file to trust there; empty: as the machine does")
    salesforce_topics: str = "/data/AccountChangeEvent,/data/OpportunityChangeEvent"

    subscriptions_url: str
    subscriptions_api_key: SecretStr

    erp_cloud_url: str = ""
    erp_cloud_client_id: str = ""
    erp_cloud_certificate_id: str = ""
    erp_cloud_private_key: SecretStr = Field(default=SecretStr(""), description="PEM, or the path of a PEM file")

    metering_url: str = ""
    metering_token: SecretStr = SecretStr("")

    erp_legacy_host: str = ""
    erp_legacy_port: int = Field(default=22, ge=1, le=65535)
    erp_legacy_user: str = ""
    erp_legacy_password: SecretStr = SecretStr("")
    erp_legacy_host_key: str = Field(default="", description="its public key as in known_hosts; 'any' trusts all")
    erp_legacy_partner: str = "SUBHUB"
    erp_legacy_receiver: str = "LEGACY01"
    erp_legacy_client: str = "100"

    @field_validator("viewer_token", "operator_token", "admin_token", "webhook_password")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 8:
            raise ValueError("a secret needs at least 8 characters")
        return secret

    @field_validator("salesforce_url", "subscriptions_url", "erp_cloud_url", "metering_url")
    @classmethod
    def _http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("an http(s) URL is needed")
        return url.rstrip("/")

    @field_validator("time_source")
    @classmethod
    def _source(cls, source: str) -> str:
        if source != "system" and not source.startswith(("http://", "https://")):
            raise ValueError("'system' or an http(s) URL is needed")
        return source

    @field_validator("database_url", "engine_database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("sqlite:///PATH or postgresql://… is needed")
        return url

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        lacking = []
        if self.erp_cloud_url:
            names = ("erp_cloud_client_id", "erp_cloud_certificate_id", "erp_cloud_private_key")
            lacking += [name for name in names if not _plain(getattr(self, name))]
        if self.metering_url and not _plain(self.metering_token):
            lacking.append("metering_token")
        if self.erp_legacy_host:
            names = ("erp_legacy_user", "erp_legacy_password", "erp_legacy_host_key")
            lacking += [name for name in names if not _plain(getattr(self, name))]
        if self.erp_cloud_url and "erp_cloud_private_key" not in " ".join(lacking):
            self._check_key()
        if lacking:
            raise ValueError("needed with its address: " + ", ".join(PREFIX + name.upper() for name in lacking))
        return self

    def _check_key(self) -> None:
        name = f"{PREFIX}ERP_CLOUD_PRIVATE_KEY"
        try:
            load_pem_private_key(self.private_key_pem().encode(), None)
        except OSError as error:
            raise ValueError(f"{name}: {error.filename}: {error.strerror}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError(f"{name}: an unencrypted private key in PEM is needed") from None

    def pubsub(self) -> str:
        """Where change events are followed, '' if they are polled for."""
        if self.salesforce_pubsub == "auto":
            vendor = (urlsplit(self.salesforce_url).hostname or "").endswith(".salesforce.com")
            return VENDOR_PUBSUB if vendor else ""
        return "" if self.salesforce_pubsub == "off" else self.salesforce_pubsub

    def private_key_pem(self) -> str:
        """The cloud ERP's private key, read from its file if a path is given."""
        given = self.erp_cloud_private_key.get_secret_value()
        return given if not given or "-----BEGIN" in given else Path(given).read_text()

    def engine_url(self) -> str:
        """Where runs are kept."""
        if self.engine_database_url:
            return self.engine_database_url
        if self.database_url.startswith("sqlite:///"):
            path = Path(self.database_url.removeprefix("sqlite:///"))
            return f"sqlite:///{path.with_name(f'{path.stem}-engine{path.suffix}')}"
        return self.database_url


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment says; raises ConfigError. Variables without the prefix are not looked at."""
    given: dict[str, Any] = {}
    poll_s: dict[str, str] = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        field = name.removeprefix(PREFIX).lower()
        if field.startswith(_POLL) and field.endswith(_POLL_END):
            poll_s[field.removeprefix(_POLL).removesuffix(_POLL_END).replace("_", "-")] = environment[name]
        elif environment[name]:
            given[field] = environment[name]
    try:
        return Settings.model_validate({**given, **({"poll_s": poll_s} if poll_s else {})})
    except ValidationError as error:
        raise ConfigError([_problem(item["loc"], item["type"], item["msg"]) for item in error.errors()]) from None


def _problem(where: tuple[int | str, ...], kind: str, text: str) -> str:
    if not where:
        return text.removeprefix("Value error, ")
    name = PREFIX + str(where[0]).upper()
    if where[0] == "poll_s":
        name = f"{PREFIX}POLL_{str(where[-1]).upper().replace('-', '_')}_S"
    if kind == "missing":
        return f"{name} is not set"
    if kind == "extra_forbidden":
        return f"{name} is not a setting of the core"
    return f"{name}: {text.removeprefix('Value error, ')}"


def initial_mappings(path: str) -> dict[str, dict[str, Any]]:
    """The mappings of a JSON or YAML file, {kind: {key: value}}; raises ConfigError. No path: none."""
    if not path:
        return {}
    name = f"{PREFIX}MAPPINGS"
    try:
        text = Path(path).read_text()
        found = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError([f"{name}: {path}: {error}"]) from None
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise ConfigError([f"{name}: {path} is not of the shape {{kind: {{key: value}}}}"])
    return found
