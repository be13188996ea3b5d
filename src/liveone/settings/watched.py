"""A file that another program or process may change while this one runs."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from liveone.errors import LiveOneError

log = logging.getLogger(__name__)
Content = TypeVar("Content")
Stamp = tuple[int, int, int] | None


class WatchedFile(Generic[Content]):
    """What ``read`` makes of a file, read anew when the file is another. Safe to call from any thread.

    The first reading raises what ``read`` raises. Later a file that cannot be read leaves what was known, and
    is logged once.
    """

    def __init__(self, path: Path, read: Callable[[Path], Content]) -> None:
        self._path, self._read = path, read
        self._stamp = self._stamp_now()
        self._content = read(path)

    def current(self) -> Content:
        """The content as the file is now; costs one look at the folder while nothing has changed."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            try:
                self._content = self._read(self._path)
            except (LiveOneError, OSError) as error:
                log.error(
                    "%s was changed and cannot be read; what it said before holds: %s", self._path, error
                )
            self._stamp = stamp
        return self._content

    def _stamp_now(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
