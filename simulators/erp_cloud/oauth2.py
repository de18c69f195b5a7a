"""OAuth2 machine-to-machine: a signed JWT is exchanged for a bearer token (client credentials, RFC 7523)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from simulators.kit.fidelity import absent, approximate, exact

exact(
    "OAuth2 M2M: PS/ES 256-512, RS256 refused, `aud` by substring, float `iat`/`exp`, comma and space scopes, "
    "`expires_in` a string",
    source="documented, observed",
    held_by="test_oauth2",
)
approximate("refused assertions", "which of invalid_client, invalid_grant, invalid_request and invalid_scope")
approximate("lifetimes and skew", "are judged on wire time, never on the sandbox's calendar", source="ours")
absent("authorization-code flow", "token endpoints for TBA", "revoke")

ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
LIFETIME_S = 3_600
SKEW_S = 60
RSA_CERTIFICATE = "windtunnel-rsa"
PRIVATE_KEY, _PUBLIC_KEY = (Path(__file__).with_name(f"integration.{end}") for end in ("key", "pub"))
"""The RSA key that the configured integration has beside its own, for clients that sign by PS256 alone."""
SCOPES = frozenset(("rest_webservices", "restlets", "suite_analytics"))


def rsa_certificate() -> dict[str, str]:
    """The certificate of that key, by its id."""
    return {RSA_CERTIFICATE: _PUBLIC_KEY.read_text()}


@dataclass(frozen=True)
class Client:
    """A registered integration: its client id, and the public key (PEM) of each certificate by its id."""

    client_id: str
    certificates: Mapping[str, str]


class Assertions:
    """Verifies client assertions; the costly signature check of one text is done once a process."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._keys: dict[str, Any] = {}
        self._verified: dict[bytes, dict[str, Any] | None] = {}

    def refusal(self, form: Mapping[str, str], now: float) -> tuple[str, str] | None:
        """(error, description) of a token request at wire time `now`, or None when a token is due."""
        if form.get("grant_type") != "client_credentials":
            return "invalid_request", "grant_type must be client_credentials"
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            return "invalid_request", "client_assertion and its type are needed"
        text = form["client_assertion"]
        try:
            header = jwt.get_unverified_header(text)
        except jwt.PyJWTError:
            return "invalid_request", "client_assertion is not a JWT"
        if header.get("alg") not in ALGORITHMS:
            return "invalid_client", "the signing algorithm is not allowed"
        key = self._key(header.get("kid"))
        if key is None:
            return "invalid_client", "unknown certificate"
        claims = self._claims(text, key)
        if claims is None or not self._client.client_id or claims.get("iss") != self._client.client_id:
            return "invalid_client", "the assertion is not signed by a known client"
        return _claims_refusal(claims, now)

    def _key(self, certificate: Any) -> Any:
        """The public key of a certificate; None for one that is not registered."""
        text = self._client.certificates.get(certificate) if isinstance(certificate, str) else None
        if text and certificate not in self._keys:
            self._keys[certificate] = load_pem_public_key(text.encode())
        return self._keys.get(certificate) if text else None

    def _claims(self, text: str, key: Any) -> dict[str, Any] | None:
        digest = hashlib.sha256(text.encode()).digest()
        if digest not in self._verified:
            unjudged = {f"verify_{claim}": False for claim in ("aud", "iat", "exp", "nbf", "iss", "sub", "jti")}
            try:
                claims = jwt.decode(text, key, algorithms=list(ALGORITHMS), options=unjudged)  # type: ignore[arg-type]
            except (jwt.PyJWTError, ValueError, TypeError):
                claims = None
            if len(self._verified) > 1_000:
                self._verified.clear()
            self._verified[digest] = claims
        return self._verified[digest]


def _claims_refusal(claims: Mapping[str, Any], now: float) -> tuple[str, str] | None:
    issued, expires = claims.get("iat"), claims.get("exp")
    for moment in (issued, expires):
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            return "invalid_grant", "iat and exp must be numbers"
    assert isinstance(issued, int | float) and isinstance(expires, int | float)
    if expires > issued + LIFETIME_S or expires <= now - SKEW_S or issued > now + SKEW_S:
        return "invalid_grant", "the assertion is not valid at this time"
    if TOKEN_PATH not in str(claims.get("aud", "")):
        return "invalid_grant", "the audience is not the token endpoint"
    scope = claims.get("scope")
    wanted = scope if isinstance(scope, list) else re.split(r"[,\s]+", str(scope or "").strip())
    if not wanted or not all(one in SCOPES for one in wanted):
        return "invalid_scope", "the scope is missing or unknown"
    return None
