"""Builds a release into a folder: both distributions, each tried in an empty environment.

    python .ci/release.py dist

The folder then holds a wheel and an sdist of each, `sbom.cdx.json` (CycloneDX: all that `liveone` installs),
and `NOTES.md`, the section of CHANGELOG.md for this version.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = {"changeover": ROOT / "packages" / "changeover", "liveone": ROOT}


def _run(*words: str | Path) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def _version(folder: Path) -> str:
    return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"])


def _built(into: Path) -> dict[str, Path]:
    """The wheel of each distribution; the sdist lies beside it."""
    wheels = {}
    for name, folder in DISTRIBUTIONS.items():
        _run(sys.executable, "-m", "build", "--outdir", into, folder)
        (wheels[name],) = into.glob(f"{name}-{_version(folder)}-*.whl")
    _run(
        sys.executable,
        "-m",
        "twine",
        "check",
        "--strict",
        *sorted(into.glob("*.whl")),
        *into.glob("*.tar.gz"),
    )
    return wheels


def _tried(name: str, wheels: list[Path], scratch: Path) -> Path:
    """The wheels in an empty environment, where the command says its version; returns its Python."""
    home = scratch / name
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", *wheels)
    print(_run(home / "bin" / name, "--version").strip())
    return python


def _bill_of_materials(python: Path, path: Path) -> None:
    """What an environment holds, as CycloneDX, without the paths of this machine."""
    bill = json.loads(_run(sys.executable, "-m", "cyclonedx_py", "environment", python))
    for component in bill["components"]:
        references = component.get("externalReferences", [])
        component["externalReferences"] = [one for one in references if not one["url"].startswith("file:")]
    path.write_text(json.dumps(bill, indent=2) + "\n")


def notes(changelog: str, version: str) -> str:
    """The section of CHANGELOG.md for a version, or the unreleased one while there is none."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    for title in (f"[{version}]", "[Unreleased]"):
        for section in sections:
            if section.startswith(title):
                return f"## {section.strip()}\n"
    sys.exit(f"CHANGELOG.md says nothing of {version}: add a section `## [{version}] - YYYY-MM-DD`")


def main(folder: str) -> None:
    """Build everything into ``folder``, which must be empty or not there."""
    into = Path(folder).resolve()
    if into.exists() and any(into.iterdir()):
        sys.exit(f"{into} is not empty: remove it first (make clean)")
    into.mkdir(parents=True, exist_ok=True)
    wheels = _built(into)
    with tempfile.TemporaryDirectory() as scratch:
        _tried("changeover", [wheels["changeover"]], Path(scratch))
        python = _tried("liveone", list(wheels.values()), Path(scratch))
        _bill_of_materials(python, into / "sbom.cdx.json")
    (into / "NOTES.md").write_text(notes((ROOT / "CHANGELOG.md").read_text(), _version(ROOT)))
    print(*sorted(path.name for path in into.iterdir()), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:] or ["dist"])
