"""LiveOne below a path of its host: every address that leaves it carries the path, and only then."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from tests.web.support import COOKIE, PASSWORD, seeded, services, serving

from liveone.errors import ConfigError
from liveone.settings import config
from liveone.store.store import Store

SOLAR = "/solar"
STATIC = Path(__file__).parents[2] / "src/liveone/web/static"
ADDRESS = re.compile(r"""(?:href|src|action)="(/[^"]*)""")
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = seeded(tmp_path_factory.mktemp("below") / "live.db", days=1)
    yield found
    found.close()


@contextmanager
def below(store: Store, base: str = SOLAR, proxies: tuple[str, ...] = ()) -> Iterator[httpx2.Client]:
    with serving(services(store), base_path=base, proxies=proxies) as client:
        yield client


@pytest.mark.parametrize("sent", [SOLAR, ""], ids=["the proxy leaves the path", "the proxy takes it off"])
def test_every_address_of_every_page_is_below_the_path(store: Store, sent: str) -> None:
    with below(store) as client:
        for page in ("/", "/dashboard", "/dashboard/1", "/admin", "/docs", "/offline", "/nothing"):
            answer = client.get(sent + page, headers=COOKIE | HTML, follow_redirects=False)
            if answer.is_redirect:
                assert answer.headers["location"].startswith(f"{SOLAR}/"), page
                continue
            found = ADDRESS.findall(answer.text)
            assert len(found) >= 2, page
            assert [one for one in found if not one.startswith(f"{SOLAR}/")] == [], page
            assert f'data-root="{SOLAR}"' in answer.text
            for one in found:
                assert client.get(sent + one.removeprefix(SOLAR), headers=COOKIE).status_code < 400, one


def test_the_path_itself_is_the_top(store: Store) -> None:
    with below(store) as client:
        for path in (SOLAR, f"{SOLAR}/"):
            assert client.get(path, headers=COOKIE).headers["location"] == f"{SOLAR}/dashboard/1"
        assert client.get("/solarium/dashboard", headers=COOKIE).status_code == 404


def test_signing_in_leads_back_and_its_cookie_is_for_the_path_alone(store: Store) -> None:
    with below(store) as client:
        to_login = client.get(f"{SOLAR}/dashboard/1?view=week", headers=HTML).headers["location"]
        assert to_login == f"{SOLAR}/login?next=%2Fdashboard%2F1%3Fview%3Dweek"
        signed_in = client.post(f"{SOLAR}/api/auth/login", json={"email": "a@b.c", "password": PASSWORD})
        cookies = signed_in.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert [one for one in cookies if f"Path={SOLAR};" not in f"{one};"] == []
        assert client.get(to_login).headers["location"] == f"{SOLAR}/dashboard/1?view=week"


def test_the_manifest_the_description_and_the_worker_know_the_path(store: Store) -> None:
    with below(store) as client:
        page = client.get(f"{SOLAR}/dashboard/1", headers=COOKIE).text
        address = next(one for one in ADDRESS.findall(page) if one.endswith(".webmanifest"))
        about = client.get(address).json()
        assert (about["id"], about["start_url"], about["scope"]) == (
            f"{SOLAR}/dashboard",
            f"{SOLAR}/",
            f"{SOLAR}/",
        )
        assert [one["url"] for one in about["shortcuts"]] == [f"{SOLAR}/dashboard", f"{SOLAR}/admin"]
        icon = urljoin(address, about["icons"][0]["src"])
        assert client.get(icon).status_code == 200
        assert client.get(f"{SOLAR}/openapi.json").json()["servers"] == [{"url": SOLAR}]
        assert client.get(f"{SOLAR}/service-worker.js").status_code == 200
    with below(store, "") as client:
        assert client.get("/static/app.webmanifest").json()["id"] == "/dashboard"
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/"}]


def test_what_a_proxy_says_counts_when_it_is_trusted(store: Store) -> None:
    said = {"x-forwarded-prefix": "/house", "x-forwarded-host": "home.example", "x-forwarded-proto": "https"}
    with below(store, "", ("127.0.0.1",)) as client:
        assert client.get("/", headers=COOKIE | said).headers["location"] == "/house/dashboard/1"
        form = {"email": "a@b.c", "password": PASSWORD}
        own = said | {"origin": "https://home.example"}
        cookie = client.post("/api/auth/login", json=form, headers=own).headers["set-cookie"]
        assert "Path=/house" in cookie
        assert "Secure" in cookie
        foreign = said | {"origin": "https://elsewhere.example"}
        assert client.post("/api/auth/login", json=form, headers=foreign).status_code == 403
    with below(store, "", ("10.0.0.1",)) as client:
        assert client.get("/", headers=COOKIE | said).headers["location"] == "/dashboard/1"
        assert client.post("/api/auth/login", json=form, headers=own).status_code == 403


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a/../b", "/a b", '/"><script>', "/api", "https://evil.example"]
)
def test_a_prefix_that_is_none_is_not_heeded(store: Store, prefix: str) -> None:
    with below(store, SOLAR, ("127.0.0.1",)) as client:
        answer = client.get("/", headers=COOKIE | {"x-forwarded-prefix": prefix})
        assert answer.headers["location"] == f"{SOLAR}/dashboard/1"


def test_an_ingress_may_show_the_page_inside_of_its_own(store: Store) -> None:
    with below(store, "", ("127.0.0.1",)) as client:
        page = client.get("/dashboard/1", headers=COOKIE | {"x-ingress-path": "/api/hassio_ingress/Ab-3_x"})
        assert 'href="/api/hassio_ingress/Ab-3_x/dashboard"' in page.text
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        plain = client.get("/dashboard/1", headers=COOKIE)
        assert "frame-ancestors 'none'" in plain.headers["content-security-policy"]
        assert plain.headers["x-frame-options"] == "DENY"


def test_uploads_and_streams_are_known_below_the_path_too(store: Store) -> None:
    with below(store) as client:
        with client.stream("GET", f"{SOLAR}/api/stream?systemId=1", headers=COOKIE) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
        large = b"x" * 100_000
        upload = client.post(f"{SOLAR}/api/admin/systems/1/import", content=large, headers=COOKIE)
        assert upload.status_code != 413
        assert client.post(f"{SOLAR}/api/auth/login", content=large).status_code == 413


@pytest.mark.parametrize("path", ["solar", "/solar/", "/", "/a//b", "/..", "/so lar", "/api", "/a?b"])
def test_a_base_path_that_cannot_be_is_refused_in_words(tmp_path: Path, path: str) -> None:
    (tmp_path / "liveone.toml").write_text(f'[server]\nbase_path = "{path}"\n')
    with pytest.raises(ConfigError, match="base_path"):
        config.load(tmp_path / "liveone.toml", {})


def test_no_page_and_no_script_writes_an_address_without_the_path() -> None:
    """Templates put ``{{ root }}`` before it; scripts say ``at("/...")``, and ``ask`` and ``element`` do."""
    bad = re.compile(
        r"""(?:href|src|action)="/|location\.(?:assign|replace)\(["'`]/|location(?:\.href)? = ["'`]/"""
        r"""|fetch\(["'`]/|EventSource\(["'`]/|window\.open\(["'`]/|\.(?:href|src) = ["'`]/|path=/;"""
    )
    found = [
        f"{path.relative_to(STATIC)}: {match[0]}"
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in (".html", ".js")
        for match in bad.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
