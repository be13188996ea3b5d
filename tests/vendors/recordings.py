"""Recorded answers of real devices, in ../shared/data/vendors: read there, never copied here."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

VENDORS = Path(__file__).parents[3] / "shared" / "data" / "vendors"
ARE_HERE = VENDORS.is_dir() or os.environ.get("CI") == "true"
"""In CI they are here: where they are not, a test fails."""

needs_recordings = pytest.mark.skipif(not ARE_HERE, reason=f"recorded answers are not here ({VENDORS})")


def text(name: str) -> str:
    """A file as it was sent; empty where recordings are not here, for then no test runs that reads it."""
    return (VENDORS / name).read_text(encoding="utf-8") if ARE_HERE else ""


def answer(name: str) -> Any:
    """A JSON answer."""
    return json.loads(text(name)) if ARE_HERE else {}


def pages(**paths: str) -> Mapping[str, Any]:
    """Answers by name: ``pages(flow="fronius/symo/GetPowerFlowRealtimeData.json")``."""
    return {name: answer(path) for name, path in paths.items()}
