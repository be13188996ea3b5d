"""The token of a source that sends its readings itself; only its hash is stored."""

import hashlib
import secrets

PREFIX = "lo-push-"


def new_push_token() -> str:
    """256 random bits, with a prefix by which people and secret scanners recognise it."""
    return PREFIX + secrets.token_urlsafe(32)


def push_token_hash(token: str) -> str:
    """SHA-256 in hexadecimal: a token is long and random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
