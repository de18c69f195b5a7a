"""The signed client assertion of OAuth2 machine-to-machine: ES256 (deterministic, RFC 6979) or PS256."""

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from synccore.systems.client import render
from synccore.systems.credentials import CloudErpAccess

LIFETIME_S = 3000  # at most an hour is allowed
SCOPE = "rest_webservices"


class Assertions:
    """Makes the JWT for the token endpoint; the key is read once."""

    def __init__(self, access: CloudErpAccess, audience: str) -> None:
        self._access, self._audience = access, audience
        key = load_pem_private_key(access.private_key_pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ValueError("the private key must be an EC (P-256) or an RSA key")
        self._key = key

    def make(self, at: float, token_id: str) -> str:
        """A JWT issued at `at` (wire time, epoch seconds) with this id."""
        elliptic = isinstance(self._key, ec.EllipticCurvePrivateKey)
        header = {"alg": "ES256" if elliptic else "PS256", "kid": self._access.certificate_id, "typ": "JWT"}
        claims = {
            "iss": self._access.client_id,
            "scope": SCOPE,
            "aud": self._audience,
            "iat": int(at),
            "exp": int(at) + LIFETIME_S,
            "jti": token_id,
        }
        signed = f"{_text(render(header))}.{_text(render(claims))}"
        return f"{signed}.{_text(self._sign(signed.encode()))}"

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            encoded = self._key.sign(content, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            r, s = decode_dss_signature(encoded)
            size = (self._key.curve.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        digest_size = hashlib.sha256().digest_size
        return self._key.sign(
            content, padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=digest_size), hashes.SHA256()
        )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
