"""The token of a source that sends by itself. Of it only its hash is kept."""

import hashlib
import secrets

PREFIX = "lo-push-"


def new_push_token() -> str:
    """256 random bits, with a beginning by which people and scanners of leaked secrets know it."""
    return PREFIX + secrets.token_urlsafe(32)


def push_token_hash(token: str) -> str:
    """SHA-256 in hexadecimal: a token is long and random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
