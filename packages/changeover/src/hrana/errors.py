"""The errors of a libSQL server and of the way to it, by code first and by text last.

HranaError                acted   retryable
├── BadAddress            no      no       a URL that names no server, or holds a secret
├── BadValue              no      no       a value that JSON or SQLite cannot carry
├── NotSent               no      yes      the server could not be reached
│   ├── Untrusted         no      yes      its certificate is not trusted
│   └── Silent            no      yes      it takes connections and reads nothing
├── OutcomeUnknown        ?       yes      the request was sent, and no answer came
│   └── ServerFailed      ?       yes      an answer of 500 and above, by the server or a proxy
└── Refused               no      no       the server says no; ``code``, ``said`` and ``step`` are its words
    ├── Waiting           no      yes      the same request may be taken in a moment
    │   ├── Locked                         another writer holds the lock
    │   ├── LockStolen                     we held it for longer than others wait (5 s); rolled back
    │   ├── Blocked                        somebody blocked writes (`block_writes`)
    │   └── TooMany                        too many requests at once (429)
    ├── Unserved          no      yes      not now and not here
    │   ├── StreamExpired                  the stream was idle for too long (10 s)
    │   ├── TokenRefused                   no token, a wrong one, or one that has expired
    │   ├── NotThere                       no such host or namespace (404)
    │   └── DiskFailed                     the server cannot read or write its own disk
    ├── TooLarge                           the answer is larger than the server sends at once
    ├── ReadOnly                           our token only reads
    ├── ConstraintFailed, Full, Damaged    as SQLite means them
    └── Missing                            no such table or column

``acted`` answers "may the server have done what was asked for?": False, or None where nobody knows. A request
is one transaction or one statement, so a refusal of any part of it has undone the rest.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson


class HranaError(Exception):
    """Anything that went wrong between us and a libSQL server; the text says what, and where."""

    acted: bool | None = False
    retryable = False


class BadAddress(HranaError):
    """A URL that cannot be used. ``holds_secret``: because it would be shown with a secret in it;
    ``in_the_clear``: because a token would be sent over plain http."""

    def __init__(self, message: str, *, holds_secret: bool = False, in_the_clear: bool = False) -> None:
        super().__init__(message)
        self.holds_secret, self.in_the_clear = holds_secret, in_the_clear


class BadValue(HranaError):
    """A value that the wire does not carry, on its way there or back."""


class NotSent(HranaError):
    """The server could not be reached, so it has done nothing."""

    retryable = True


class Untrusted(NotSent):
    """The server's certificate is signed by nobody that this machine trusts."""


class Silent(NotSent):
    """The server takes connections and reads nothing: whoever asks it just now waits in vain."""


class OutcomeUnknown(HranaError):
    """The request was sent and no answer came: it was done wholly, or not at all."""

    acted = None
    retryable = True


class ServerFailed(OutcomeUnknown):
    """An answer of 500 and above: whoever gave it may not know what the database did."""


class Refused(HranaError):
    """The server says no. ``step`` is the place of the statement in a batch, where that is known."""

    step: int | None = None

    def __init__(self, message: str, *, code: str = "", said: str = "") -> None:
        super().__init__(message)
        self.code, self.said = code, said


class Waiting(Refused):
    """The same request may be taken in a moment."""

    retryable = True


class Locked(Waiting):
    """Another writer holds the lock."""


class LockStolen(Waiting):
    """We held the write lock for longer than the server lets others wait; everything was rolled back."""


class Blocked(Waiting):
    """Somebody blocked the writes of this database."""


class TooMany(Waiting):
    """The server has too many requests or open streams at once."""


class Unserved(Refused):
    """The server, or what stands before it, does not serve us just now."""

    retryable = True


class StreamExpired(Unserved):
    """The stream was idle for too long; what was open in it was rolled back."""


class TokenRefused(Unserved):
    """No token, a wrong one, or one that has expired."""


