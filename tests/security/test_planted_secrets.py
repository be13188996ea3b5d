"""Secrets are planted wherever LiveOne keeps one; then all that it says, writes and shows is searched."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from tests import programs
from tests.web.support import seeded

from liveone.settings import config, sealing_keys

pytestmark = [pytest.mark.apart, pytest.mark.slow]

PLANTED = {
    "auth_password": "planted-auth-7c1f",
    "cron_secret": "planted-cron-8d20",
    "session_key": "planted-session-9e31",
    "vendor": "planted-vendor-ae42",
    "sealed": "planted-sealed-bf53",
}
COMMANDS = (
    ("doctor",),
    ("doctor", "--json"),
    ("secrets", "status"),
    ("secrets", "status", "--json"),
    ("secrets", "rotate"),
    ("schema", "status"),
    ("systems", "list", "--json"),
    ("systems", "discover"),
    ("systems", "test", "1"),
    ("users", "list", "--json"),
    ("poll", "--json"),
    ("backup", "--json"),
    ("export", "--system", "1", "--kind", "daily", "--format", "json", "-o", "out.json"),
    ("db", "shell", ".dump"),
    ("service", "install", "--user", "--print"),
    ("systems", "test", "99"),
    ("--config", "nowhere.toml", "doctor"),
)
PATHS = (
    "/api/health", "/metrics", "/api/data", "/api/systems", "/api/admin/health", "/api/admin/systems",
    "/api/admin/accounts", "/api/admin/storage", "/api/admin/migrations", "/api/admin/backups",
    "/api/cron/minutely", "/dashboard/1", "/admin", "/login", "/openapi.json", "/api/nothing",
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Secrets in the file, in the database (sealed), and a portal that nobody answers at."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    seeded(tmp_path / "liveone.db", days=1).close()
    (tmp_path / "liveone.toml").write_text(
        f'[server]\nport = 0\n[[vendor]]\nname = "home"\nemail = "a@b.c"\nurl = "http://127.0.0.1:{port}"\n'
    )
    secrets = tmp_path / "secrets.toml"
    lines = [f'{key} = "{PLANTED[key]}"' for key in ("auth_password", "cron_secret", "session_key")]
    secrets.write_text("\n".join([*lines, "[vendor.home]", f'password = "{PLANTED["vendor"]}"', ""]))
    secrets.chmod(0o600)
    sealed = sealing_keys.secret_box(config.load(tmp_path / "liveone.toml", {})).seal(PLANTED["sealed"])
    with closing(sqlite3.connect(tmp_path / "liveone.db")) as database, database:
        database.execute("CREATE TABLE liveone_kept (id INTEGER PRIMARY KEY, password_sealed TEXT)")
        database.execute("INSERT INTO liveone_kept VALUES (1, ?)", (sealed,))
    return tmp_path


def searched_for(house: Path) -> list[bytes]:
    """What is looked for: every planted secret, and the keys that seal."""
    keys = sealing_keys.read_keys(house / sealing_keys.KEY_FILE)
    return [text.encode() for text in (*PLANTED.values(), *keys)]


def run(house: Path, *words: str) -> bytes:
    done = programs.ended(["liveone", *words], env=os.environ, cwd=house, timeout=300)
    return (done.out + done.err).encode()


def test_no_command_and_no_file_that_it_writes_says_a_secret(house: Path) -> None:
    said = {" ".join(words): run(house, *words) for words in COMMANDS}
    assert b"sealed" in said["db shell .dump"], "the dump has the sealed text"
    files = [path for path in house.rglob("*") if path.is_file()]
    kept_in = {"secrets.toml", sealing_keys.KEY_FILE}
    said |= {str(path.relative_to(house)): path.read_bytes() for path in files if path.name not in kept_in}
    assert len(list((house / "backups").glob("backup-*.db"))) == 1
    found = {
        where: text for where, all_of_it in said.items() for text in searched_for(house) if text in all_of_it
    }
    assert found == {}


def test_a_running_server_says_no_secret_in_answers_log_or_process_list(house: Path) -> None:
    log = house.parent / "serve.log"
    with log.open("wb") as out:
        command = [Path(sys.executable).with_name("liveone"), "serve", "--verbose"]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, cwd=house, stdout=out, stderr=out, env=environment)
        try:
            address = None
            while address is None:
                assert process.poll() is None, log.read_text()
                address = re.search(r"at (http://\S+)", log.read_text())
            answers = b""
            with httpx2.Client(base_url=address[1], timeout=60, trust_env=False) as client:
                for path in PATHS:
                    for headers in (
                        {"cookie": f"auth-token={PLANTED['auth_password']}"},
                        {"authorization": f"Bearer {PLANTED['cron_secret']}"},
                        {"authorization": "Bearer wrong"},
                    ):
                        answer = client.get(path, headers=headers)
                        answers += answer.content + str(answer.headers).encode()
                wrong = {"email": "a@b.c", "password": PLANTED["auth_password"] + "x"}
                answers += client.post("/api/auth/login", json=wrong).content
            arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.terminate()
            process.wait(60)
    everything = answers + arguments + log.read_bytes()
    assert [text for text in searched_for(house) if text in everything] == []
