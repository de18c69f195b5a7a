"""The core's environment: where the systems are, how it signs in, how often it looks. Any core is started with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.stack.credentials import Credentials
from harness.stack.home import write_private
from harness.world import RELEASES

POLL_S = 0.12  # a laptop's sandbox is watched closely; real deployments say minutes
M2M_KEY = "erp_cloud.pem"  # the private key of the cloud ERP's integration
CORE_PARTNER = "SUBHUB"  # the core's own partner number at the legacy ERP's drop
TICKERS = (
    "SALESFORCE_CHANGES",
    "PLATFORM_EVENTS",
    "CLOUD_PAYMENTS",
    "LEGACY_OUTBOUND",
    "METERING_FEED",
    "METERING_DAILY",
    "MILESTONES",
    "SYSTEM_WATCH",
)


def core_environment(
    folder: Path,
    port: int,
    urls: Mapping[str, str],
    sftp_port: int,
    secret: Credentials,
    mappings: Mapping[str, Any],
    pubsub: tuple[str, str] = ("off", ""),
) -> dict[str, str]:
    """All SYNCCORE_* variables. `pubsub`: where change events are followed, and whom to trust there.

    `folder` keeps the core's database; secrets in files are of mode 0600."""
    mappings_file, key_file = folder / "mappings.json", folder / M2M_KEY
    write_private(mappings_file, json.dumps(mappings))
    write_private(key_file, secret.private_key_pem)
    cloud = secret.systems["erp_cloud"]
    values = {
        "HOST": "127.0.0.1", "PORT": str(port), "DATABASE_URL": f"sqlite:///{folder / 'synccore.db'}",
        "APPLICATION_VERSION": RELEASES["old"], "ADMIN_TOKEN": secret.core_token,
        "TIME_SOURCE": f"{urls['salesforce']}/services/data", "TIME_SOURCE_POLL_S": "0.2",
        "DISPATCH_S": str(POLL_S), "TIMEOUT_S": "10", "MAPPINGS": str(mappings_file),
        "EXPORTS": str(folder / "exports"),
        "WEBHOOK_USER": secret.webhook_user, "WEBHOOK_PASSWORD": secret.webhook_password,
        "SALESFORCE_URL": urls["salesforce"], "SALESFORCE_PUBSUB": pubsub[0], "SALESFORCE_PUBSUB_CA": pubsub[1],
        "SALESFORCE_CLIENT_ID": secret.systems["salesforce"]["client_id"],
        "SALESFORCE_CLIENT_SECRET": secret.systems["salesforce"]["client_secret"],
        "SUBSCRIPTIONS_URL": urls["subscriptions"],
        "SUBSCRIPTIONS_API_KEY": secret.systems["subscriptions"]["api_key"],
        "METERING_URL": urls["metering"], "METERING_TOKEN": secret.systems["metering"]["token"],
        "ERP_CLOUD_URL": urls["erp_cloud"], "ERP_CLOUD_CLIENT_ID": cloud["m2m_client_id"],
        "ERP_CLOUD_CERTIFICATE_ID": cloud["m2m_certificate_id"], "ERP_CLOUD_PRIVATE_KEY": str(key_file),
    } | {f"POLL_{ticker}_S": str(POLL_S) for ticker in TICKERS}  # fmt: skip
    partner = secret.partners.get(CORE_PARTNER)
    if partner is not None:  # a company without a legacy entity has no partner there, and its core no file drop
        values |= {
            "ERP_LEGACY_HOST": "127.0.0.1", "ERP_LEGACY_PORT": str(sftp_port), "ERP_LEGACY_USER": partner["username"],
            "ERP_LEGACY_PASSWORD": partner["password"], "ERP_LEGACY_HOST_KEY": "any",
        }  # fmt: skip
    return {f"SYNCCORE_{name}": value for name, value in values.items()}
