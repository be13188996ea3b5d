"""HTTP authentication by digest (RFC 7616), as devices on a local network ask for it. Pure.

The password itself is never sent. Shelly's second generation asks for SHA-256, the Envoy for MD5.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping

_PART = re.compile(r'\b(\w++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


def challenge_of(header: str) -> Mapping[str, str] | None:
    """The parts of a ``WWW-Authenticate`` header by name; None where it does not ask for a digest that is
    known."""
    scheme, _, rest = header.strip().partition(" ")
    parts = {name.lower(): quoted or plain for name, quoted, plain in _PART.findall(rest)}
    known = parts.get("algorithm", "MD5").upper() in ALGORITHMS
    return parts if scheme.lower() == "digest" and known and "nonce" in parts and "realm" in parts else None


def digest_header(
    challenge: Mapping[str, str], *, user: str, password: str, method: str, path: str, cnonce: str = ""
) -> str:
    """The ``Authorization`` header that answers a challenge of ``challenge_of``."""
    algorithm = challenge.get("algorithm", "MD5")
    make = ALGORITHMS[algorithm.upper()]

    def hashed(*texts: str) -> str:
        return make(":".join(texts).encode()).hexdigest()

    nonce, realm = challenge["nonce"], challenge["realm"]
    account, request = hashed(user, realm, password), hashed(method, path)
    parts = {"username": user, "realm": realm, "nonce": nonce, "uri": path}
    if "auth" in [each.strip() for each in challenge.get("qop", "").split(",")]:
        ours = cnonce or secrets.token_hex(8)
        response = hashed(account, nonce, "00000001", ours, "auth", request)
        counted = f', qop=auth, nc=00000001, cnonce="{ours}"'
    else:
        response, counted = hashed(account, nonce, request), ""
    quoted = ", ".join(f'{name}="{value}"' for name, value in {**parts, "response": response}.items())
    opaque = f', opaque="{challenge["opaque"]}"' if "opaque" in challenge else ""
    return f"Digest {quoted}, algorithm={algorithm}{counted}{opaque}"
