"""Where Vercel looks for a Python application; everything is in the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from liveone.serverless import app  # noqa: E402

__all__ = ["app"]
