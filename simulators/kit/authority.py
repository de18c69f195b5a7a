"""The sandbox's private certificate authority: made once, kept in a folder, trusted by nobody but who asks for it."""

import os
import ssl
from pathlib import Path

import trustme

CERTIFICATE, KEY = "ca.pem", "ca.key"
NAMES_MAX = 1_000  # contexts kept; a client that invents names must not fill the memory


class Authority:
    """Issues a certificate for each name that a client asks for in its TLS greeting."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.certificate = folder / CERTIFICATE
        key = folder / KEY
        if self.certificate.exists() and key.exists():
            self._ca = trustme.CA.from_pem(self.certificate.read_bytes(), key.read_bytes())
        else:
            self._ca = trustme.CA(organization_name="Windtunnel sandbox")
            descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._ca.private_key_pem.bytes())
            self.certificate.write_bytes(self._ca.cert_pem.bytes())
        self._contexts: dict[str, ssl.SSLContext] = {}

    def local_pair(self) -> tuple[bytes, bytes]:
        """A fresh private key and its certificate chain (PEM) for a server on this machine."""
        issued = self._ca.issue_cert("localhost", "127.0.0.1")
        return issued.private_key_pem.bytes(), b"".join(blob.bytes() for blob in issued.cert_chain_pems)

    def context(self) -> ssl.SSLContext:
        """A server's TLS context that shows the certificate of whatever name is asked for."""
        front = self._for("localhost")

        def choose(socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name:
                socket.context = self._for(name.lower())

        front.sni_callback = choose
        return front

    def _for(self, name: str) -> ssl.SSLContext:
        found = self._contexts.get(name)
        if found is None:
            names = ("localhost", "127.0.0.1") if name == "localhost" else (name,)
            found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._ca.issue_cert(*names).configure_cert(found)
            if len(self._contexts) >= NAMES_MAX:
                self._contexts.pop(next(iter(self._contexts)))
            self._contexts[name] = found
        return found
