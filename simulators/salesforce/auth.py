"""Who may call: OAuth token grants, sessions in the store, userinfo, identity, revocation."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce.errors import failed
from simulators.salesforce.moments import stamp
from simulators.salesforce.state import SESSION
from simulators.salesforce.web import reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "tokens `<orgId>!…`; token, userinfo and identity shapes; a leading `*.salesforce.com` path segment",
    source="observed",
    held_by="test_auth, test_live_simple_salesforce",
)
approximate("sessions", "last two hours of business time from login; a real session is prolonged by use")
approximate(
    "users",
    "everyone is the integration user: there are no profiles, sharing rules or field permissions yet",
    source="ours",
)
absent("JWT bearer, refresh token and authorization code grants")

LIFETIME_S = 7_200.0  # an org's default session time-out: two hours
DEFAULT_CREDENTIALS = {
    "client_id": "windtunnel-core",
    "client_secret": "windtunnel-secret",
    "username": "integration@windtunnel.example",
    "password": "windtunnel",
    "security_token": "token",
}
_GRANT_ERRORS = {
    "invalid_client_id": "client identifier invalid",
    "invalid_client": "invalid client credentials",
    "unsupported_grant_type": "grant type not supported",
    "invalid_grant": "authentication failure",
}


class Sessions:
    """Access tokens `<orgId>!<chars>`: deterministic, kept in the store, dead after two hours of business time."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system
        self._known: dict[str, tuple[float, str]] = {}  # token -> expiry (epoch s), user

    def forget(self) -> None:
        """Read sessions anew from the store."""
        self._known.clear()

    def issue(self, at: float, user: str) -> str:
        """A new token for a user."""
        store, org = self._system.store, self._system.org
        number = store.next("session")
        token = f"{org.org_id[:15]}!AQ{self._system.chance.token('session', number, 94)}"
        store.put(SESSION.name, {"id": token, "user": user, "expires": at + LIFETIME_S})
        return token

    def user(self, token: str, at: float) -> str | None:
        """The user behind a live token."""
        known = self._known.get(token)
        if known is None:
            row = self._system.store.get(SESSION.name, token)
            if row is None:
                return None
            known = self._known[token] = (row["expires"], row["user"])
        return known[1] if at < known[0] else None

    def revoke(self, token: str) -> bool:
        """End one session; False for an unknown token."""
        self._known.pop(token, None)
        return self._system.store.delete(SESSION.name, token)

    def expire_all(self) -> None:
        """End every session."""
        self._known.clear()
        for (token,) in list(self._system.store.rows("SELECT key FROM _session")):
            self._system.store.delete(SESSION.name, token)


def bearer(call: Call) -> str:
    """The token of a call, or an empty string."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth"):
        return token.strip()
    if "x-sfdc-session" in call.headers:
        return call.headers["x-sfdc-session"]
    if "oauth_token=" in call.query:
        return dict(parse_qsl(call.query)).get("oauth_token", "")
    return ""


def same(given: str, wanted: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


async def token(system: Salesforce, call: Call) -> Answer:
    """POST /services/oauth2/token."""
    form = _form(call)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = call.headers.get("authorization", "")
    if basic.lower().startswith("basic "):
        try:
            client_id, _, secret = base64.b64decode(basic[6:], validate=True).decode().partition(":")
        except ValueError:
            return _grant_error("invalid_client")
    known = system.credentials
    if not same(client_id, known["client_id"]):
        return _grant_error("invalid_client_id")
    if not same(secret, known["client_secret"]):
        return _grant_error("invalid_client")
    grant = form.get("grant_type", "")
    if grant == "password":
        if not (same(form.get("username", ""), known["username"]) and password_fits(system, form.get("password", ""))):
            return _grant_error("invalid_grant")
    elif grant != "client_credentials":
        return _grant_error("unsupported_grant_type")
    return reply(200, _grant(system, call))


def password_fits(system: Salesforce, given: str) -> bool:
    """The password, alone or with the security token behind it."""
    known = system.credentials
    return same(given, known["password"] + known["security_token"]) or same(given, known["password"])


def _grant(system: Salesforce, call: Call) -> dict[str, Any]:
    user = system.org.user_id
    identity = f"{call.base_url}/id/{system.org.org_id}/{user}"
    issued = str(int(call.at * 1000))
    digest = hmac.new(system.credentials["client_secret"].encode(), (identity + issued).encode(), sha256).digest()
    return {
        "access_token": system.sessions.issue(call.at, user), "signature": base64.b64encode(digest).decode(),
        "scope": "api", "instance_url": call.base_url, "id": identity, "token_type": "Bearer", "issued_at": issued,
        "api_instance_url": call.base_url,
    }  # fmt: skip


def _grant_error(code: str) -> Answer:
    return reply(400, {"error": code, "error_description": _GRANT_ERRORS[code]})


def _form(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


async def revoke(system: Salesforce, call: Call) -> Answer:
    """POST or GET /services/oauth2/revoke."""
    named = _form(call).get("token") or dict(parse_qsl(call.query)).get("token", "")
    if not system.sessions.revoke(named):
        return reply(400, {"error": "unsupported_token_type", "error_description": "this token type is not supported"})
    return Answer(200)


async def userinfo(system: Salesforce, call: Call) -> Answer:
    """GET /services/oauth2/userinfo."""
    return reply(200, _identity(system, call))


async def identity(system: Salesforce, call: Call, org: str, user: str) -> Answer:
    """GET /id/<org>/<user>."""
    if system.org.org_id[:15] != org[:15] or system.org.user_id[:15] != user[:15]:
        raise failed("NOT_FOUND", "The requested resource does not exist")
    return reply(200, _identity(system, call))


def _identity(system: Salesforce, call: Call) -> dict[str, Any]:
    org, base = system.org, call.base_url
    user = org.get("User", call.principal) or {}
    address = f"{base}/id/{org.org_id}/{call.principal}"
    urls = {name: f"{base}/services/data/v{{version}}/{path}" for name, path in (
        ("rest", ""), ("sobjects", "sobjects/"), ("query", "query/"), ("search", "search/"), ("recent", "recent/"),
    )}  # fmt: skip
    urls["partner"] = f"{base}/services/Soap/u/{{version}}/{org.org_id[:15]}"
    return {
        "sub": address, "id": address, "user_id": call.principal, "organization_id": org.org_id,
        "preferred_username": user.get("Username"), "username": user.get("Username"), "nickname": user.get("Alias"),
        "name": user.get("Name"), "display_name": user.get("Name"), "email": user.get("Email"), "email_verified": True,
        "given_name": user.get("FirstName"), "family_name": user.get("LastName"), "zoneinfo": "GMT", "active": True,
        "user_type": "STANDARD", "language": "en_US", "locale": "en_US", "utcOffset": 0, "urls": urls,
        "updated_at": user.get("SystemModstamp") or stamp(call.at),
    }  # fmt: skip
