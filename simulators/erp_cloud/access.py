"""Who calls: bearer tokens in the store, TBA signatures on the wire, and the vendor's one answer to failure."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from simulators.erp_cloud.errors import Problem, error_answer
from simulators.erp_cloud.oauth1 import Nonces, Request, Token, parameters, refusal
from simulators.erp_cloud.oauth2 import LIFETIME_S, Assertions, Client, rsa_certificate
from simulators.erp_cloud.roles import ROLES, Role
from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.chance import Chance
from simulators.kit.fidelity import approximate
from simulators.kit.store import Store

approximate(
    "a session that ends",
    "a bearer token dies with the fault `expire_credentials`; a TBA token loses its next session once (it has no "
    "lifetime)",
    source="ours",
)

INVALID_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > "
    "User Management > View Login Audit Trail."
)
# credential names of the TBA tokens and the role of each: one integration, people with roles of their own
TBA = (("", "integration"), ("clerk_", "cash_clerk"), ("controller_", "controller"))


class Access:
    """Authentication of one account."""

    def __init__(self, credentials: Mapping[str, str], store: Store, chance: Chance, wire: Callable[[], float]) -> None:
        self.account = credentials["account"]
        self._store, self._chance, self._wire = store, chance, wire
        self._tokens = {
            credentials[f"{prefix}token_id"]: Token(
                credentials.get(f"{prefix}consumer_key") or credentials["consumer_key"],
                credentials.get(f"{prefix}consumer_secret") or credentials["consumer_secret"],
                credentials[f"{prefix}token_id"], credentials[f"{prefix}token_secret"], role,
            )
            for prefix, role in TBA if credentials.get(f"{prefix}token_id")
        }  # fmt: skip
        own = {credentials.get("m2m_certificate_id", ""): credentials.get("m2m_public_key_pem", "")}
        self._configured = Assertions(Client(credentials.get("m2m_client_id", ""), rsa_certificate() | own))
        self._assertions = self._configured
        self._nonces = Nonces()
        self._bearers: dict[str, tuple[str, float]] = {}
        self._next_session_dead = False

    def forget(self) -> None:
        """Drop what is remembered outside the store."""
        self._nonces.clear()
        self._bearers.clear()
        self._next_session_dead = False
        self._assertions = self._configured

    def register(self, client_id: str, certificate_id: str, public_key_pem: str) -> None:
        """Another integration's certificate instead of the configured one, until `forget`."""
        self._assertions = Assertions(Client(client_id, {certificate_id: public_key_pem}))

    def grant(self) -> str:
        """A bearer token of one hour (wire time) for the integration's role."""
        with self._store.transaction():
            text = _token_text(self._chance, self._store.next("_token"))
            self._store.put("_token", {"id": text, "role": "integration", "expires": self._wire() + LIFETIME_S})
        return text

    def expire(self) -> None:
        """Every bearer token dies; TBA tokens have no lifetime, so the next TBA call loses its session instead."""
        for token in self._store.find("_token"):
            self._store.delete("_token", token["id"])
        self._bearers.clear()
        self._next_session_dead = True

    def role(self, call: Call) -> Role:
        """The role of an authenticated call."""
        return ROLES[call.principal]

    def refuse(self, call: Call) -> Answer | None:
        """None when the caller is known (and call.principal is its role), else 401 INVALID_LOGIN."""
        scheme, _, rest = call.headers.get("authorization", "").partition(" ")
        dead, self._next_session_dead = self._next_session_dead, False
        if scheme.lower() == "bearer":
            role = self._bearer(rest.strip())
        elif scheme.lower() == "oauth":
            role = None if dead else self._tba(call, rest)
        else:
            role = None
        if role is None:
            return self._invalid_login(scheme)
        call.principal = role
        return None

    def _bearer(self, text: str) -> str | None:
        known = self._bearers.get(text)
        if known is None:
            token = self._store.get("_token", text)
            if token is None:
                return None
            known = self._bearers[text] = (token["role"], token["expires"])
        return known[0] if self._wire() < known[1] else None

    def _tba(self, call: Call, header: str) -> str | None:
        given = parameters(header)
        token = self._tokens.get(given.get("oauth_token", ""))
        request = Request(call.method, call.base_url, call.raw_path, call.query, call.body)
        now = self._wire()
        if refusal(request, given, token, self.account, now) is not None or not self._nonces.first_use(given, now):
            return None
        assert token is not None
        return token.role

    def _invalid_login(self, scheme: str) -> Answer:
        challenge = f'OAuth realm="{self.account}", error="token_rejected", error_description="Invalid login attempt."'
        if scheme.lower() == "bearer":
            challenge = (
                f'Bearer realm="{self.account}", error="invalid_token", error_description="Invalid login attempt."'
            )
        problem = Problem(401, "INVALID_LOGIN", INVALID_LOGIN, headers=(("WWW-Authenticate", challenge),))
        return error_answer(problem)

    def issue(self, call: Call) -> Answer:
        """The token endpoint: an assertion for a bearer token of one hour (wire time)."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        now = self._wire()
        why = self._assertions.refusal(form, now)
        if why is not None:
            return json_answer(400, {"error": why[0], "error_description": why[1]})
        answer: dict[str, Any] = {"access_token": self.grant(), "expires_in": str(LIFETIME_S), "token_type": "Bearer"}
        return Answer(200, orjson.dumps(answer), "application/json", {"Cache-Control": "no-store"})


def _token_text(chance: Chance, number: int) -> str:
    """A bearer token that looks like the vendor's JWT and is a function of seed and number."""
    return f"eyJraWQiOiJz.{chance.token('bearer', number, 40)}.{chance.token('bearer.signature', number, 43)}"
