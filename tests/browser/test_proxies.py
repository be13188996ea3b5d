"""LiveOne behind real web servers with TLS, as docs/how-to/reverse-proxy.md says, in a real browser."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.ports import free_port
from tests.web.support import COOKIE, OWNER, PASSWORD, SetClock, later, services, serving

from liveone.store import readings
from liveone.store.readings import Recorded
from liveone.store.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.apart, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs/how-to/reverse-proxy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(nginx|caddyfile)\n(.*?)```", PAGE, re.DOTALL)
PROXIES = {"nginx": "nginx", "caddyfile": "caddy"}
LOCAL = ("127.0.0.1",)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of nobody known, for localhost."""
    pem, key = folder / "own.pem", folder / "own.key"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *new, "-keyout", key, "-out", pem, *subject]
    subprocess.run(command, check=True, capture_output=True)
    return pem, key


def nginx(folder: Path, block: str, port: int, behind: int) -> list[str]:
    """The block in a whole configuration; only addresses and files are others than in the docs."""
    pem, key = certificate(folder)
    block = re.sub(r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl", block)
    block = re.sub(r"(ssl_certificate +)\S+;", rf"\g<1>{pem};", block)
    block = re.sub(r"(ssl_certificate_key +)\S+;", rf"\g<1>{key};", block)
    block = re.sub(r"server_name \S+;", "server_name localhost;", block)
    block = block.replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 128; }}\nhttp {{ access_log off;\n{temporary}{block}}}\n"
    )
    path = folder / "nginx.conf"
    path.write_text(whole)
    return ["nginx", "-e", str(folder / "error.log"), "-c", str(path)]


def caddyfile(folder: Path, block: str, port: int, behind: int) -> list[str]:
    pem, key = certificate(folder)
    block = re.sub(r"^\S+ \{", f"https://localhost:{port} {{\n    tls {pem} {key}", block, count=1)
    block = block.replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    options = "{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n}\n"
    path = folder / "Caddyfile"
    path.write_text(options + block)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]


@contextmanager
def proxied(kind: str, block: str, folder: Path, behind: int) -> Iterator[str]:
    """``https://localhost:PORT`` of the web server with that block of configuration."""
    program = PROXIES[kind]
    if shutil.which(program) is None or shutil.which("openssl") is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} or openssl is missing: run .ci/debian-packages")
        pytest.skip(f"{program} or openssl is not installed")
    port = free_port()
    command = {"nginx": nginx, "caddyfile": caddyfile}[kind](folder, block, port, behind)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "proxy.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | home)
        try:
            with httpx2.Client(verify=ssl._create_unverified_context(), trust_env=False) as client:
                for _ in range(600):
                    assert process.poll() is None, (folder / "proxy.log").read_text()
                    try:
                        client.get(f"https://localhost:{port}/")
                        break
                    except httpx2.TransportError:
                        process_wait(process)
            yield f"https://localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)


def process_wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture(scope="module")
def trusting() -> Iterator[Browser]:
    """A browser that takes any certificate, for service workers too."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing, and CI must not skip the browser tests")
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        flags = [*FLAGS, "--ignore-certificate-errors"]
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield running
        running.close()


@pytest.fixture
def visitor(trusting: Browser) -> Iterator[Page]:
    """A page that fails the test on any script error, refused request, or request beside the path."""
    context = trusting.new_context(ignore_https_errors=True)
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("response", lambda got: troubles.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    yield page
    context.close()
    assert troubles == []


def sign_in(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_text("live")


@pytest.mark.parametrize("configured", BLOCKS, ids=[f"{k}-{n // 2}" for n, (k, _) in enumerate(BLOCKS)])
def test_a_house_behind_a_web_server_as_the_docs_configure_it(
    visitor: Page, store: Store, clock: SetClock, tmp_path: Path, configured: tuple[str, str]
) -> None:
    kind, block = configured
    root = "/solar" if "/solar/" in block else ""
    with (
        serving(services(store, OWNER, clock), proxies=LOCAL) as client,
        proxied(kind, block, tmp_path, int(client.base_url.port or 0)) as address,
    ):
        visitor.goto(f"{address}{root}/dashboard/1?view=week")
        expect(visitor).to_have_url(f"{address}{root}/login?next=%2Fdashboard%2F1%3Fview%3Dweek")
        sign_in(visitor)
        expect(visitor).to_have_url(f"{address}{root}/dashboard/1?view=week")
        cookies = {one["name"]: one for one in visitor.context.cookies()}
        session = cookies["liveone-session"]
        assert (session["path"], session["secure"], session["httpOnly"]) == (root or "/", True, True)

        newest = readings.latest(store, 1, 4e9)
        assert newest is not None
        clock.at += 60
        fresh = later(newest, 60, load_w=4321)
        readings.record(store, [Recorded(1, fresh, polled_at=int(clock.at))])
        expect(visitor.locator(".node.load .value")).to_have_text("4.32\xa0kW")

        scope = visitor.evaluate("navigator.serviceWorker.ready.then((one) => one.scope)")
        assert scope == f"{address}{root}/"
        manifest = visitor.context.new_cdp_session(visitor).send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert f'"start_url":"{root}/"' in manifest["data"].replace(": ", ":")
        for name in ("overview", "admin"):
            visitor.locator(f'nav [data-page="{name}"]').click()
            expect(visitor.locator(f'nav [data-page="{name}"]')).to_have_attribute("aria-current", "page")
        visitor.get_by_role("link", name="API").click()
        expect(visitor.locator("#paths section, #paths details, #paths article").first).to_be_visible()
        visitor.goto(f"{address}{root}/admin")
        visitor.locator("#sign-out").click()
        expect(visitor).to_have_url(f"{address}{root}/login")


def test_a_proxy_that_leaves_the_path_and_says_nothing(store: Store, clock: SetClock, tmp_path: Path) -> None:
    """`base_path` says it: nginx passes /solar/... on as it came."""
    block = next(block for kind, block in BLOCKS if kind == "nginx" and "/solar" in block)
    silent = re.sub(r".*X-Forwarded-Prefix.*\n", "", block).replace("127.0.0.1:8080/;", "127.0.0.1:8080;")
    with (
        serving(services(store, OWNER, clock), base_path="/solar", proxies=LOCAL) as client,
        proxied("nginx", silent, tmp_path, int(client.base_url.port or 0)) as address,
        httpx2.Client(verify=ssl._create_unverified_context(), trust_env=False, headers=COOKIE) as browser,
    ):
        assert browser.get(f"{address}/solar/").headers["location"] == "/solar/dashboard/1"
        assert 'href="/solar/dashboard"' in browser.get(f"{address}/solar/dashboard/1").text
        assert client.get("/api/health/ready").status_code == 200
