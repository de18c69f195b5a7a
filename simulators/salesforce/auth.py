"""Who may call: sessions in the store, userinfo, identity, revocation, introspection."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.errors import failed
from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.state import REFRESH, SESSION
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

LIFETIME_S = 7_200.0  # an org's default session time-out: two hours
DEFAULT_CREDENTIALS = {
    "client_id": "windtunnel-core",
    "client_secret": "windtunnel-secret",
    "username": "integration@windtunnel.example",
    "password": "windtunnel",
    "security_token": "token",
}


class Sessions:
    """Access tokens `<orgId>!<chars>`: deterministic, kept in the store, dead after two hours of business time."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system
        self._known: dict[str, tuple[float, str]] = {}  # token -> expiry (epoch s), user

    def forget(self) -> None:
        """Read sessions anew from the store."""
        self._known.clear()

    def issue(self, at: float, user: str, **facts: str) -> str:
        """A new token for a user; `facts` are the client, its scope, and the refresh token that it came of."""
        store, org = self._system.store, self._system.org
        number = store.next("session")
        token = f"{org.org_id[:15]}!AQ{self._system.chance.token('session', number, 94)}"
        store.put(SESSION.name, {"id": token, "user": user, "issued": at, "expires": at + LIFETIME_S, **facts})
        return token

    def of_token(self, token: str, at: float) -> dict[str, Any] | None:
        """What is known of a live token."""
        row = self._system.store.get(SESSION.name, token)
        return row if row is not None and at < row["expires"] else None

    def user(self, token: str, at: float) -> str | None:
        """The user behind a live token."""
        known = self._known.get(token)
        if known is None:
            row = self._system.store.get(SESSION.name, token)
            if row is None:
                return None
            known = self._known[token] = (row["expires"], row["user"])
        return known[1] if at < known[0] else None

    def prolong(self, token: str, at: float) -> bool:
        """Keep a session alive that a streaming client uses: it ends by revocation alone. False: it has ended."""
        store = self._system.store
        row = store.get(SESSION.name, token)
        if row is not None and row["expires"] - at < LIFETIME_S / 2:
            store.put(SESSION.name, {**row, "expires": at + LIFETIME_S})
            self._known.pop(token, None)
        return row is not None

    def revoke(self, token: str) -> bool:
        """End one session, or a refresh token with all its sessions; False for an unknown token."""
        self._known.pop(token, None)
        store = self._system.store
        if store.delete(SESSION.name, token):
            return True
        if not store.delete(REFRESH.name, token):
            return False
        for key, doc in list(store.rows("SELECT key, doc FROM _session")):
            if orjson.loads(doc).get("refresh") == token:
                self.revoke(key)
        return True

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


def form_of(call: Call) -> dict[str, str]:
    """The members of a form body."""
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def client_of(system: Salesforce, call: Call, form: dict[str, str], secret_needed: bool = True) -> str | None:
    """Why the client is not a connected app of this org (the error's name), or None when it is.

    Its id and secret stand in the form or in a Basic header; without `secret_needed` none or the right one will do.
    """
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = call.headers.get("authorization", "")
    if basic.lower().startswith("basic "):
        try:
            client_id, _, secret = base64.b64decode(basic[6:], validate=True).decode().partition(":")
        except ValueError:
            return "invalid_client"
    known = system.credentials
    if not same(client_id, known["client_id"]):
        return "invalid_client_id"
    if (secret_needed or secret) and not same(secret, known["client_secret"]):
        return "invalid_client"
    return None


def password_fits(system: Salesforce, given: str) -> bool:
    """The password, alone or with the security token behind it."""
    known = system.credentials
    return same(given, known["password"] + known["security_token"]) or same(given, known["password"])


async def revoke(system: Salesforce, call: Call) -> Answer:
    """POST or GET /services/oauth2/revoke."""
    named = form_of(call).get("token") or dict(parse_qsl(call.query)).get("token", "")
    if not system.sessions.revoke(named):
        return reply(400, {"error": "unsupported_token_type", "error_description": "this token type is not supported"})
    return Answer(200)


async def introspect(system: Salesforce, call: Call) -> Answer:
    """POST /services/oauth2/introspect (RFC 7662): what a token is good for, told to the client that got it."""
    form = form_of(call)
    wrong = client_of(system, call, form)
    if wrong is not None:
        return reply(401, {"error": wrong, "error_description": "invalid client credentials"})
    token = form.get("token", "")
    access = system.sessions.of_token(token, call.at)
    row = access or system.store.get(REFRESH.name, token)
    if row is None:
        return reply(200, {"active": False})
    user = system.org.get("User", row["user"]) or {}
    shown = {
        "active": True, "scope": row.get("scope", "api"), "client_id": system.credentials["client_id"],
        "username": user.get("Username"), "sub": f"{call.base_url}/id/{system.org.org_id}/{row['user']}",
        "token_type": "access_token" if access else "refresh_token", "iat": int(row.get("issued", call.at)),
        "nbf": int(row.get("issued", call.at)),
    }  # fmt: skip
    return reply(200, shown | ({"exp": int(access["expires"])} if access else {}))


async def userinfo(system: Salesforce, call: Call) -> Answer:
    """GET /services/oauth2/userinfo."""
    return reply(200, _identity(system, call))


async def identity(system: Salesforce, call: Call, org: str, user: str) -> Answer:
    """GET /id/<org>/<user>."""
    if parse_id(org) != system.org.org_id or parse_id(user) != call.principal:
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