class NotThere(Unserved):
    """No database of that name answers there."""


class DiskFailed(Unserved):
    """The server cannot read or write its own disk."""


class TooLarge(Refused):
    """The answer is larger than the server sends at once; the same read in another form succeeds."""


class ReadOnly(Refused):
    """Our token only reads."""


class ConstraintFailed(Refused):
    """The rows offered break a rule of the schema."""


class Full(Refused):
    """The server's disk is full."""


class Damaged(Refused):
    """The database's file is damaged."""


class Missing(Refused):
    """No such table or column."""


_KINDS: dict[str, tuple[type[Refused], str]] = {
    "SQLITE_BUSY": (Locked, "is locked by another writer"),
    "TRANSACTION_BUSY": (Locked, "is locked by another writer"),
    "TRANSACTION_TIMEOUT": (LockStolen, "gave the write lock to another writer"),
    "BLOCKED": (Blocked, "takes no writes just now"),
    "SQLITE_CONSTRAINT": (ConstraintFailed, "refused the rows"),
    "SQLITE_READONLY": (ReadOnly, "cannot be written"),
    "SQLITE_FULL": (Full, "cannot grow: the server's disk is full"),
    "SQLITE_CORRUPT": (Damaged, "is damaged"),
    "SQLITE_NOTADB": (Damaged, "is damaged"),
    "SQLITE_IOERR": (DiskFailed, "cannot be read or written by its server"),
    "STREAM_EXPIRED": (StreamExpired, "gave our stream up, and rolled back what was open in it"),
}
_MISSING = ("no such table", "no such column", "has no column named", "columns but", "values for")


@contextmanager
def understanding(label: str) -> Iterator[None]:
    """What an answer raises inside that is none of a libSQL server's (a proxy's, say) is OutcomeUnknown."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown(f"database {label} did not answer: what came is no libSQL server's") from error


def refused(error: dict[str, Any], label: str) -> Refused:
    """The error that the server reports of a statement."""
    code, text = str(error.get("code") or ""), str(error.get("message") or "")
    if code == "RESPONSE_TOO_LARGE":
        return TooLarge(f"database {label}: {text}", code=code, said=text)
    kind, what = _KINDS.get("BLOCKED" if "BLOCKED" in code else code, (None, ""))
    if kind is not None:
        return kind(f"database {label} {what} ({text})", code=code, said=text)
    if any(words in text for words in _MISSING):
        return Missing(f"database {label}: {text}", code=code, said=text)
    if "not authorized" in text.lower() or "unauthorized" in text.lower():
        return ReadOnly(f"database {label} cannot be written ({text})", code=code, said=text)
    return Refused(f"database {label}: {text}{f' ({code})' if code else ''}", code=code, said=text)


def refused_request(status: int, body: bytes, label: str) -> HranaError:
    """The error for an HTTP answer that is not 200."""
    said = body[:300].decode("utf-8", "replace").strip()
    facts = {"code": str(status), "said": said}
    if status == 400 and (error := _error_in(body)):
        return refused(error, label)
    if status == 403 and b"Write permission" in body:
        return ReadOnly(f"database {label} cannot be written: our token only reads", **facts)
    if status in (401, 403):
        return TokenRefused(f"database {label} refuses our token ({said or status})", **facts)
    if status == 404:
        return NotThere(f"database {label} is not there ({said or status})", **facts)
    if status == 429:
        return TooMany(f"database {label} has too many requests at once", **facts)
    if status >= 500:
        return ServerFailed(f"database {label} fails ({status} {said})")
    return Refused(f"database {label} does not understand us ({status} {said})", **facts)


def _error_in(body: bytes) -> dict[str, Any] | None:
    """The server's error where a whole request is refused in its own words, as for a stream that expired."""
    with suppress(orjson.JSONDecodeError):
        found = orjson.loads(body)
        if isinstance(found, dict) and found.get("code"):
            return found
    return None
