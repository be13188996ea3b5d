"""The one place where errors of a libSQL server and its network become ours, with what to do about them."""

from collections.abc import Iterator
from contextlib import contextmanager

from hrana import errors
from liveone.errors import BadInput, LiveOneError
from liveone.store.database import (
    Busy,
    ConstraintFailed,
    Corrupt,
    Full,
    OutcomeUnknown,
    ReadOnly,
    SchemaChanged,
    StoreError,
    Unavailable,
)

NETWORK_HINT = (
    "Check the address, and that the server runs; `liveone serve` keeps readings in its spool meanwhile."
)
TRUST_HINT = (
    "For an authority of your own set SSL_CERT_FILE to its certificate. Is this machine's clock right?"
)
SILENT_HINT = "The server hangs: see to it, or start it again. Readings are kept in the spool meanwhile."
TOKEN_HINT = "Set LIVEONE_DATABASE_TOKEN to a token that is valid for this database."
READ_ONLY_HINT = "Use a token that may write; with a read-only one an instance can only show."
PLACE_HINT = "Check the host; a server with namespaces wants ?namespace=NAME at the end of the URL."

_OURS: tuple[tuple[type[errors.HranaError], type[StoreError], str], ...] = (
    (errors.LockStolen, Busy, "Try again, with less at once."),
    (errors.Blocked, Busy, "Somebody blocked them, perhaps for a migration."),
    (errors.Waiting, Busy, "Wait a moment and try again."),
    (errors.OutcomeUnknown, OutcomeUnknown, NETWORK_HINT),
    (errors.Untrusted, Unavailable, TRUST_HINT),
    (errors.Silent, Unavailable, SILENT_HINT),
    (errors.NotSent, Unavailable, NETWORK_HINT),
    (errors.TokenRefused, Unavailable, TOKEN_HINT),
    (errors.NotThere, Unavailable, PLACE_HINT),
    (errors.DiskFailed, Unavailable, "Check the server's disk."),
    (errors.Unserved, Unavailable, "Try again."),
    (errors.ReadOnly, ReadOnly, READ_ONLY_HINT),
    (errors.ConstraintFailed, ConstraintFailed, ""),
    (errors.Full, Full, "Free some space; nothing was lost."),
    (errors.Damaged, Corrupt, "Restore it on the server."),
    (errors.Missing, SchemaChanged, "The schema changed underneath; try again."),
    (errors.TooLarge, StoreError, "Ask for less at once."),
)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the client raised inside become StoreErrors, and BadInput for a URL that is none."""
    try:
        yield
    except errors.HranaError as error:
        raise _translation(error) from error


def _translation(error: errors.HranaError) -> LiveOneError:
    if isinstance(error, errors.BadAddress):
        return BadInput(str(error), hint=_address_hint(error))
    kind, hint = next(
        ((ours, hint) for theirs, ours, hint in _OURS if isinstance(error, theirs)), (StoreError, "")
    )
    found = kind(str(error), hint=hint)
    found.step = error.step if isinstance(error, errors.Refused) else None
    return found


def _address_hint(error: errors.BadAddress) -> str:
    if error.in_the_clear:
        return (
            "Use https:// or libsql://. In a network that you trust, allow it by the host's name: add "
            "?plain=HOST to the URL."
        )
    if error.holds_secret:
        return "Take it out, and set LIVEONE_DATABASE_TOKEN instead."
    return "Write libsql://HOST, http://HOST:PORT or http://HOST:PORT?namespace=NAME."
