"""Fresh credentials for one stack: of clients, of the control pages, of the core."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Credentials:
    """Everything secret about a stack; it is written to files of mode 0600 alone."""

    control_token: str
    core_token: str
    webhook_user: str
    webhook_password: str
    private_key_pem: str
    systems: dict[str, dict[str, str]] = field(default_factory=dict)  # as the system's --settings file has them
    partners: dict[str, dict[str, str]] = field(default_factory=dict)  # SNDPRN -> username, password of the file drop

    def to_json(self) -> dict[str, Any]:
        """For the state file."""
        return asdict(self)

    def settings(self, system: str, beside: Mapping[str, Any]) -> dict[str, Any]:
        """What a system's --settings file holds; `beside`: the ports that it opens beside HTTP, by their names."""
        return {"control_token": self.control_token, "credentials": self.systems[system], **beside}

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> "Credentials":
        """From the state file."""
        return cls(**value)


def fresh_credentials(partners: list[dict[str, Any]]) -> Credentials:
    """New secrets; `partners` are those of the legacy ERP's seed, whose passwords are replaced."""

    def token() -> str:
        return secrets.token_hex(16)

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip
    systems = {
        "salesforce": {
            "client_id": f"windtunnel-{token()[:8]}", "client_secret": token(), "username": "dev@windtunnel.test",
            "password": token(), "security_token": token()[:24],
        },
        "subscriptions": {"api_key": f"test_{token()}"},
        "erp_cloud": {
            "account": "TSTDRV123_SB1", "consumer_key": token(), "consumer_secret": token(), "token_id": token(),
            "token_secret": token(), "m2m_client_id": token(), "m2m_certificate_id": f"cert-{token()[:8]}",
            "m2m_public_key_pem": public,
        },
        "erp_legacy": {},
        "metering": {"token": token()},
    }  # fmt: skip
    drop = {row["SNDPRN"]: {"username": row["username"], "password": token()} for row in partners}
    return Credentials(token(), token(), "platform", token(), private, systems, drop)
