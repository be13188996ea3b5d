"""Where Vercel looks for a Python application; everything is in the package."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "packages" / "changeover" / "src")]

from liveone.serverless import app  # noqa: E402

__all__ = ["app"]
