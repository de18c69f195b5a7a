"""SOAP login and logout of the partner API: what simple-salesforce and jsforce use for user name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import exact
from simulators.salesforce import soap_records
from simulators.salesforce.auth import password_fits, same
from simulators.salesforce.envelope import Element, Malformed, fault, local, read, xml

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "SOAP login and its faults; `serverUrl` from the Host header",
    source="observed",
    held_by="test_auth, test_live_simple_salesforce",
)

_BAD_LOGIN = "Invalid username, password, security token; or user locked out."


async def endpoint(system: Salesforce, call: Call, version: str, **_org: str) -> Answer:
    """POST /services/Soap/u/<version>[/<org>]."""
    try:
        asked, session = read(call.body)
    except Malformed as malformed:
        return fault("UNKNOWN_EXCEPTION", str(malformed))
    name = "" if asked is None else local(asked)
    if asked is not None and name == "login":
        return _login(system, call, version, asked)
    if name == "logout":
        if not system.sessions.revoke(session):
            return fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        return xml(200, "<logoutResponse/>")
    return soap_records.answer(system, call, asked, session)


def _login(system: Salesforce, call: Call, version: str, asked: Element) -> Answer:
    parts = {local(part): part.text or "" for part in asked}
    given = [parts.get(name, "") for name in ("username", "password")]
    if not (same(given[0], system.credentials["username"]) and password_fits(system, given[1])):
        return fault("INVALID_LOGIN", _BAD_LOGIN)
    org = system.org
    server = f"{call.base_url}/services/Soap/u/{version}/{org.org_id[:15]}"
    info = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in soap_records.user_info(system).items())
    return xml(
        200,
        "<loginResponse><result>"
        f"<metadataServerUrl>{escape(server.replace('/Soap/u/', '/Soap/m/'))}</metadataServerUrl>"
        "<passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>{escape(server)}</serverUrl><sessionId>{system.sessions.issue(call.at, org.user_id)}</sessionId>"
        f"<userId>{org.user_id}</userId><userInfo>{info}</userInfo></result></loginResponse>",
    )
