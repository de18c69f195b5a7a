"""SOAP login and logout of the partner API: what simple-salesforce and jsforce use for user name and password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import exact
from simulators.salesforce import soap_records
from simulators.salesforce.auth import password_fits, same
from simulators.salesforce.envelope import fault, xml

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "SOAP login and its faults; `serverUrl` from the Host header",
    source="observed",
    held_by="test_auth, test_live_simple_salesforce",
)

_LOGIN = re.compile(r"<(?:\w+:)?login[\s>]")
_LOGOUT = re.compile(r"<(?:\w+:)?logout[\s/>]")
_SESSION = re.compile(r"<(?:\w+:)?sessionId>([^<]*)<")
_BAD_LOGIN = "Invalid username, password, security token; or user locked out."
_ENTITIES = {"&quot;": '"', "&apos;": "'"}


async def endpoint(system: Salesforce, call: Call, version: str, **_org: str) -> Answer:
    """POST /services/Soap/u/<version>[/<org>]."""
    text = call.body.decode("utf-8", "replace")
    if _LOGIN.search(text):
        return _login(system, call, version, text)
    if _LOGOUT.search(text):
        found = _SESSION.search(text)
        if found is None or not system.sessions.revoke(found.group(1)):
            return fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        return xml(200, "<logoutResponse/>")
    return soap_records.answer(system, call, text)


def _login(system: Salesforce, call: Call, version: str, text: str) -> Answer:
    given = [_element(text, name) for name in ("username", "password")]
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


def _element(text: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</", text, re.DOTALL)
    return unescape(found.group(1), _ENTITIES) if found else ""
