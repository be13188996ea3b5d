"""The key of a libSQL server's owner, and the access tokens (JWT) that it signs.

Ed25519, as ``sqld --auth-jwt-key-file`` takes it. Claims as seen on sqld 0.24.32: ``{"a": "ro"}`` reads only,
``{"id": NAME}`` opens one namespace (others answer as if they were not there), ``exp`` ends it with a minute
of grace; ``nbf`` is not looked at, and nothing but another key takes a token back before it ends.
"""

import base64
import json
import os
from pathlib import Path

from liveone.errors import BadInput


def make_key(path: Path) -> Path:
    """Make a key pair: the private key at ``path`` (mode 0600), the public one beside; returns that.

    Raises BadInput where either is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = public_of(path)
    for there in (path, public):
        if there.exists():
            raise _is_there(there)
    key = Ed25519PrivateKey.generate()
    _write_new(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        0o600,
    )
    _write_new(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        0o644,
    )
    return public


def public_of(path: Path) -> Path:
    """Where the public half of a key lies: beside it, ``key.pub.pem`` for ``key.pem``."""
    return path.with_suffix(".pub.pem")


def token(path: Path, *, namespace: str, read_only: bool, expires_at: int | None) -> str:
    """A token that the key at ``path`` signs, for one namespace or (empty) for all. Raises BadInput."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            f"{path} is no private key: {getattr(error, 'strerror', None) or 'it is not PEM'}",
            hint="Make one: liveone db token --new-key FILE",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path} is no Ed25519 key, which is the kind that sqld takes")
    claims: dict[str, str | int] = {"a": "ro" if read_only else "rw"}
    if namespace:
        claims["id"] = namespace
    if expires_at is not None:
        claims["exp"] = expires_at
    signed = ".".join(
        _plain64(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "typ": "JWT"}, claims)
    )
    return f"{signed}.{_plain64(key.sign(signed.encode()))}"


def _plain64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _is_there(path: Path) -> BadInput:
    return BadInput(f"{path} is there already, and a key is never overwritten", hint="Name another file.")


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise _is_there(path) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        os.fsync(descriptor)
