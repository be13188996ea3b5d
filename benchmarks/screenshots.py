"""Pictures of the pages for the documentation: ``python -m benchmarks.screenshots FOLDER [ADDRESS]``.

Without ADDRESS a demo of its own is made (in a minute), photographed and thrown away; states that it does not
show come from houses of their own (``benchmarks.states``).
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from tests.browser.chromium import CHROMIUM, FLAGS

from benchmarks import states
from benchmarks.browser import serving
from benchmarks.processes import LIVEONE, free_port
from liveone.clock import SystemClock
from liveone.web.auth.callers import AuthSettings
from liveone.web.pages.files import FOLDER

READY_S, DAY_S = 1800, 86_400
SETTLED_MS, TRIES = 180_000, 10
"""A page that has not come to rest by then, or could not reach its server, is opened anew: so many times."""

SETTLED = """() => {
  const seen = (selector) => document.querySelector(selector)?.checkVisibility() ?? false;
  const isDrawn = !seen("#charts") || document.querySelector("#heat svg");
  const waits = document.querySelector("[aria-busy], p.busy, #link[data-state=connecting]");
  return seen("main") && isDrawn && !waits;
}"""
UNREACHED = tuple(
    orjson.loads(path.read_bytes())["error.unreachable"] for path in (FOLDER / "messages").glob("*.json")
)
"""What a page says, in every language, whose request a busy machine did not answer in time."""

ALL_DRAWN = """() => {
  for (const node of document.querySelectorAll("main > *")) {
    if (getComputedStyle(node).contentVisibility === "auto") node.style.contentVisibility = "visible";
  }
}"""
"""Browsers leave undrawn what is far below the screen, on pictures of the whole page too."""

SHOTS = (
    ("day", "/dashboard/2", (1280, 900), "light", "en-GB"),
    ("day-dark", "/dashboard/2", (1280, 900), "dark", "en-GB"),
    ("week-compared", "/dashboard/2?view=week&compare=1", (1280, 900), "light", "en-GB"),
    ("year", "/dashboard/1?view=year", (1280, 900), "light", "en-GB"),
    ("phone", "/dashboard/2", (390, 844), "light", "de-DE"),
    ("phone-narrow-dark", "/dashboard/1?view=month", (320, 700), "dark", "en-GB"),
    ("wall", "/dashboard/2", (1920, 1080), "dark", "en-GB"),
    ("wall-4k", "/dashboard/2?view=week", (3840, 2160), "light", "en-GB"),
    ("overview", "/dashboard", (1280, 500), "light", "en-GB"),
    ("overview-phone", "/dashboard", (320, 700), "dark", "en-GB"),
    ("day-lines", "/dashboard/2?mode=lines&day=YESTERDAY", (1280, 900), "light", "en-GB"),
    ("raw-minutes", "/dashboard/2?from=YESTERDAYT10:00Z&to=YESTERDAYT13:00Z", (1280, 900), "dark", "en-GB"),
    ("all", "/dashboard/1?view=all", (1280, 900), "light", "de-DE"),
    ("admin", "/admin", (1280, 500), "light", "en-GB"),
    ("admin-polling", "/admin?part=health", (1280, 700), "dark", "en-GB"),
    ("admin-phone", "/admin", (320, 700), "light", "de-DE"),
    ("admin-add", "/admin?ask=add", (1280, 700), "light", "en-GB"),
    ("admin-remove", "/admin?ask=remove&system=1", (1280, 700), "dark", "en-GB"),
    ("admin-backups", "/admin?part=backups", (1280, 500), "light", "en-GB"),
    ("admin-storage", "/admin?part=storage", (1280, 600), "light", "en-GB"),
    ("offline", "/offline", (390, 700), "dark", "en-GB"),
)
LOCKED = (
    ("sign-in", "/login", (1280, 700), "light", "en-GB"),
    ("sign-in-phone", "/login", (320, 640), "dark", "de-DE"),
)
"""Of a server that has a password."""

STATES = (
    ("fleet", "/dashboard", (1440, 1000), "light", "en-GB"),
    ("fleet-list", "/dashboard?as=list", (1440, 1000), "dark", "en-GB"),
    ("fleet-attention", "/dashboard?show=attention", (1440, 1000), "light", "de-DE"),
    ("fault-generator", f"/dashboard/{states.FAULTY}", (1280, 900), "light", "en-GB"),
    ("silent", f"/dashboard/{states.SILENT}", (1280, 900), "dark", "en-GB"),
    ("standing-still", f"/dashboard/{states.STILL}", (1280, 900), "light", "en-GB"),
    ("gap-estimated", f"/dashboard/{states.HOLED}", (1280, 900), "light", "en-GB"),
    ("no-reading-yet", f"/dashboard/{states.EMPTY}", (1280, 700), "light", "en-GB"),
)
SCREENS = ("wall", "wall-4k", "fleet", "fleet-list", "fleet-attention")
"""Of these only what is in sight; of the others the whole page."""


def main(folder: Path, address: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _demo(address) as base, _states() as (others, locked), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*FLAGS, "--hide-scrollbars"]
        )
        for where, shots in ((base, SHOTS), (others, STATES), (locked, LOCKED)):
            for shot in shots:
                print(_settled(browser, where, folder, *shot), flush=True)
        browser.close()


def _settled(browser: Browser, base: str, folder: Path, *shot: Any) -> Path:
    """The picture of a page that is as it should be, however long that takes."""
    for _ in range(TRIES):
        try:
            return _photographed(browser, base, folder, *shot)
        except (PlaywrightTimeout, Unreached) as error:
            print(f"{shot[0]}: once more ({str(error).splitlines()[0]})", file=sys.stderr, flush=True)
    raise SystemExit(f"{shot[0]} did not come to rest in {TRIES} tries")


class Unreached(Exception):
    """A page says that it could not reach its server."""


def _photographed(  # noqa: PLR0917
    browser: Browser,
    base: str,
    folder: Path,
    name: str,
    path: str,
    size: tuple[int, int],
    scheme: str,
    locale: str,
) -> Path:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    context.set_default_timeout(SETTLED_MS)
    with closing(context):
        return _picture(context.new_page(), base, folder / f"{name}.png", path, whole=name not in SCREENS)


def _picture(page: Page, base: str, target: Path, path: str, *, whole: bool) -> Path:
    yesterday = datetime.fromtimestamp(SystemClock().now_at() - DAY_S, UTC).date().isoformat()
    page.goto(base + path.replace("YESTERDAY", yesterday))
    page.wait_for_load_state("load")
    page.wait_for_function(SETTLED)
    said = page.inner_text("body")
    if any(text in said for text in UNREACHED):
        raise Unreached("it could not reach its server")
    page.evaluate(ALL_DRAWN)
    page.screenshot(path=target, full_page=whole)
    return target


@contextmanager
def _states() -> Iterator[tuple[str, str]]:
    """The houses that anybody may see, and the same behind a password."""
    with tempfile.TemporaryDirectory(prefix="liveone-states-") as folder:
        store = states.made(Path(folder) / "states.db")
        with serving(store) as address, serving(store, AuthSettings(auth_password="a password")) as locked:
            yield address, locked
        store.close()


@contextmanager
def _demo(address: str | None) -> Iterator[str]:
    if address:
        yield address.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="liveone-shots-") as folder:
        base = f"http://127.0.0.1:{(port := free_port())}"
        command = [*LIVEONE, "demo", "--folder", folder, "--port", str(port), "--no-browser"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(f"{base}/api/data?systemId=2", process)
            yield base
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + READY_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.5)
    ended = process.poll() is not None
    raise SystemExit("the demo ended" if ended else f"the demo did not answer within {READY_S} s")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"), (sys.argv[2:] or [None])[0])
