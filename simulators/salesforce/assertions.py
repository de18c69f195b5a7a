"""JWT bearer assertions: who signed them, for whom, until when (RFC 7523, RS256 by a registered certificate)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from simulators.kit.fidelity import approximate, exact

exact(
    "JWT bearer: RS256 by the registered certificate, `iss`, `sub`, `aud`, `exp`; `exp` may be a string of digits",
    source="documented, observed",
    held_by="test_grants, test_live_simple_salesforce",
)
approximate(
    "the assertion's audience",
    "may be any `https` or `http` URL of salesforce.com or force.com, or of the address that the client calls",
    source="ours",
)
approximate(
    "an assertion that is too old",
    "is `invalid assertion`, three minutes of skew allowed, judged on wire time; how far ahead `exp` may lie is not "
    "checked",
)

CERTIFICATE, PRIVATE_KEY = (Path(__file__).with_name(f"connected_app.{end}") for end in ("crt", "key"))
"""The certificate that a connected app has unless another is registered, and its key, for clients to sign with."""

SKEW_S = 180.0
_OURS = (".salesforce.com", ".force.com")
_UNJUDGED = {f"verify_{claim}": False for claim in ("aud", "iat", "exp", "nbf", "iss", "sub", "jti")}


def load_certificate(pem: str) -> RSAPublicKey:
    """The RSA key of a PEM certificate or public key; ValueError for anything else."""
    data = pem.encode()
    key = load_pem_x509_certificate(data).public_key() if b"CERTIFICATE" in data else load_pem_public_key(data)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a connected app's certificate has an RSA key")
    return key


def claims_of(assertion: str, key: RSAPublicKey) -> Mapping[str, Any] | None:
    """The claims of an assertion that this key signed with RS256; None for any other text."""
    try:
        found: Mapping[str, Any] = jwt.decode(assertion, key, algorithms=["RS256"], options=_UNJUDGED)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return found


def issuer_of(assertion: str) -> str | None:
    """The client id that an assertion claims, before anything is believed; None for what is no JWT."""
    try:
        found = jwt.decode(assertion, options={**_UNJUDGED, "verify_signature": False})  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return str(found.get("iss", "")) if isinstance(found, dict) else None


def refusal(claims: Mapping[str, Any], now: float, called: str) -> str | None:
    """Why claims are not good at wire time `now` for a call to the base URL `called`; None when they are."""
    if not _audience_fits(claims.get("aud"), called):
        return "audience is invalid"
    expires = claims.get("exp")
    if isinstance(expires, str) and expires.isdecimal() and len(expires) < 16:
        expires = int(expires)  # simple-salesforce sends a string
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not expires > now - SKEW_S:
        return "invalid assertion"
    if not isinstance(claims.get("sub"), str):
        return "invalid assertion"
    return None


def _audience_fits(audience: object, called: str) -> bool:
    if not isinstance(audience, str):
        return False
    try:
        parts = urlsplit(audience)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("https", "http") or not host:
        return False
    return host.endswith(_OURS) or host in (urlsplit(called).hostname, "localhost", "127.0.0.1")
