"""Where the systems are and how the core signs in to each of them; the configuration builds these values."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SalesforceAccess:
    """An org and its connected app (OAuth client credentials). `url` without a trailing slash."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    api_version: str = "60.0"
    topics: tuple[str, ...] = ()  # whose change events are followed, where there is a channel for them
    bulk_above: int = 20_000  # rows of a book from which on a bulk job is cheaper than pages of 2,000


@dataclass(frozen=True)
class SubscriptionsAccess:
    """A billing site: API v2 under `<url>/api/v2`, the key as basic-auth user."""

    url: str
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class CloudErpAccess:
    """A cloud ERP account by OAuth2 machine-to-machine: a certificate's private key (PEM, EC P-256 or RSA)."""

    url: str
    client_id: str
    certificate_id: str
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True)
class LegacyErpAccess:
    """The legacy ERP's partner profile; the file drop itself is a port. `receiver` is its partner number."""

    partner: str = "SUBHUB"
    receiver: str = "LEGACY01"
    client: str = "100"


@dataclass(frozen=True)
class MeteringAccess:
    """The product's metering: its API under `<url>/v1`, a bearer token."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class SystemsAccess:
    """All of them; an ERP or a metering that a deployment lacks is None."""

    salesforce: SalesforceAccess
    subscriptions: SubscriptionsAccess
    erp_cloud: CloudErpAccess | None = None
    erp_legacy: LegacyErpAccess | None = None
    metering: MeteringAccess | None = None
    timeout_s: float = 30.0
    concurrency: dict[str, int] = field(
        default_factory=lambda: {"salesforce": 10, "subscriptions": 20, "erp_cloud": 4, "erp_legacy": 1, "metering": 4}
    )
