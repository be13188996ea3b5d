"""A private file is replaced as a whole or not at all, and only its owner reads it."""

import os
import stat
from pathlib import Path

import pytest

from liveone.settings.private_file import replace_private


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    for content in (b"first, and longer", b"second"):
        replace_private(path, content)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "users.toml"
    replace_private(path, b"first")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_private(path, b"second")
    assert path.read_bytes() == b"first"
