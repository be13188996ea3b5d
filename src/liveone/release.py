"""Which version of LiveOne this is."""

import os
import subprocess
from pathlib import Path

from liveone import __version__


def release() -> str:
    """``<version>+<commit>``: the commit from LIVEONE_COMMIT, the host, or the checkout this runs from."""
    named = os.environ.get("LIVEONE_COMMIT") or os.environ.get("VERCEL_GIT_COMMIT_SHA", "")[:12]
    commit = named or _checkout_commit()
    return f"{__version__}+{commit}" if commit else __version__


def _checkout_commit() -> str:
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    asked = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5)
    except OSError:
        return ""
    return done.stdout.strip()
