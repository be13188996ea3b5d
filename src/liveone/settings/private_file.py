"""Files that only their owner may read, replaced as a whole."""

import os
from pathlib import Path


def replace_private(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file; a crash leaves the old or the new. Raises OSError."""
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
