"""SOAP login and logout of the partner API: what simple-salesforce and jsforce use for user name and password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, unescape

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import exact
from simulators.salesforce.auth import LIFETIME_S, password_fits, same

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
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
_ENTITIES = {"&quot;": '"', "&apos;": "'"}


async def endpoint(system: Salesforce, call: Call, version: str, **_org: str) -> Answer:
    """POST /services/Soap/u/<version>[/<org>]."""
    text = call.body.decode("utf-8", "replace")
    if _LOGIN.search(text):
        return _login(system, call, version, text)
    if _LOGOUT.search(text):
        found = _SESSION.search(text)
        if found is None or not system.sessions.revoke(found.group(1)):
            return _fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        return _xml(200, "<logoutResponse/>")
    return _fault("INVALID_OPERATION", "This operation is not part of the simulator's SOAP API")


def _login(system: Salesforce, call: Call, version: str, text: str) -> Answer:
    given = [_element(text, name) for name in ("username", "password")]
    if not (same(given[0], system.credentials["username"]) and password_fits(system, given[1])):
        return _fault("INVALID_LOGIN", _BAD_LOGIN)
    org = system.org
    user = org.get("User", org.user_id) or {}
    server = f"{call.base_url}/services/Soap/u/{version}/{org.org_id[:15]}"
    facts = {
        "organizationId": org.org_id, "organizationName": "Windtunnel", "userId": org.user_id,
        "userName": user.get("Username", ""), "userFullName": user.get("Name", ""), "userEmail": user.get("Email", ""),
        "userLanguage": "en_US", "userLocale": "en_US", "userTimeZone": "GMT", "userType": "Standard",
        "currencySymbol": "", "profileId": user.get("ProfileId", ""), "sessionSecondsValid": str(int(LIFETIME_S)),
    }  # fmt: skip
    info = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items())
    return _xml(
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


def _fault(code: str, message: str) -> Answer:
    detail = (
        '<sf:LoginFault xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
        "</sf:LoginFault>"
    )
    return _xml(
        500,
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>",
    )


def _xml(status: int, body: str) -> Answer:
    return Answer(status, _ENVELOPE.format(body).encode(), "text/xml;charset=UTF-8")
