"""The one place where a libSQL server's refusals become our errors, by code first and by text last."""

from typing import Any

from liveone.store.database import (
    Busy,
    ConstraintFailed,
    Corrupt,
    Full,
    ReadOnly,
    SchemaChanged,
    StoreError,
    Unavailable,
)

NETWORK_HINT = "Check the address, and that the server runs; readings are kept in the spool meanwhile."
TOKEN_HINT = "Set LIVEONE_DATABASE_TOKEN to a token that is valid for this database."
READ_ONLY_HINT = "Use a token that may write; with a read-only one an instance can only show."

_KINDS: dict[str, tuple[type[StoreError], str, str]] = {
    "SQLITE_BUSY": (Busy, "is locked by another writer", "Wait a moment and try again."),
    "TRANSACTION_TIMEOUT": (Busy, "gave the write lock to another writer", "Try again, with less at once."),
    "TRANSACTION_BUSY": (Busy, "is locked by another writer", "Wait a moment and try again."),
    "BLOCKED": (Busy, "takes no writes just now", "Somebody blocked them, perhaps for a migration."),
    "SQLITE_CONSTRAINT": (ConstraintFailed, "refused the rows", ""),
    "SQLITE_READONLY": (ReadOnly, "cannot be written", READ_ONLY_HINT),
    "SQLITE_FULL": (Full, "cannot grow: the server's disk is full", "Free some space; nothing was lost."),
    "SQLITE_CORRUPT": (Corrupt, "is damaged", "Restore it on the server."),
    "SQLITE_NOTADB": (Corrupt, "is damaged", "Restore it on the server."),
    "SQLITE_IOERR": (Unavailable, "cannot be read or written by its server", "Check the server's disk."),
    "STREAM_EXPIRED": (Unavailable, "took too long over one request", "Try again."),
}
_MISSING = ("no such table", "no such column", "has no column named", "columns but", "values for")

TOO_LARGE = "RESPONSE_TOO_LARGE"


class AnswerTooLarge(StoreError):
    """The answer is larger than the server sends at once; the same read in another form succeeds."""


def refused(error: dict[str, Any], label: str) -> StoreError:
    """The StoreError for an error that the server reports of a statement."""
    code, text = str(error.get("code") or ""), str(error.get("message") or "")
    if code == TOO_LARGE:
        return AnswerTooLarge(f"database {label}: {text}", hint="Ask for less at once.")
    if "BLOCKED" in code or "blocked" in text.lower():
        code = "BLOCKED"
    if code in _KINDS:
        kind, what, hint = _KINDS[code]
        return kind(f"database {label} {what} ({text})", hint=hint)
    if any(words in text for words in _MISSING):
        return SchemaChanged(f"database {label}: {text}", hint="The schema changed underneath; try again.")
    if "not authorized" in text.lower() or "unauthorized" in text.lower():
        return ReadOnly(f"database {label} cannot be written ({text})", hint=READ_ONLY_HINT)
    return StoreError(f"database {label}: {text}{f' ({code})' if code else ''}")


def refused_request(status: int, body: bytes, label: str) -> StoreError:
    """The StoreError for an HTTP answer that is not 200."""
    said = body[:300].decode("utf-8", "replace").strip()
    if status == 403 and b"Write permission" in body:
        return ReadOnly(f"database {label} cannot be written: our token only reads", hint=READ_ONLY_HINT)
    if status in (401, 403):
        return Unavailable(f"database {label} refuses our token ({said or status})", hint=TOKEN_HINT)
    if status == 404:
        return Unavailable(
            f"database {label} is not there ({said or status})",
            hint="Check the host; a server with namespaces wants ?namespace=NAME at the end of the URL.",
        )
    if status == 429:
        return Busy(f"database {label} has too many requests at once", hint="Wait a moment and try again.")
    if status >= 500:
        return Unavailable(f"database {label} fails ({status} {said})", hint=NETWORK_HINT)
    return StoreError(f"database {label} does not understand us ({status} {said})")
