"""What an access token says of itself; only the server can say whether it is valid."""

import base64
import binascii

import orjson


def is_read_only(token: str) -> bool:
    """Whether a token (JWT) claims to be for reading only: ``{"a": "ro"}``."""
    try:
        middle = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return False
    return isinstance(claims, dict) and claims.get("a") == "ro"
