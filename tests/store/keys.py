"""Access tokens for a server of the tests' own, and a certificate that nobody vouches for; by openssl."""

import base64
import json
import ssl
import subprocess
from pathlib import Path


class Keys:
    """The key of a server's owner (Ed25519); makes tokens."""

    def __init__(self, folder: Path) -> None:
        self.private, self.public, self._folder = folder / "key.pem", folder / "public.pem", folder
        openssl("genpkey", "-algorithm", "ed25519", "-out", str(self.private))
        openssl("pkey", "-in", str(self.private), "-pubout", "-out", str(self.public))

    def token(self, **claims: object) -> str:
        parts = [json.dumps(part).encode() for part in ({"alg": "EdDSA", "typ": "JWT"}, claims)]
        signed = ".".join(plain64(part) for part in parts)
        message, signature = self._folder / "message", self._folder / "signature"
        message.write_text(signed)
        key = ("-inkey", str(self.private), "-rawin", "-in", str(message), "-out", str(signature))
        openssl("pkeyutl", "-sign", *key)
        return f"{signed}.{plain64(signature.read_bytes())}"


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that nobody else has signed, and what speaks TLS with it."""
    key, certificate = folder / "tls-key.pem", folder / "certificate.pem"
    made = ("-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
    openssl("req", "-x509", "-newkey", "rsa:2048", *made, "-keyout", str(key), "-out", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def plain64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
