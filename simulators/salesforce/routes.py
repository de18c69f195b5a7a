"""All operations of the org's API on one page: method, path, name, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.kit.routes import Endpoint
from simulators.salesforce import auth, describe, limits, queries, records, soap

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

PUBLIC = frozenset(("token", "revoke", "soap", "versions"))
"""Operations that need no session."""

_BASE = "/services/data/{version}"
_EXTERNAL = f"{_BASE}/sobjects/{{sobject}}/{{field}}/{{value}}"

TABLE: tuple[tuple[str, str, str, Endpoint], ...] = (
    ("POST", "/services/oauth2/token", "token", auth.token),
    ("POST", "/services/oauth2/revoke", "revoke", auth.revoke),
    ("GET", "/services/oauth2/revoke", "revoke", auth.revoke),
    ("GET", "/services/oauth2/userinfo", "userinfo", auth.userinfo),
    ("POST", "/services/oauth2/userinfo", "userinfo", auth.userinfo),
    ("GET", "/id/{org}/{user}", "identity", auth.identity),
    ("POST", "/services/Soap/u/{version}", "soap", soap.endpoint),
    ("POST", "/services/Soap/u/{version}/{org}", "soap", soap.endpoint),
    ("GET", "/services/data", "versions", describe.versions),
    ("GET", _BASE, "resources", describe.resources),
    ("GET", f"{_BASE}/limits", "limits", limits.show),
    ("GET", f"{_BASE}/limits/recordCount", "recordCount", limits.record_count),
    ("GET", f"{_BASE}/query", "query", queries.query),
    ("GET", f"{_BASE}/queryAll", "queryAll", queries.query_all),
    ("GET", f"{_BASE}/query/{{locator}}", "queryMore", queries.more),
    ("GET", f"{_BASE}/queryAll/{{locator}}", "queryMore", queries.more),
    ("GET", f"{_BASE}/sobjects", "describeGlobal", describe.all_objects),
    ("GET", f"{_BASE}/sobjects/{{sobject}}", "sobject", describe.basic),
    ("POST", f"{_BASE}/sobjects/{{sobject}}", "record.create", records.create),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/describe", "describe", describe.one_object),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/updated", "getUpdated", records.updated),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/deleted", "getDeleted", records.deleted),
    ("GET", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.get", records.read),
    ("HEAD", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.get", records.read),
    ("PATCH", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.update", records.change),
    ("DELETE", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.delete", records.remove),
    ("POST", f"{_BASE}/sobjects/{{sobject}}/{{key}}", "record.create", records.create_by_id_field),
    *(
        (method, f"{_EXTERNAL}{more}", name, endpoint)
        for more in ("", "/{value2}", "/{value2}/{value3}")  # slashes in an external id that jsforce leaves as they are
        for method, name, endpoint in (
            ("GET", "record.get", records.read_external),
            ("HEAD", "record.get", records.read_external),
            ("PATCH", "record.upsert", records.upsert),
            ("DELETE", "record.delete", records.remove_external),
        )
    ),
)


def register(system: Salesforce) -> None:
    """Put the table into force."""
    for method, path, operation, endpoint in TABLE:
        system.routes.add(method, path, operation, endpoint)
