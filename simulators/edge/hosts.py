"""Which simulator stands behind which vendor host name, as the vendors' SDKs form them."""

import re
from collections.abc import Mapping

# host name (lower case, whole) -> system. Sources: the vendors' Python and Node SDKs, which build them from a site,
# an account or a sandbox name.
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), system)
    for pattern, system in (
        (r"(login|test|[\w.-]+\.my|[\w.-]+)\.salesforce\.com", "salesforce"),
        (r"[\w-]+(\.ingest|\.file-ingest|\.grow)?\.chargebee\.com", "subscriptions"),
        (r"[\w-]+\.(suitetalk|restlets)\.api\.netsuite\.com", "erp_cloud"),
        (r"[\w-]+\.app\.netsuite\.com", "erp_cloud"),
    )
)
SHOWN = ("*.salesforce.com", "SITE.chargebee.com", "SITE.ingest.chargebee.com", "ACCOUNT.suitetalk.api.netsuite.com")
LOCAL = ("127.0.0.1", "localhost", "::1")
AT_HOME = "salesforce"  # whose clients insist on https even where they may choose the host


def system_of(host: str, systems: Mapping[str, str]) -> str | None:
    """The system behind `host` (without port) if it is among `systems`, else None."""
    name = host.lower().rstrip(".")
    if name in LOCAL:
        return AT_HOME if AT_HOME in systems else None
    found = next((system for pattern, system in PATTERNS if pattern.fullmatch(name)), None)
    return found if found in systems else None
