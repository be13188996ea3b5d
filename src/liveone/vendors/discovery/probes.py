"""Which source fits a port that is open: a question that only reads, and what its answer must hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from liveone.vendors.adapter import account_of
from liveone.vendors.base import Vendor, VendorError
from liveone.vendors.http import Http
from liveone.vendors.registry import open_vendor
from timed_http.deadline import Deadline

ASK_S = 2.0
MODBUS, SOLARMAN, MQTT, HOME_ASSISTANT = 502, 8899, 1883, 8123
PORTS = (80, 443, MODBUS, MQTT, HOME_ASSISTANT, SOLARMAN)


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device, the source that fits, and the settings that lead to it. ``seen`` is what it answered."""

    host: str
    vendor_type: str
    settings: Mapping[str, str | int]
    seen: str


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A path, and what makes its answer that of a make: a word about it, or nothing."""

    vendor_type: str
    path: str
    says: Callable[[str], str]


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _homewizard(text: str) -> str:
    told = _json(text)
    return f"{told.get('product_name') or told['product_type']}" if "product_type" in told else ""


def _shelly(text: str) -> str:
    told = _json(text)
    model = told.get("model") or told.get("type")
    return f"Shelly {model}" if model and ("mac" in told or "gen" in told) else ""


def _fronius(text: str) -> str:
    return "Solar API" if "APIVersion" in _json(text) else ""


def _enphase(text: str) -> str:
    return "Envoy" if "<envoy_info>" in text or "<imeter>" in text else ""


def _powerwall(text: str) -> str:
    told = _json(text)
    return f"gateway {told.get('version', '')}".strip() if "din" in told and "device_type" in told else ""


def _home_assistant(text: str) -> str:
    return "Home Assistant" if _json(text).get("name") == "Home Assistant" else ""


HTTP_PROBES = (
    HttpProbe("fronius", "/solar_api/GetAPIVersion.cgi", _fronius),
    HttpProbe("shelly", "/shelly", _shelly),
    HttpProbe("homewizard", "/api", _homewizard),
    HttpProbe("enphase", "/info", _enphase),
    HttpProbe("powerwall", "/api/status", _powerwall),
    HttpProbe("home-assistant", "/manifest.json", _home_assistant),
)


def device_at(host: str, port: int) -> FoundDevice | None:
    """What answers at an open port, as far as it is known. Ends by a few times ASK_S."""
    if port == MODBUS:
        return _at_modbus(host, port)
    if port == MQTT:
        return FoundDevice(host, "mqtt", {"host": host}, "a broker, perhaps (port 1883)")
    if port == SOLARMAN:
        settings: dict[str, str | int] = {"host": host, "port": port, "framing": "solarman"}
        return FoundDevice(host, "modbus-inverter", settings, "a logger, perhaps (port 8899)")
    return _over_http(host, port)


def _over_http(host: str, port: int) -> FoundDevice | None:
    scheme = "https" if port == 443 else "http"
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}" + ("" if port in (80, 443) else f":{port}")
    http = Http(url, verify_tls=False)
    try:
        for probe in HTTP_PROBES:
            try:
                answer = http.request("GET", probe.path, deadline=Deadline(ASK_S))
            except VendorError as error:
                if "did not answer" in str(error) or "cannot reach" in str(error):
                    return None
                continue
            if answer.status == 200 and (seen := probe.says(answer.text)):
                return FoundDevice(host, probe.vendor_type, {"url": url}, seen)
    finally:
        http.close()
    return None


def _at_modbus(host: str, port: int) -> FoundDevice:
    settings: dict[str, str | int] = {"host": host} | ({} if port == MODBUS else {"port": port})
    vendor: Vendor = open_vendor(account_of("sunspec", settings, timeout_s=2 * ASK_S))
    try:
        info = vendor.describe("house")
        return FoundDevice(host, "sunspec", settings, info.model or "SunSpec")
    except VendorError:
        return FoundDevice(host, "modbus-inverter", settings, "Modbus, without SunSpec: choose a map")
    finally:
        vendor.close()
