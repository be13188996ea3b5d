"""The one place where errors of changeover's database half become ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from changeover import errors as theirs
from liveone.store.database import Busy, Corrupt, Full, StoreError, Unavailable

_KINDS: tuple[tuple[type[theirs.ChangeoverError], type[StoreError]], ...] = (
    (theirs.Busy, Busy),
    (theirs.Full, Full),
    (theirs.Damaged, Corrupt),
)


@contextmanager
def as_ours() -> Iterator[None]:
    """Raises the StoreError for a ChangeoverError; Unavailable where there is no closer one."""
    try:
        yield
    except theirs.ChangeoverError as error:
        kind = next((ours for kind, ours in _KINDS if isinstance(error, kind)), Unavailable)
        raise kind(error.message, hint=error.hint) from error
