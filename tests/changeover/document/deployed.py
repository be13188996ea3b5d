"""An application that is deployed by a push, and served: a bare repository, its hook, a small web server."""

import json
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOOK = '#!/bin/sh\nunset GIT_DIR\ngit --git-dir="{bare}" --work-tree="{live}" checkout -qf main\n'
OLD = "SELECT user_id, system_number FROM systems"
NEW = "SELECT owner, vendor_site_id FROM systems"


@dataclass(frozen=True)
class Deployed:
    """``work`` is where the operator stands, ``live`` what is served, ``app`` the address."""

    folder: Path
    app: str

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def live(self) -> Path:
        return self.folder / "live"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "systems.db"

    def git(self, *arguments: str) -> str:
        """Run git in the operator's clone."""
        return git(self.work, *arguments)

    def release(self, number: int, query: str) -> None:
        """Commit a release, not yet pushed."""
        (self.work / "release.json").write_text(json.dumps({"release": str(number), "query": query}))
        self.git("add", "release.json")
        self.git("commit", "-qm", f"Release {number}")

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(sql).fetchall()


def git(folder: Path, *arguments: str) -> str:
    """Run git; its output."""
    who = ["-c", "user.name=Op", "-c", "user.email=op@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@contextmanager
def deployed(folder: Path) -> Iterator[Deployed]:
    """Release 1 is live on a generation-1 database; release 2 is committed and waits for its push."""
    for name in ("origin.git", "live", "work", "data"):
        (folder / name).mkdir(parents=True)
    git(folder / "origin.git", "init", "-q", "--bare")
    hook = folder / "origin.git/hooks/post-receive"
    hook.write_text(HOOK.format(bare=folder / "origin.git", live=folder / "live"))
    hook.chmod(0o755)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    one = Deployed(folder, f"http://127.0.0.1:{server.server_address[1]}")
    try:
        one.git("init", "-q")
        for name, value in (("user.name", "Op"), ("user.email", "op@example.org")):
            one.git("config", name, value)
        one.git("remote", "add", "origin", str(folder / "origin.git"))
        _database(one.database)
        one.release(1, OLD)
        one.git("push", "-q", "origin", "main")
        one.release(2, NEW)
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript("""
            CREATE TABLE systems (
              id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, system_number TEXT NOT NULL,
              timezone_offset INTEGER NOT NULL DEFAULT 10);
            INSERT INTO systems VALUES (1, 'simon', '1586', 10);
        """)


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            release = json.loads((folder / "live/release.json").read_text())
            if self.path == "/api/health":
                self.answer(200, {"release": release["release"]})
            elif self.path == "/dashboard":
                self.answer(200, {})
            elif "auth-token=let-me-in" not in self.headers.get("Cookie", ""):
                self.answer(401, {"success": False})
            else:
                self.answer(*self.data(release["query"]))

        def data(self, query: str) -> tuple[int, dict[str, object]]:
            try:
                with closing(sqlite3.connect(folder / "data/systems.db")) as connection:
                    return 200, {"success": True, "systems": connection.execute(query).fetchall()}
            except sqlite3.Error as error:
                return 500, {"success": False, "error": str(error)}

        def answer(self, status: int, document: dict[str, object]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def without_host_git(environment: dict[str, str] | None = None) -> dict[str, str]:
    """An environment in which git reads no configuration of this machine."""
    return {**(environment or {}), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
