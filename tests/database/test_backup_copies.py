"""Copies of backups elsewhere: a folder, a real sshd, a server that speaks S3; what fails is tried again."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.ports import free_port
from tests.store.sqld import tied_to_us
from tests.web.support import SetClock, seeded

from liveone.database import backup_schedule
from liveone.database.backup_copies import (
    CopyFailed,
    FolderCopies,
    S3Copies,
    SftpCopies,
    copies_to,
)
from liveone.database.backup_rotation import BackupRotation
from liveone.database.backup_schedule import BackupSchedule
from liveone.database.backup_service import BackupFolder
from liveone.database.backup_state import read_state
from liveone.errors import ConfigError
from liveone.store import backup
from liveone.store.files import create

DAY_S = 86_400
SSHD, SFTP_SERVER = Path("/usr/sbin/sshd"), Path("/usr/lib/openssh/sftp-server")


@dataclass
class Failing:
    """Copies that fail as long as they are told to."""

    fails: bool = True
    there: list[str] = field(default_factory=list)

    def keep(self, path: Path, *, fetched_back: bool) -> None:
        if self.fails:
            raise CopyFailed("the other machine is away")
        self.there.append(path.name)

    def drop(self, name: str) -> None:
        self.there.remove(name)


@pytest.fixture
def schedule(tmp_path: Path) -> Iterator[BackupSchedule]:
    path, clock = tmp_path / "live.db", SetClock()
    store = seeded(path, days=1)
    folder = BackupFolder(
        store, clock, tmp_path / "backups", lambda to, at: backup.backup(path, to, at), path, every_s=DAY_S
    )
    yield BackupSchedule(folder, clock, DAY_S, BackupRotation(2, 0, 0), Failing())
    store.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("backup-*.db"))


def a_backup(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    create(folder / "live.db")
    return backup.backup(folder / "live.db", folder / "backups", 1.8e9).path


def test_while_copying_fails_it_is_tried_again_each_hour_without_another_backup(
    schedule: BackupSchedule,
) -> None:
    """Else a machine that is away for a week would fill the disk."""
    clock, elsewhere, folder = schedule.clock, schedule.copies, schedule.backups.folder
    assert isinstance(clock, SetClock)
    assert isinstance(elsewhere, Failing)
    for _ in range(5):
        assert not schedule.make_if_due()
        assert "is away" in read_state(folder).error
        clock.at += backup_schedule.AGAIN_AFTER_S
    assert len(names(folder)) == 1
    elsewhere.fails = False
    assert schedule.make_if_due()
    assert elsewhere.there == names(folder)
    assert read_state(folder).error == ""
    assert not schedule.make_if_due()
    for _ in range(4):
        clock.at += DAY_S
        assert schedule.make_if_due()
    assert sorted(elsewhere.there) == names(folder)
    assert len(elsewhere.there) == 2


def test_a_program_that_ended_between_backup_and_copy_copies_when_it_is_back(
    schedule: BackupSchedule,
) -> None:
    assert replace(schedule, copies=None).make_if_due()
    elsewhere = Failing(fails=False)
    assert replace(schedule, copies=elsewhere).make_if_due()
    assert elsewhere.there == names(schedule.backups.folder)
    assert not replace(schedule, copies=elsewhere).make_if_due()


def test_what_a_person_removed_is_not_copied(schedule: BackupSchedule) -> None:
    assert not schedule.make_if_due()
    for path in schedule.backups.folder.glob("backup-*.db"):
        path.unlink()
    clock = schedule.clock
    assert isinstance(clock, SetClock)
    clock.at += backup_schedule.AGAIN_AFTER_S
    assert not schedule.make_if_due(), "the next one is a day after"


@pytest.mark.parametrize(
    "place",
    [
        *("ftp://host/x", "sftp://user:secret@host/x", "s3://", "sftp:///x", "s3://bucket/x?key=secret"),
        *("sftp://-oProxyCommand=touch/x", "sftp://host/a b", "sftp://host/$(id)"),
    ],
)
def test_a_place_that_cannot_be_is_said_and_no_secret_in_it(place: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        copies_to(place, tmp_path)
    assert "secret" not in str(caught.value)


def test_places_are_what_they_look_like(tmp_path: Path) -> None:
    assert copies_to("", tmp_path) is None
    assert copies_to("../nas", tmp_path) == FolderCopies(tmp_path / "../nas")
    assert copies_to("sftp://me@nas:2222/srv/solar/", tmp_path) == SftpCopies("me@nas", 2222, "/srv/solar")
    assert copies_to("sftp://nas/~/solar", tmp_path) == SftpCopies("nas", None, "solar")
    (tmp_path / "ssh_config").touch()
    found = copies_to("sftp://nas/x", tmp_path)
    assert isinstance(found, SftpCopies)
    assert found.config == tmp_path / "ssh_config"


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[SftpCopies]:
    """A real sshd of this test's own, on loopback, which lets one key in to the system's sftp server."""
    if not SSHD.exists() or not SFTP_SERVER.exists() or os.geteuid() != 0:
        assert os.environ.get("CI") != "true", "sshd is missing: run .ci/debian-packages"
        pytest.skip("there is no sshd here (Debian: openssh-server), or we are not root")
    ssh, port, me = tmp_path / "ssh", free_port(), pwd.getpwuid(os.geteuid()).pw_name
    ssh.mkdir(mode=0o700)
    for name in ("host", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh / name], check=True, timeout=60
        )
    (ssh / "authorized").write_text((ssh / "key.pub").read_text())
    host_key = " ".join((ssh / "host.pub").read_text().split()[:2])
    (ssh / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (ssh / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {ssh}/host\nAuthorizedKeysFile {ssh}/authorized\n"
        f"PidFile {ssh}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
        f"PasswordAuthentication no\nSubsystem sftp {SFTP_SERVER}\n"
    )
    (ssh / "ssh_config").write_text(
        f"Host *\n  IdentityFile {ssh}/key\n  IdentitiesOnly yes\n  UserKnownHostsFile {ssh}/known\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    log = ssh / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*tied_to_us(), SSHD, "-D", "-e", "-f", ssh / "sshd_config"], stdout=said, stderr=said
        )
    try:
        wait_for_port(port, process, log)
        (tmp_path / "nas").mkdir()
        yield SftpCopies(f"{me}@127.0.0.1", port, str(tmp_path / "nas"), ssh / "ssh_config")
    finally:
        process.kill()
        process.wait()


@pytest.mark.apart
def test_a_copy_by_ssh_is_whole_fetched_back_replaced_and_dropped(nas: SftpCopies, tmp_path: Path) -> None:
    path, there = a_backup(tmp_path / "it's here"), Path(nas.folder)
    (there / f".{path.name}.partial").write_bytes(b"of a copy that was broken off")
    for fetched_back in (True, False):
        nas.keep(path, fetched_back=fetched_back)
        assert [one.name for one in there.iterdir()] == [path.name]
    assert backup.prove(there / path.name) == backup.prove(path)
    assert not list(path.parent.glob(".fetched-*"))
    nas.drop(path.name)
    nas.drop(path.name)
    assert not list(there.iterdir())


@pytest.mark.apart
def test_what_a_machine_refuses_is_said_and_leaves_nothing_that_looks_like_a_backup(
    nas: SftpCopies, tmp_path: Path
) -> None:
    path = a_backup(tmp_path / "source")
    with pytest.raises(CopyFailed, match="No such file"):
        replace(nas, folder=f"{nas.folder}/missing").keep(path, fetched_back=False)
    with pytest.raises(CopyFailed, match=r"refused|closed"):
        replace(nas, port=free_port()).keep(path, fetched_back=False)
    config = nas.config
    assert config is not None
    unknown = tmp_path / "unknown"
    unknown.write_text(config.read_text().replace("/known", "/nobody"))
    with pytest.raises(CopyFailed, match=r"verification failed|closed"):
        replace(nas, config=unknown).keep(path, fetched_back=False)
    assert names(Path(nas.folder)) == []


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Copies]:
    """moto's server: another program, which speaks S3 over HTTP with boto's own idea of it."""
    program = Path(__file__).parents[2] / ".setup/moto/bin/moto_server"
    if not program.is_file():
        assert os.environ.get("CI") != "true", "moto is missing in .setup: run .ci/moto"
        pytest.skip("moto's server is not here (run .ci/moto)")
    port, log = free_port(), tmp_path / "moto.log"
    command = [*tied_to_us(), str(program), "-p", str(port), "-H", "127.0.0.1"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-one")
    try:
        wait_for_port(port, process, log)
        import httpx2

        assert httpx2.put(f"http://127.0.0.1:{port}/solar", timeout=60).status_code == 200
        yield S3Copies("s3://solar/house")
    finally:
        process.kill()
        process.wait()


@pytest.mark.apart
@pytest.mark.slow
def test_a_copy_in_s3_is_whole_fetched_back_replaced_and_dropped(bucket: S3Copies, tmp_path: Path) -> None:
    import obstore

    path = a_backup(tmp_path / "source")
    for fetched_back in (True, False):
        bucket.keep(path, fetched_back=fetched_back)
    store = bucket._store()
    assert [one["path"] for page in obstore.list(store) for one in page] == [path.name]
    assert bytes(obstore.get(store, path.name).bytes()) == path.read_bytes()
    bucket.drop(path.name)
    bucket.drop(path.name)
    assert not [one for page in obstore.list(store) for one in page]
    with pytest.raises(CopyFailed, match="s3://elsewhere") as caught:
        S3Copies("s3://elsewhere/house").keep(path, fetched_back=False)
    assert "hidden-one" not in str(caught.value)


def test_a_folder_elsewhere_that_is_full_keeps_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_backup(tmp_path / "source")

    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        FolderCopies(tmp_path / "elsewhere").keep(path, fetched_back=True)
    assert not list((tmp_path / "elsewhere").iterdir())
