"""`liveone vendor`: the makes there are, a skeleton for another one, and recordings of devices."""

import re
from pathlib import Path
from string import Template
from typing import Any

import click
import orjson

from liveone.cli.context import CommandContext, json_option, pass_shell, print_json
from liveone.cli.sources import option_of
from liveone.clock import SystemClock
from liveone.errors import BadInput
from liveone.vendors import skeleton
from liveone.vendors.registry import vendor_types
from liveone.wiring.adding_sources import kind_of, recorded, source_kinds

SKELETON = Path(skeleton.__file__).parent
FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "src/{package}/__init__.py": "init.py.txt",
    "src/{package}/device.py": "device.py.txt",
    "tests/test_device.py": "test_device.py.txt",
}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@click.group("vendor")
def vendor_command() -> None:
    """The makes that LiveOne speaks with: list them, record a device, begin another one."""


@vendor_command.command("list")
@json_option
def list_vendors(as_json: bool) -> None:
    """Every type of source, what it gives, and what it must be told."""
    kinds = source_kinds()
    if as_json:
        print_json(kinds)
        return
    for kind in kinds:
        click.echo(f"{kind.vendor_type:<18} {kind.title}")
        if kind.makes:
            click.echo(f"{'':<18}   reads {', '.join(kind.makes)}")
        click.echo(f"{'':<18}   gives {', '.join(kind.roles)}")
        for each in kind.parameters:
            need = "required" if each.required else "" if each.default is None else f"[{each.default}]"
            click.echo(f"{'':<18}   {each.name}: {each.label} {need}".rstrip())
            if each.choices:
                click.echo(f"{'':<18}     one of {', '.join(each.choices)}")


@vendor_command.command("new")
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="The folder to make [liveone-NAME].")
def new(name: str, into: Path | None) -> None:
    """Begin an adapter for a make called NAME: a package of its own, which passes the conformance kit.

    It is a Meterbox that answers JSON; make it your device, file by file. See docs/how-to/extend.md.
    """
    if not NAME.fullmatch(name) or len(name) > 40:
        raise BadInput(
            f"{name!r} is no name of a make", hint="Write lower case letters, digits and -: my-meter"
        )
    if name in vendor_types():
        raise BadInput(f"there is a {name} already", hint="See `liveone vendor list`.")
    folder = into or Path(f"liveone-{name}")
    if folder.exists():
        raise BadInput(
            f"{folder} exists already", hint="Nothing is overwritten: name another folder, --into DIR."
        )
    words = {
        "name": name,
        "package": f"liveone_{name.replace('-', '_')}",
        "cls": "".join(part.capitalize() for part in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
    }
    for place, template in FILES.items():
        path = folder / place.format(**words)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template((SKELETON / template).read_text(encoding="utf-8")).substitute(words)
        path.write_text(text, encoding="utf-8")
    click.echo(f"Written: {folder}. Next:")
    click.echo(f"  cd {folder} && pip install -e . pytest && pytest")
    click.echo(f"  liveone vendor list      # shows {name}")


class RecordableTypes(click.Group):
    """A command for each make whose adapter can be recorded, its options made of what that declares."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return vendor_types()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _recording(cmd_name) if cmd_name in vendor_types() else None


@vendor_command.group("record", cls=RecordableTypes)
def record_group() -> None:
    """Ask a device once and write down what it answers, without who and where you are: for a report.

    Read the file before you send it.
    """


def _recording(vendor_type: str) -> click.Command:
    kind = kind_of(vendor_type)

    @pass_shell
    def record(shell: CommandContext, /, out: Path | None, **given: Any) -> None:
        path = out or Path(f"{vendor_type}-recording.json")
        if path.exists():
            raise BadInput(f"{path} exists already", hint="Name another file: --out FILE.")
        settings = {name: value for name, value in given.items() if value is not None}
        found = recorded(vendor_type, settings, now_at=SystemClock().now_at())
        path.write_bytes(
            orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str)
        )
        said = found["error"] or "its reading stands in it: compare that with the device's own display"
        click.echo(f"Written: {path} ({len(found['answers'])} answers; {said}).")
        click.echo(
            "Read it before you send it: serial numbers, names and addresses are masked where they show."
        )

    params: list[click.Parameter] = [option_of(each) for each in kind.parameters]
    params.append(click.Option(["--out"], type=click.Path(path_type=Path), help="The file to write."))
    return click.Command(vendor_type, params=params, callback=record, help=f"{kind.title}.")
