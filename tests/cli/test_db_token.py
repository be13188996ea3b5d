"""`liveone db token`: a key that is never overwritten, and tokens with the claims that sqld looks at."""

import base64
import json
import time
from pathlib import Path

from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from liveone.cli.root import root
from liveone.errors import BadInput


def made(*words: object) -> Result:
    return CliRunner().invoke(root, ["db", "token", *map(str, words)])


def opened(text: str, key: Path) -> dict[str, object]:
    """The claims of a token, once the public key says that it is genuine."""
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")
    )
    public = serialization.load_pem_public_key(key.with_suffix(".pub.pem").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(signature, text.rpartition(".")[0].encode())
    assert json.loads(head)["alg"] == "EdDSA"
    found: dict[str, object] = json.loads(claims)
    return found


def test_the_token_alone_is_on_standard_output_and_says_what_was_asked(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    first = made(key, "--new-key")
    assert opened(first.stdout.strip(), key) == {"a": "rw"}
    assert first.stdout.count("\n") == 1
    assert "PRIVATE" not in first.output
    assert key.stat().st_mode & 0o777 == 0o600
    claims = opened(made(key, "--namespace", "house", "--read-only", "--days", 2).stdout.strip(), key)
    assert (claims["a"], claims["id"]) == ("ro", "house")
    assert abs(int(str(claims["exp"])) - time.time() - 2 * 86_400) < 600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    made(key, "--new-key")
    was = key.read_bytes()
    again = made(key, "--new-key")
    assert isinstance(again.exception, BadInput)
    assert "never overwritten" in str(again.exception)
    assert key.read_bytes() == was
    key.unlink()
    assert "never overwritten" in str(made(key, "--new-key").exception), "the public half of another"
    assert not key.exists()


def test_what_is_no_key_of_that_kind_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    assert "no Ed25519 key" in str(made(other).exception)
    other.write_text("hello")
    assert "is no private key" in str(made(other).exception)
    assert "--new-key" in str(made(tmp_path / "none.pem").exception)
    assert "cannot be written" in str(made(tmp_path / "none" / "key.pem", "--new-key").exception)
