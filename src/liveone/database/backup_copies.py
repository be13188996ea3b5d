"""Where copies of backups go besides their folder: another folder, a machine by SSH, S3-compatible storage.

Rule: a copy has its name only when it is whole; a failed one leaves at most a file that no backup is called
like, which the next one replaces. Raises OSError, CopyFailed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from liveone.errors import ConfigError, LiveOneError
from liveone.store import backup

SSH_CONFIG = "ssh_config"
"""Beside the settings: keys, ports and known hosts of LiveOne's own, where the home of its user is hidden."""
SSH_OPTIONS = (
    *("-o", "BatchMode=yes", "-o", "ConnectTimeout=20"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)
COPY_S = 6 * 3600.0
PLAIN = re.compile(r"[A-Za-z0-9._~@:/-]+")


class CopyFailed(LiveOneError):
    """A copy could not be made, or is not what was copied."""


class BackupCopies(Protocol):
    """One place for copies."""

    def keep(self, path: Path, *, fetched_back: bool) -> None:
        """Copy a proven backup there; ``fetched_back``: read it from there again and compare the hash."""
        ...

    def drop(self, name: str) -> None:
        """Remove a copy; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True)
class FolderCopies:
    """A folder on another disk. Each copy is read again: that costs nothing over a network of others."""

    folder: Path

    def keep(self, path: Path, *, fetched_back: bool) -> None:
        """See BackupCopies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{path.name}.partial"
        try:
            shutil.copyfile(path, partial)
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            _require_same(partial, path, str(self.folder))
            partial.replace(self.folder / path.name)
        finally:
            partial.unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """See BackupCopies."""
        (self.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class SftpCopies:
    """A folder of another machine, by the system's ``sftp``: ``sftp://USER@HOST:PORT/FOLDER``.

    The host must be known and the key must need no passphrase: nobody is there to answer.
    """

    host: str
    port: int | None
    folder: str
    config: Path | None = None

    def keep(self, path: Path, *, fetched_back: bool) -> None:
        """See BackupCopies."""
        partial, final = self._place(f".{path.name}.partial"), self._place(path.name)
        self._run([f"-rm {partial}", f"put {_quoted(str(path))} {partial}"])
        with tempfile.TemporaryDirectory(prefix=".fetched-", dir=path.parent) as folder:
            back = Path(folder) / path.name
            if fetched_back:
                self._run([f"get {partial} {_quoted(str(back))}"])
                _require_same(back, path, self.host)
        self._run([f"-rm {final}", f"rename {partial} {final}"])

    def drop(self, name: str) -> None:
        """See BackupCopies."""
        self._run([f"-rm {self._place(name)}"])

    def _place(self, name: str) -> str:
        return _quoted(f"{self.folder}/{name}")

    def _run(self, commands: Sequence[str]) -> None:
        """Commands of one session; it ends at the first that fails, but for those that begin with ``-``."""
        config = ("-F", str(self.config)) if self.config else ()
        port = ("-P", str(self.port)) if self.port else ()
        try:
            done = subprocess.run(
                ["sftp", "-q", *config, *SSH_OPTIONS, *port, "-b", "-", self.host],
                input="\n".join([*commands, ""]),
                capture_output=True,
                text=True,
                timeout=COPY_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise CopyFailed("there is no sftp here", hint="Install openssh-client.") from error
        except subprocess.TimeoutExpired as error:
            raise CopyFailed(f"{self.host} took more than {COPY_S / 3600:.0f} hours") from error
        if done.returncode:
            said = [line for line in done.stderr.strip().splitlines() if line.strip()] or ["it says nothing"]
            raise CopyFailed(
                f"the copy to {self.host} failed: {said[-1]}",
                hint=f"Try it by hand, as the user LiveOne runs as: sftp {' '.join(config)} {self.host}",
            )


@dataclass(frozen=True, slots=True)
class S3Copies:
    """A bucket: ``s3://BUCKET/PREFIX``. Address, region and keys come from the environment (``AWS_...``)."""

    url: str

    def keep(self, path: Path, *, fetched_back: bool) -> None:
        """See BackupCopies. An object appears when it is whole, so it needs no other name before."""
        import obstore

        with self._said():
            store = self._store()
            obstore.put(store, path.name, path)
            if obstore.head(store, path.name)["size"] != path.stat().st_size:
                raise CopyFailed(f"the copy of {path.name} in {self.url} has another size")
            if fetched_back:
                self._compare(path)

    def drop(self, name: str) -> None:
        """See BackupCopies."""
        import obstore

        with self._said(), suppress(FileNotFoundError):
            obstore.delete(self._store(), name)

    def _compare(self, path: Path) -> None:
        import obstore

        with tempfile.TemporaryDirectory(prefix=".fetched-", dir=path.parent) as folder:
            back = Path(folder) / path.name
            with back.open("wb") as file:
                for piece in obstore.get(self._store(), path.name).stream():
                    file.write(piece)
            _require_same(back, path, self.url)

    def _store(self) -> Any:
        from obstore.store import from_url

        return from_url(self.url, client_options={"timeout": "1h", "allow_http": True})

    @contextmanager
    def _said(self) -> Iterator[None]:
        """The library's errors, which are many, in one sentence."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            first = str(error).strip().partition("\n")[0]
            raise CopyFailed(
                f"the copy to {self.url} failed: {first}",
                hint="Check AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            ) from error


def copies_to(place: str, beside: Path) -> BackupCopies | None:
    """What ``copy_to`` of the settings names, relative to their folder; None for nothing.

    Raises ConfigError for what it cannot be, and where what it needs is not installed.
    """
    if not place:
        return None
    if "://" not in place:
        return FolderCopies(beside / place)
    split = urlsplit(place)
    if split.password or split.query or split.fragment or not split.hostname:
        raise ConfigError(
            f"backup.copy_to cannot be {place.partition('://')[0]}://...",
            hint="Write sftp://USER@HOST/FOLDER or s3://BUCKET/PREFIX, without password or keys.",
        )
    if split.scheme == "sftp" and PLAIN.fullmatch(place) and not split.netloc.startswith("-"):
        config = beside / SSH_CONFIG
        user = f"{split.username}@" if split.username else ""
        folder = split.path.removeprefix("/~/").rstrip("/") or "."
        return SftpCopies(f"{user}{split.hostname}", split.port, folder, config if config.is_file() else None)
    if split.scheme == "s3":
        if find_spec("obstore") is None:
            raise ConfigError(
                "backup.copy_to is s3://, and obstore is not installed", hint="pip install 'liveone[s3]'"
            )
        return S3Copies(place)
    raise ConfigError(
        f"backup.copy_to cannot be {place!r}",
        hint="Write a folder, sftp://USER@HOST/FOLDER (plain characters) or s3://BUCKET/PREFIX.",
    )


def _require_same(copy: Path, path: Path, where: str) -> None:
    if backup.prove(copy) != backup.prove(path):
        raise CopyFailed(f"the copy of {path.name} at {where} differs from it")


def _quoted(path: str) -> str:
    """As sftp's commands take it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
