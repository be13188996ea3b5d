"""InfluxDB, versions 1 and 2, by its line protocol; whatever else takes that (VictoriaMetrics, Telegraf).

Every value is a float: a field whose first value was whole would refuse fractions for ever after.
Source: the reference of the line protocol, and the documents of /write and /api/v2/write.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from liveone.outgoing.outlet import OutgoingItem
from liveone.outgoing.post import Receiver
from liveone.settings.outgoing import InfluxConfig
from liveone.vendors.address import checked_url

MOST = 1000


def write_url(target: InfluxConfig) -> str:
    """The address that lines are posted to."""
    if target.bucket:
        return f"{target.url}/api/v2/write?{_query(bucket=target.bucket, org=target.org, precision='s')}"
    return f"{target.url}/write?{_query(db=target.database, rp=target.retention_policy, precision='s')}"


def credential(target: InfluxConfig) -> tuple[tuple[str, str], ...]:
    """The header with the credential, where there is one: never a part of the address, which logs show."""
    if target.token:
        return (("authorization", f"Token {target.token}"),)
    if not target.user:
        return ()
    pair = b64encode(f"{target.user}:{target.password}".encode()).decode()
    return (("authorization", f"Basic {pair}"),)


class InfluxOutlet:
    """An ``Outlet`` that writes lines."""

    most = MOST
    old_s = float("inf")

    def __init__(self, target: InfluxConfig) -> None:
        self.name, self._target = target.name, target
        url = checked_url(target.url, carries_password=bool(target.token or target.password))
        self._receiver = Receiver(write_url(replace(target, url=url)), verify_tls=target.verify_tls)

    def send(self, items: Sequence[OutgoingItem]) -> None:
        """One line each."""
        lines = "\n".join(filter(None, (line_of(self._target.measurement, item) for item in items)))
        target = self._target
        secrets = tuple(filter(None, (target.token, target.password)))
        if lines:
            self._receiver.post(lines.encode(), credential(target), secrets=secrets)

    def close(self) -> None:
        """Release connections."""
        self._receiver.close()


def line_of(measurement: str, item: OutgoingItem) -> str:
    """A line of an item; empty where it has no value."""
    values = ",".join(f"{name}={float(value)!r}" for name, value in _numbers(item.values).items())
    tags = f"system={item.system_id},name={_escaped(item.system_name) or '-'}"
    return f"{_escaped(measurement)},{tags} {values} {item.at}" if values else ""


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _escaped(text: str) -> str:
    """As a measurement, a tag's name or a tag's value; it cannot end in a backslash."""
    plain = " ".join(text.split()).replace("\\", "/")
    return plain.replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


def _query(**words: str) -> str:
    return urlencode({name: value for name, value in words.items() if value})
