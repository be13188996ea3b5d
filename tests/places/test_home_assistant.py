"""The app of Home Assistant: its options become settings, and its pages work below the path of an ingress."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml
from tests.places.test_container import CONTAINER, surroundings
from tests.ports import free_port

pytestmark = [pytest.mark.apart, pytest.mark.slow]

APP = Path(__file__).parents[2] / "deploy/home-assistant/liveone"
INGRESS = "/api/hassio_ingress/Xk3-9_token"


def test_options_become_settings_and_the_pages_are_below_the_ingress(tmp_path: Path) -> None:
    port = free_port()
    options = {"password": "correct horse", "account_email": "a@b.c", "account_password": "hunter22"}
    (tmp_path / "options.json").write_text(json.dumps(options))
    (tmp_path / "liveone").mkdir(mode=0o777)
    (tmp_path / "liveone").chmod(0o777)
    # Loopback stands for the Supervisor's address, and the port is a free one: both are settings of run.py.
    text = (APP / "run.py").read_text().replace("172.30.32.2,172.30.32.1", "127.0.0.1")
    text = text.replace('"8099"', f'"{port}"').replace("if os.geteuid() == 0:", "if False:")
    (tmp_path / "run.py").write_text(text)
    env = surroundings(tmp_path, LIVEONE_ENTRYPOINT=str(CONTAINER / "entrypoint.sh"))
    process = subprocess.Popen(
        [sys.executable, tmp_path / "run.py"],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if " serves " in line:
                break
        assert process.poll() is None, said
        assert "hunter22" not in said
        headers = {"x-ingress-path": INGRESS, "x-forwarded-for": "192.168.1.7", "accept": "text/html"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            assert client.get("/").headers["location"] == f"{INGRESS}/login?next=%2F"
            page = client.get("/login")
            assert f'data-root="{INGRESS}"' in page.text
            assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
            form = {"email": "a@b.c", "password": "correct horse"}
            signed_in = client.post("/api/auth/login", json=form)
            assert f"Path={INGRESS}" in signed_in.headers["set-cookie"]
            assert client.get("/api/health/live").status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_the_configuration_names_what_there_is() -> None:
    about = yaml.safe_load((APP / "config.yaml").read_text())
    specification = importlib.util.spec_from_file_location("run", APP / "run.py")
    assert specification is not None
    assert specification.loader is not None
    run = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(run)
    assert set(about["schema"]) == {*run.NAMES, "log_level"}
    assert run.settings({})["LIVEONE_PORT"] == str(about["ingress_port"])
    for option in about["schema"]:
        assert f"`{option}`" in (APP / "DOCS.md").read_text()
    project = (APP.parents[2] / "pyproject.toml").read_text()
    assert f'version = "{about["version"]}"' in project
