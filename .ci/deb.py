"""Builds a Debian package of a release: the wheels with all that they need in /opt/liveone, and a unit.

    /usr/bin/python3 .ci/deb.py dist

``dist`` holds the wheels that `make release` built; the package goes there, too. It is for this machine's
architecture and for the Python that runs this script, which must be Debian's own: compiled libraries are for
one version of Python. docs/how-to/debian.md says how it is installed.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path("/opt/liveone")
HOME = Path("/var/lib/liveone")
UNIT = Path("/lib/systemd/system/liveone.service")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
COMMANDS = {"liveone": "liveone.cli.root", "changeover": "changeover.cli.root"}
LEFT_OUT = (
    "pip",
    "pip-*",
    "setuptools",
    "setuptools-*",
    "_distutils_hack",
    "distutils-precedence.pth",
    "pkg_resources",
)


def _run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(staged: Path, wheels: list[Path]) -> None:
    """A virtual environment that is told it lies in /opt/liveone."""
    folder = staged / PROGRAM.relative_to("/")
    _run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile")
    _run(*pip, "-c", ROOT / "constraints.txt", *wheels)
    packages = folder / "lib" / PYTHON / "site-packages"
    for pattern in LEFT_OUT:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in packages.glob("*.dist-info/direct_url.json"):
        path.unlink()
    shutil.rmtree(folder / "bin")
    (folder / "bin").mkdir()
    for name in ("python", "python3"):
        (folder / "bin" / name).symlink_to(f"/usr/bin/{PYTHON}")
    for name, module in COMMANDS.items():
        _script(folder / "bin" / name, f"#!{PROGRAM}/bin/python\nfrom {module} import main\n\nmain()\n")
    (folder / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {platform.python_version()}\n"
    )
    for unwanted in ("lib64", "include", "share"):
        path = folder / unwanted
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    _run(folder / "bin" / "python", "-m", "compileall", "-q", "-s", staged, "-p", "/", packages)


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _unit(staged: Path) -> None:
    """The unit that `liveone service install` would write for this program and this folder."""
    said = _run(
        staged / PROGRAM.relative_to("/") / "bin" / "python", "-c",
        "import sys; from pathlib import Path; from liveone.cli.service import MARK, ServiceUnit; "
        "program, config = map(Path, sys.argv[1:]); "
        "print(ServiceUnit(program, config, 'liveone').text().removeprefix(MARK).strip())",
        PROGRAM / "bin" / "liveone", HOME / "liveone.toml",
    )  # fmt: skip
    path = staged / UNIT.relative_to("/")
    path.parent.mkdir(parents=True)
    path.write_text(said)


def _about(staged: Path, version: str) -> None:
    architecture = _run("dpkg", "--print-architecture").strip()
    size_kb = int(_run("du", "-sk", staged).split()[0])
    folder = staged / "DEBIAN"
    folder.mkdir()
    (folder / "control").write_text(f"""\
Package: liveone
Version: {version}
Architecture: {architecture}
Maintainer: LiveOne <liveone@localhost>
Installed-Size: {size_kb}
Depends: {PYTHON}, adduser, ca-certificates
Section: net
Priority: optional
Description: Self-hosted live monitor for solar, battery and grid systems
 LiveOne polls inverters, batteries and meters, keeps every reading, and serves
 a live dashboard. The package brings its libraries in {PROGRAM}.
""")
    for name in ("postinst", "prerm", "postrm"):
        _script(folder / name, (ROOT / "deploy" / "debian" / name).read_text())
    documents = staged / "usr" / "share" / "doc" / "liveone"
    documents.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", documents / "copyright")
    (staged / "usr" / "bin").mkdir(parents=True)
    for name in COMMANDS:
        (staged / "usr" / "bin" / name).symlink_to(PROGRAM / "bin" / name)


def main(dist: str) -> None:
    """Build the package from the wheels in ``dist``."""
    into = Path(dist).resolve()
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    wheels = sorted(into.glob(f"*-{version}-py3-none-any.whl"))
    if len(wheels) != len(COMMANDS):
        sys.exit(f"{into} has not the two wheels of {version}: make release first")
    if Path(sys.executable).resolve() != Path(f"/usr/bin/{PYTHON}"):
        sys.exit(f"run it with Debian's own Python, not {sys.executable}: /usr/bin/python3 .ci/deb.py {dist}")
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / "liveone"
        staged.mkdir(mode=0o755)
        _environment(staged, wheels)
        _unit(staged)
        _about(staged, version)
        architecture = _run("dpkg", "--print-architecture").strip()
        package = into / f"liveone_{version}_{architecture}.deb"
        _run("dpkg-deb", "--root-owner-group", "--build", staged, package)
    print(package.name)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["dist"])
