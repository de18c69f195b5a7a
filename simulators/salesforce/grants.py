"""OAuth 2.0 token grants: client credentials, password, JWT bearer, refresh token, authorization code."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.assertions import claims_of, issuer_of, refusal
from simulators.salesforce.auth import client_of, form_of, password_fits, same
from simulators.salesforce.state import CODE, REFRESH
from simulators.salesforce.web import reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "grants: client credentials, password, JWT bearer, refresh token, authorization code with PKCE; their errors",
    source="observed, reported",
    held_by="test_auth, test_grants",
)
approximate(
    "consent", "`/services/oauth2/authorize` shows no page: it sends the browser back with a code", source="ours"
)
approximate("refresh tokens", "never expire and are not rotated; a code lives for 15 minutes and serves once")

CODE_LIFETIME_S = 900.0
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ERRORS = {
    "invalid_client_id": "client identifier invalid",
    "invalid_client": "invalid client credentials",
    "unsupported_grant_type": "grant type not supported",
    "invalid_grant": "authentication failure",
}
Form = dict[str, str]


class _Refused(Exception):
    """A grant that is not given: the error's name and its description."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.answer = {"error": error, "error_description": description or _ERRORS[error]}


async def token(system: Salesforce, call: Call) -> Answer:
    """POST /services/oauth2/token."""
    form = form_of(call)
    grant = _GRANTS.get(form.get("grant_type", ""))
    try:
        with system.store.transaction():
            if grant is None:
                _known(system, call, form)
                raise _Refused("unsupported_grant_type")
            return grant(system, call, form)
    except _Refused as refused:
        return reply(400, refused.answer)


def _known(system: Salesforce, call: Call, form: Form, secret_needed: bool = True) -> None:
    wrong = client_of(system, call, form, secret_needed)
    if wrong is not None:
        raise _Refused(wrong)


def _client_credentials(system: Salesforce, call: Call, form: Form) -> Answer:
    _known(system, call, form)
    return _granted(system, call, system.org.user_id)


def _password(system: Salesforce, call: Call, form: Form) -> Answer:
    _known(system, call, form)
    known = system.credentials["username"]
    if not (same(form.get("username", ""), known) and password_fits(system, form.get("password", ""))):
        raise _Refused("invalid_grant")
    return _granted(system, call, system.org.user_id)


def _jwt_bearer(system: Salesforce, call: Call, form: Form) -> Answer:
    """The client proves itself by its certificate; `sub` is the name of an active user (RFC 7523)."""
    assertion = form.get("assertion", "")
    issuer = issuer_of(assertion)
    if issuer is None:
        raise _Refused("invalid_grant", "invalid assertion")
    if not same(issuer, system.credentials["client_id"]):
        raise _Refused("invalid_client_id")
    claims = claims_of(assertion, system.certificate)
    if claims is None:
        raise _Refused("invalid_grant", "invalid assertion")
    wrong = refusal(claims, system.clock.wire(), call.base_url)
    if wrong is not None:
        raise _Refused("invalid_grant", wrong)
    users = system.org.where("User", "Username", claims["sub"], limit=1)
    if not users or not users[0].get("IsActive"):
        raise _Refused("invalid_grant", "user hasn't approved this consumer")
    return _granted(system, call, users[0]["Id"])


def _refresh_token(system: Salesforce, call: Call, form: Form) -> Answer:
    _known(system, call, form, secret_needed=False)
    row = system.store.get(REFRESH.name, form.get("refresh_token", ""))
    if row is None:
        raise _Refused("invalid_grant", "expired access/refresh token")
    return _granted(system, call, row["user"], row["scope"], row["id"])


def _authorization_code(system: Salesforce, call: Call, form: Form) -> Answer:
    row = system.store.get(CODE.name, form.get("code", ""))
    challenge = row["challenge"] if row else ""
    _known(system, call, form, secret_needed=not challenge)
    if row is None or call.at >= row["issued"] + CODE_LIFETIME_S:
        raise _Refused("invalid_grant", "expired authorization code")
    if form.get("redirect_uri", "") != row["redirect"]:
        raise _Refused("invalid_grant", "redirect_uri must match configuration")
    if challenge and not same(_challenge_of(form.get("code_verifier", "")), challenge):
        raise _Refused("invalid_grant", "invalid code verifier")
    store = system.store
    store.delete(CODE.name, row["id"])
    fresh = "5Aep" + system.chance.token("refresh", store.next("refresh"), 83)
    store.put(REFRESH.name, {"id": fresh, "user": row["user"], "scope": row["scope"], "issued": call.at})
    return _granted(system, call, row["user"], row["scope"], fresh, show_refresh=True)


_GRANTS: dict[str, Callable[[Salesforce, Call, Form], Answer]] = {
    "client_credentials": _client_credentials, "password": _password, JWT_BEARER: _jwt_bearer,
    "refresh_token": _refresh_token, "authorization_code": _authorization_code,
}  # fmt: skip


def _granted(
    system: Salesforce, call: Call, user: str, scope: str = "api", refresh: str = "", show_refresh: bool = False
) -> Answer:
    identity = f"{call.base_url}/id/{system.org.org_id}/{user}"
    issued = str(int(call.at * 1000))
    digest = hmac.new(system.credentials["client_secret"].encode(), (identity + issued).encode(), sha256).digest()
    facts = {"scope": scope, **({"refresh": refresh} if refresh else {})}
    shown = {
        "access_token": system.sessions.issue(call.at, user, **facts), "signature": base64.b64encode(digest).decode(),
        "scope": scope, "instance_url": call.base_url, "id": identity, "token_type": "Bearer", "issued_at": issued,
        "api_instance_url": call.base_url,
    }  # fmt: skip
    return reply(200, shown | ({"refresh_token": refresh} if show_refresh else {}))


async def authorize(system: Salesforce, call: Call) -> Answer:
    """GET /services/oauth2/authorize: back to the client's redirect_uri with a code, or with what is wrong."""
    asked = dict(parse_qsl(call.query, keep_blank_values=True))
    redirect = asked.get("redirect_uri", "")
    if client_of(system, call, asked, secret_needed=False) is not None:
        return reply(400, {"error": "invalid_client_id", "error_description": _ERRORS["invalid_client_id"]})
    if urlsplit(redirect).scheme not in ("http", "https") or any(char in redirect for char in "\r\n"):
        return reply(400, {"error": "redirect_uri_missing", "error_description": "redirect_uri not provided"})
    back = {"state": asked["state"]} if "state" in asked else {}
    if asked.get("response_type") != "code":
        wrong = {"error": "unsupported_response_type", "error_description": "response type not supported"}
        return _sent(redirect, wrong | back)
    store = system.store
    with store.transaction():
        code = "aPrx" + system.chance.token("code", store.next("code"), 76)
        store.put(CODE.name, {
            "id": code, "user": system.org.user_id, "redirect": redirect, "issued": call.at,
            "scope": asked.get("scope") or "refresh_token api id", "challenge": asked.get("code_challenge", ""),
        })  # fmt: skip
    return _sent(redirect, {"code": code} | back)


def _sent(redirect: str, members: Form) -> Answer:
    joint = "&" if "?" in redirect else "?"
    return Answer(302, headers={"Location": f"{redirect}{joint}{urlencode(members)}"})


def _challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
