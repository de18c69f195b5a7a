"""Token-based authentication: OAuth 1.0a one-legged, HMAC-SHA256 over the raw request target (RFC 5849)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from simulators.kit.fidelity import approximate, exact

exact(
    "TBA: HMAC-SHA256 over the raw target, realm unsigned, body hash verified when there is one, 300 s skew, "
    "nonce once",
    source="documented, observed",
    held_by="test_oauth1, test_netsuite_client",
)
exact(
    "TBA with HMAC-SHA1, unknown keys or a wrong realm: 401 INVALID_LOGIN with `WWW-Authenticate`",
    source="documented",
    held_by="test_oauth1",
)
approximate("the challenge of a refused TBA call", "its text is ours")

SKEW_S_MAX = 300
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class Token:
    """A consumer and token pair with the role it stands for."""

    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str
    role: str


@dataclass(frozen=True)
class Request:
    """What was signed: method, `scheme://host` as the client saw it, and the target exactly as it was sent."""

    method: str
    base_url: str
    raw_path: str
    query: str
    body: bytes


@lru_cache(maxsize=4096)
def encode(text: str) -> str:
    """Percent-encoding of RFC 5849 section 3.6."""
    return quote(text, safe="-._~")


def parameters(header: str) -> dict[str, str]:
    """The decoded parameters of an `Authorization: OAuth` header."""
    return {name: unquote(value) for name, value in _PARAMETER.findall(header)}


def signature(request: Request, given: Mapping[str, str], token: Token) -> str:
    """The signature that the token's holder would have made of this request."""
    pairs = [(encode(name), encode(value)) for name, value in given.items() if name not in ("realm", "oauth_signature")]
    pairs += [(encode(name), encode(value)) for name, value in parse_qsl(request.query, keep_blank_values=True)]
    scheme, _, host = request.base_url.partition("://")
    normal = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = "&".join((request.method.upper(), encode(f"{scheme}://{host.lower()}{request.raw_path}"), encode(normal)))
    key = f"{encode(token.consumer_secret)}&{encode(token.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()


def refusal(request: Request, given: Mapping[str, str], token: Token | None, account: str, now: float) -> str | None:
    """Why the vendor refuses this request, or None. `now` is wire time; nonces are the caller's to remember."""
    if token is None or given.get("oauth_consumer_key") != token.consumer_key:
        return "unknown consumer key or token"
    if given.get("realm", "").lower().replace("-", "_") != account.lower().replace("-", "_"):
        return "wrong account in realm"
    if given.get("oauth_signature_method") != "HMAC-SHA256":
        return "signature method is not HMAC-SHA256"
    if given.get("oauth_version", "1.0") != "1.0" or not given.get("oauth_nonce"):
        return "version or nonce"
    at = given.get("oauth_timestamp", "")
    if not (at.isascii() and at.isdigit() and len(at) < 15) or abs(int(at) - now) > SKEW_S_MAX:
        return "timestamp outside of the allowed window"
    hashed = given.get("oauth_body_hash")
    if hashed is not None:
        digest = base64.b64encode(hashlib.sha1(request.body, usedforsecurity=False).digest()).decode()
        if not hmac.compare_digest(hashed.encode(), digest.encode()):
            return "body hash"
    if not hmac.compare_digest(given.get("oauth_signature", "").encode(), signature(request, given, token).encode()):
        return "signature"
    return None


class Nonces:
    """Nonces seen within the window of accepted timestamps; a repeated one is a replay."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], float] = {}

    def first_use(self, given: Mapping[str, str], now: float) -> bool:
        """Remember nonce, timestamp and token; False when they were used before."""
        key = (given["oauth_token"], given["oauth_timestamp"], given["oauth_nonce"])
        if key in self._seen:
            return False
        for old, at in list(self._seen.items())[:2]:  # oldest first: two out for one in keeps it bounded
            if at < now - 2 * SKEW_S_MAX:
                del self._seen[old]
        self._seen[key] = now
        return True

    def clear(self) -> None:
        """Forget all."""
        self._seen.clear()
