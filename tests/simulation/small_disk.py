"""A disk of a few megabytes, to be filled. Mounting one takes root: skipped elsewhere, but never in CI."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, *, megabytes: int) -> Iterator[Path]:
    """A tmpfs at ``path``, gone afterwards."""
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "liveone-test", str(path)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no small disk can be mounted, and CI must not skip it: {done.stderr}")
        pytest.skip(f"a small disk needs root: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False)
