"""Asks OSV, an index of known vulnerabilities that pip-audit uses too, about all that constraints.txt pins.

    python3 .ci/audit.py

Ends with 0 where none is known, with 1 where some are, each named with the page that tells of it, and with 75
where the index could not be asked: then nothing was audited, and the output says so.
"""

import json
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INDEX = "https://api.osv.dev/v1/querybatch"
PATIENCE_S = 30
NOT_AUDITED = 75


def pinned(constraints: str) -> dict[str, str]:
    """Name and version of each distribution that a file of constraints pins."""
    lines = (line.partition("#")[0].strip() for line in constraints.splitlines())
    return {name: version for name, _, version in (line.partition("==") for line in lines) if version}


def ask(queries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What the index answers, one result for each query.

    Raises ``OSError`` where it cannot be reached, ``ValueError`` where what it sends is no such answer.
    """
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(INDEX, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        sent = json.load(answer)
    results = sent.get("results") if isinstance(sent, dict) else None
    if not isinstance(results, list) or len(results) != len(queries):
        raise ValueError("the index did not answer each question")
    return [result or {} for result in results]


def known(versions: Mapping[str, str], ask: Callable[[list[Mapping[str, Any]]], Any] = ask) -> list[str]:
    """A line for each vulnerability that the index knows in these versions; raises what ``ask`` raises."""
    queries = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
        for name, version in versions.items()
    ]
    return [
        f"{name} {version}: https://osv.dev/vulnerability/{one['id']}"
        for (name, version), result in zip(versions.items(), ask(queries), strict=True)
        for one in result.get("vulns", ())
    ]


def main() -> int:
    """Audit, say what was found, and return the exit code."""
    versions = pinned((ROOT / "constraints.txt").read_text())
    try:
        found = known(versions)
    except (OSError, ValueError) as error:
        print(f"NOT AUDITED: {INDEX} could not be asked about {len(versions)} distributions ({error})")
        return NOT_AUDITED
    print(*found, f"{len(versions)} distributions audited, {len(found)} vulnerabilities known", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
