"""`liveone service`: LiveOne under systemd, for exactly the program and the folder that the command finds.

Rule: nothing is overwritten that this command did not write, and what it writes is shown by `--print` first.
"""

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from liveone.cli.context import CommandContext, pass_shell
from liveone.errors import BadInput
from liveone.settings.config import Config

NAME = "liveone.service"
SYSTEM_FOLDER = Path("/etc/systemd/system")
MARK = "# Written by `liveone service install`; `liveone service remove` takes it away."
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

HARDENING = """\
UMask=0077
NoNewPrivileges=true
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=true
PrivateDevices=true
DevicePolicy=closed
PrivateTmp=true
PrivateUsers=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
FOR_SYSTEM_ONLY = ("PrivateUsers=true\n", "RemoveIPC=true\n")
"""What a unit of a user's own cannot have, or has anyway."""


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """A unit for one program and one folder; ``user`` is who a unit of the system runs as, empty where the
    unit is one's own."""

    program: Path
    config: Path
    user: str

    @property
    def path(self) -> Path:
        """Where systemd looks for it."""
        if self.user:
            return SYSTEM_FOLDER / NAME
        home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Path(home) / "systemd/user" / NAME

    @property
    def systemctl(self) -> list[str]:
        return ["systemctl"] if self.user else ["systemctl", "--user"]

    def text(self) -> str:
        """The unit file."""
        folder = self.config.parent
        hardening = HARDENING
        for line in () if self.user else FOR_SYSTEM_ONLY:
            hardening = hardening.replace(line, "")
        return f"""\
{MARK}
[Unit]
Description=LiveOne, live monitor for solar, battery and grid systems
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
{f"User={self.user}{chr(10)}" if self.user else ""}WorkingDirectory={folder}
Environment=PYTHONUNBUFFERED=1 "LIVEONE_CONFIG={self.config}"
EnvironmentFile=-{folder}/secrets.env
ExecStart={self.program} serve
# SIGTERM ends open requests and brings what is held to the disk; that takes seconds, not minutes.
TimeoutStopSec=30
Restart=always
RestartSec=2
MemoryMax=512M
LimitNOFILE=8192

# It writes to its own folder and nowhere else.
ReadWritePaths={folder}
ProtectHome={"read-only" if self._lives_at_home else "true"}
{hardening}
[Install]
WantedBy={"multi-user.target" if self.user else "default.target"}
"""

    @property
    def _lives_at_home(self) -> bool:
        """Whether the program or its folder would be hidden with people's homes."""
        places = (self.program.resolve(), Path(sys.executable).resolve(), Path(sys.prefix), self.config)
        return any(home in place.parents for home in HOMES for place in places)


@click.group("service")
def service_command() -> None:
    """Run LiveOne under systemd: started with the machine, restarted when it dies, kept in a sandbox."""


@service_command.command("install")
@click.option("--user", "own", is_flag=True, help="A unit of your own, without root.")
@click.option("--as", "as_user", metavar="USER", help="Who runs it [the owner of the settings].")
@click.option("--print", "only_print", is_flag=True, help="Show the unit and write nothing.")
@click.option("--no-start", is_flag=True, help="Write it; start it yourself.")
@pass_shell
def install(shell: CommandContext, own: bool, as_user: str | None, only_print: bool, no_start: bool) -> None:
    """Write a unit for this program and these settings, and start it."""
    unit = _unit(shell.config, own=own, as_user=as_user)
    if only_print:
        click.echo(unit.text(), nl=False)
        return
    _refuse_others(unit)
    try:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_text(unit.text(), encoding="utf-8")
        unit.path.chmod(0o644)
    except OSError as error:
        raise BadInput(
            f"{unit.path} cannot be written: {error.strerror}",
            hint="Run it as root (sudo), or write a unit of your own: liveone service install --user",
        ) from error
    click.echo(f"Written: {unit.path}")
    if no_start or not _is_there(unit):
        click.echo(f"Start it: {' '.join(unit.systemctl)} enable --now {NAME}")
    else:
        _run(unit, "daemon-reload")
        _run(unit, "enable", "--now", NAME)
        click.echo("Started. See how it is: liveone service status")
    if own:
        click.echo("To have it run while you are not signed in: loginctl enable-linger")


