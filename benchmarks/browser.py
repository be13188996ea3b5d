"""The dashboard in a real Chromium: weight, first paint, settled, interaction with ten years, animation.

One system with ten years of readings (one each two hours, a minute apart on the last day), served by this
process on loopback. CPU is that of all the browser's processes, with and without the animation.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.domain.rows import close_days

from benchmarks.measure import Measure
from liveone.clock import SystemClock
from liveone.domain.counters import rated_kw
from liveone.domain.system import SystemInfo
from liveone.domain.zones import zone_of
from liveone.simulate import presets
from liveone.simulate.run import PortalOptions, house_of
from liveone.store import aggregates, bulk, systems
from liveone.store.files import create
from liveone.store.store import Store, open_store
from liveone.web.app import create_app
from liveone.web.auth.callers import AuthSettings
from liveone.web.pages import files, shell
from liveone.web.server import WebServer, listen
from liveone.web.services import DailyJob, DailyOutcome, PollOutcome, Services

YEARS_S, DAY_S = 3650 * 86_400, 86_400
RUNS, WATCHED_S = 5, 8.0

PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const found = list.getEntriesByName("first-contentful-paint")[0];
    if (found) done(found.startTime);
  }).observe({ type: "paint", buffered: true });
})"""
SETTLED = """() => new Promise((done) => {
  const look = () => (document.querySelector("#bars svg") && document.querySelector("#chart svg")
    ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 5));
  look();
})"""
INTERACT = """async () => {
  const stack = document.getElementById("stack");
  const box = document.getElementById("chart").getBoundingClientRect();
  const found = [];
  for (let x = 60; x < box.width; x += 12) {
    const begin = performance.now();
    stack.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + 50 }));
    document.body.getBoundingClientRect();
    found.push(performance.now() - begin);
    await new Promise(requestAnimationFrame);
  }
  for (const id of ["mode", "mode"]) {
    const begin = performance.now();
    document.getElementById(id).click();
    document.body.getBoundingClientRect();
    found.push(performance.now() - begin);
  }
  return Math.max(...found);
}"""
MOVES = """() => new Promise((done) => {
  let moves = 0;
  const seen = new MutationObserver((all) => { moves += all.length; });
  const how = { attributes: true, subtree: true, attributeFilter: ["stroke-dashoffset"] };
  seen.observe(document.getElementById("flow"), how);
  setTimeout(() => done(moves), 3000);
})"""
HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""No page is hidden without a screen, so the page is told that it is."""


def run(folder: Path) -> Iterator[Measure]:
    """The issue's budgets; without Chromium only the weight."""
    yield _weight()
    if not CHROMIUM.exists():
        yield Measure("dashboard in a browser", None, "", note=f"{CHROMIUM} is not here")
        return
    create(folder / "ten.db")
    store = open_store(folder / "ten.db")
    _fill(store)
    with serving(store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield from _painting(browser, f"{address}/dashboard/1")
        yield _interaction(browser, f"{address}/dashboard/1?view=all")
        yield from _animation(browser, f"{address}/dashboard/1")
        browser.close()
    store.close()


def _weight() -> Measure:
    loaded = files.load()
    scripts = shell.load(loaded).scripts("dashboard.html")
    size = sum(len(loaded[path].zipped) for path in scripts)
    return Measure("JavaScript of the dashboard, gzip", size / 1000, "kB", 100, note=f"{len(scripts)} file")


def _fill(store: Store) -> None:
    options = PortalOptions(sites=1, presets=("grid",))
    preset, now_at = presets.named("grid"), int(SystemClock().now_at())
    system = systems.add_system(
        store,
        owner=None,
        vendor_type="select.live",
        vendor_site_id="1586",
        display_name=preset.display_name,
        timezone_offset_min=preset.offset_min,
        info=SystemInfo(),
    )
    house = house_of(options, 0)
    spans = ((now_at - YEARS_S, now_at - DAY_S, 7200), (now_at - DAY_S, now_at, 60))
    for start_at, end_at, every_s in spans:
        bulk.import_readings(store, system.id, house.rows(start_at, end_at, every_s))
    rows = aggregates.five_minutes(store, system.id, 0, now_at)
    days = close_days(rows, zone=zone_of(system), rated_kw=rated_kw(system))
    today = zone_of(system).day_of(now_at)
    aggregates.save_days(store, system.id, [day for day in days if day.day < today])


def _painting(browser: Browser, address: str) -> Iterator[Measure]:
    paints, settled = [], []
    for number in range(RUNS + 1):
        page = browser.new_page()
        page.goto(address, wait_until="commit")
        found = page.evaluate(PAINT), page.evaluate(SETTLED)
        if number:
            paints.append(found[0])
            settled.append(found[1])
        page.close()
    note = f"median of {RUNS}, nothing cached; worst"
    yield Measure("first contentful paint", median(paints), "ms", 250, note=f"{note} {max(paints):.0f} ms")
    yield Measure("charts drawn", median(settled), "ms", 500, note=f"{note} {max(settled):.0f} ms")


def _interaction(browser: Browser, address: str) -> Measure:
    page = browser.new_page()
    page.goto(address)
    page.evaluate(SETTLED)
    page.wait_for_timeout(1000)
    slowest_ms = page.evaluate(INTERACT)
    page.close()
    return Measure("slowest interaction, ten years loaded", slowest_ms, "ms", 50, note="cursor and redraw")


def _animation(browser: Browser, address: str) -> Iterator[Measure]:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_timeout(2000)
    moving = _cpu_pct(page)
    allowed = page.evaluate(MOVES)
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_timeout(500)
    still = _cpu_pct(page)
    calm = page.evaluate(MOVES)
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(HIDE)
    moves = (calm, page.evaluate(MOVES), allowed)
    page.close()
    note = f"whole page {moving:.1f} %, without dots {still:.1f} %"
    yield Measure("flow animation", max(0.0, moving - still), "% CPU", 2, note=note)
    yield Measure(
        "dots moved in 3 s, reduced motion", moves[0], "", 0, note=f"{moves[2]} in sight and allowed"
    )
    yield Measure("dots moved in 3 s, page hidden", moves[1], "", 0)


def _cpu_pct(page: Page) -> float:
    before, begin_s = _browser_cpu_s(), time.monotonic()
    page.wait_for_timeout(WATCHED_S * 1000)
    return 100 * (_browser_cpu_s() - before) / (time.monotonic() - begin_s)


def _browser_cpu_s() -> float:
    """Seconds of all Chromium processes below this one."""
    parents: dict[int, int] = {}
    used_s: dict[int, float] = {}
    names: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "stat").read_text()
        except OSError:
            continue
        name, rest = text.split("(", 1)[1].rsplit(")", 1)
        part = rest.split()
        number = int(path.name)
        parents[number], names[number] = int(part[1]), name
        used_s[number] = (int(part[11]) + int(part[12])) / os.sysconf("SC_CLK_TCK")
    return sum(used_s[each] for each in parents if "chrom" in names[each] and _is_below(each, parents))


def _is_below(number: int, parents: dict[int, int]) -> bool:
    while number in parents:
        if number == os.getpid():
            return True
        number = parents[number]
    return False


@contextmanager
def serving(store: Store, auth: AuthSettings = AuthSettings()) -> Iterator[str]:  # noqa: B008
    """The pages over ``store``, served by this process on loopback; yields the address."""

    async def poll_now() -> list[PollOutcome]:
        return []

    async def daily(_: DailyJob) -> list[DailyOutcome]:
        return []

    services = Services(store, SystemClock(), auth, poll_now, daily, dict, "bench")
    app = create_app(services)
    server = WebServer(app, timeout_graceful_shutdown=2)
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
