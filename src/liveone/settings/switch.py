"""Names another database in the settings file, and changes nothing else in it."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from liveone.errors import ConfigError

TABLE = re.compile(r"^\s*\[database\]\s*(#.*)?$")
ANY_TABLE = re.compile(r"^\s*\[")
KEY = re.compile(r"""^(?P<name>\s*(?:url|replica_url)\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*')(?P<rest>.*)$""")


def name_database(path: Path, url: str, *, keeps_replica: bool) -> bool:
    """Make ``url`` the database of the settings at ``path``; False where it was that already.

    A replica that is named there goes, unless it follows the new database too (``keeps_replica``). Comments,
    owner and mode stay; a crash leaves the old file or the new one. Raises ConfigError where the file
    is not written as `liveone init` writes it, or cannot be written.
    """
    text = path.read_text(encoding="utf-8")
    wanted = _wanted(tomllib.loads(text), url, keeps_replica=keeps_replica)
    changed = _changed(text, wanted["database"])
    if _parsed(changed) != wanted:
        raise ConfigError(
            f"{path} names the database in a way that is not changed by itself",
            hint=f'Write it by hand: under [database] url = "{url}"',
        )
    if changed == text:
        return False
    try:
        _replace(path, changed)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}",
            hint=f'Write it by hand: under [database] url = "{url}"',
        ) from error
    return True


def _wanted(table: dict[str, Any], url: str, *, keeps_replica: bool) -> dict[str, Any]:
    database = {**table.get("database", {}), "url": url}
    if not keeps_replica and database.get("replica_url"):
        database["replica_url"] = ""
    return {**table, "database": database}


def _changed(text: str, database: dict[str, Any]) -> str:
    """The text with the keys of ``[database]`` as they are wanted."""
    lines, wanted = text.splitlines(keepends=True), {key: f'"{database[key]}"' for key in ("url",)}
    if "replica_url" in database:
        wanted["replica_url"] = f'"{database["replica_url"]}"'
    begin = next((place for place, line in enumerate(lines) if TABLE.match(line.rstrip("\r\n"))), None)
    if begin is None:
        return f"{text.rstrip()}\n\n[database]\nurl = {wanted['url']}\n".lstrip()
    end = next((n for n in range(begin + 1, len(lines)) if ANY_TABLE.match(lines[n])), len(lines))
    found = set()
    for place in range(begin + 1, end):
        key = KEY.match(lines[place])
        if key is not None and (name := key["name"].split("=")[0].strip()) in wanted:
            lines[place] = f"{key['name']}{wanted[name]}{key['rest']}\n"
            found.add(name)
    if "url" not in found:
        lines.insert(begin + 1, f"url = {wanted['url']}\n")
    return "".join(lines)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _replace(path: Path, text: str) -> None:
    was = path.stat()
    partial = path.with_name(f".{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), was.st_uid, was.st_gid)
            os.fchmod(file.fileno(), was.st_mode & 0o7777)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