@service_command.command("status")
@click.option("--user", "own", is_flag=True, help="The unit of your own.")
@pass_shell
def show_status(shell: CommandContext, own: bool) -> None:
    """What systemd says of it, and its last lines."""
    unit = _unit(shell.config, own=own, as_user=None)
    if not unit.path.is_file():
        raise BadInput(f"there is no {unit.path}", hint="Write it: liveone service install")
    if unit.path.read_text(encoding="utf-8") != unit.text():
        click.echo(f"{unit.path} is not what this program would write: install anew after an upgrade.")
    if not _is_there(unit):
        raise BadInput("systemd does not run here")
    sys.exit(subprocess.run([*unit.systemctl, "--no-pager", "status", NAME], check=False).returncode)


@service_command.command("remove")
@click.option("--user", "own", is_flag=True, help="The unit of your own.")
@pass_shell
def remove(shell: CommandContext, own: bool) -> None:
    """Stop it and take the unit away. Settings, database and backups stay."""
    unit = _unit(shell.config, own=own, as_user=None)
    if not unit.path.is_file():
        raise BadInput(f"there is no {unit.path}")
    _refuse_others(unit)
    if _is_there(unit):
        _run(unit, "disable", "--now", NAME)
    unit.path.unlink()
    if _is_there(unit):
        _run(unit, "daemon-reload")
    click.echo(f"Removed: {unit.path}. {unit.config.parent} is as it was.")


def _unit(config: Config, *, own: bool, as_user: str | None) -> ServiceUnit:
    if config.path is None:
        raise BadInput(
            "there are no settings here",
            hint="Go to the folder with liveone.toml, or name it: liveone --config",
        )
    if own and as_user:
        raise BadInput("a unit of your own runs as you", hint="Leave out --as, or --user.")
    program = Path(sys.executable).with_name("liveone")
    if not program.is_file():
        raise BadInput(f"{program} is not there", hint="Install LiveOne with pipx, uv or pip.")
    for place in (program, config.path):
        if any(letter in str(place) for letter in '"\\%$\n'):
            raise BadInput(f"systemd cannot be told of {place}", hint="Choose a path of plain characters.")
    if own:
        return ServiceUnit(program, config.path, "")
    try:
        user = as_user or pwd.getpwuid(config.path.stat().st_uid).pw_name
        pwd.getpwnam(user)
    except KeyError as error:
        raise BadInput(f"there is no user {as_user or config.path.stat().st_uid}") from error
    if user == "root" and not as_user:
        raise BadInput(
            f"{config.path} belongs to root, and LiveOne needs none of root's rights",
            hint=f"Give the folder to a user (adduser --system liveone; chown -R liveone {config.folder}), "
            "or say --as USER.",
        )
    return ServiceUnit(program, config.path, user)


def _refuse_others(unit: ServiceUnit) -> None:
    if unit.path.is_file() and not unit.path.read_text(encoding="utf-8").startswith(MARK):
        raise BadInput(f"{unit.path} is there, and this command did not write it", hint="Move it away first.")


def _is_there(unit: ServiceUnit) -> bool:
    """Whether systemd runs, and can be asked."""
    if shutil.which("systemctl") is None:
        return False
    asked = subprocess.run([*unit.systemctl, "show-environment"], capture_output=True, check=False)
    return asked.returncode == 0


def _run(unit: ServiceUnit, *words: str) -> None:
    done = subprocess.run([*unit.systemctl, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"systemctl {' '.join(words)} failed: {done.stderr.strip()}", hint=f"See {unit.path}.")
