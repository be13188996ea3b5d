"""Webhooks: each reading, or each closed day, as JSON, signed.

The signature is that of Standard Webhooks: ``webhook-signature`` is ``v1,`` and the base64 of the HMAC-SHA256
of ``webhook-id.webhook-timestamp.body``. A receiver that checks the timestamp cannot be fed an old one again.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from liveone.clock import Clock
from liveone.errors import ConfigError
from liveone.outgoing.guard import GuardedBackend
from liveone.outgoing.outlet import OutgoingItem
from liveone.outgoing.post import Receiver
from liveone.settings.outgoing import WebhookConfig

OLD_S = 86_400.0
"""A reading that is older tells an automation nothing any more. A day is sent for a month."""

OLD_DAY_S = 31 * 86_400.0
PREFIX = "whsec_"


class WebhookOutlet:
    """An ``Outlet`` that posts one event at a time."""

    most = 1

    def __init__(self, target: WebhookConfig, clock: Clock) -> None:
        self.name, self._target, self._clock = target.name, target, clock
        self.old_s = OLD_S if target.on == "reading" else OLD_DAY_S
        self._key = key_of(target.secret)
        network = GuardedBackend(lan=target.lan)
        self._receiver = Receiver(target.url, verify_tls=target.verify_tls, network=network)

    def send(self, items: Sequence[OutgoingItem]) -> None:
        """Post them, one after the other."""
        for item in items:
            body = body_of(item)
            headers = signed_headers(self._key, item.key, int(self._clock.now_at()), body)
            self._receiver.post(body, headers, secrets=(self._target.secret,))

    def close(self) -> None:
        """Release connections."""
        self._receiver.close()


def key_of(secret: str) -> bytes:
    """The key in a secret: the bytes of its base64 after ``whsec_``, else those of the text itself.

    Raises ConfigError.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ConfigError(
            "the secret of a webhook is no base64 after whsec_", hint="Copy it again."
        ) from None


def body_of(item: OutgoingItem) -> bytes:
    """The event as JSON."""
    known = {name: value for name, value in item.values.items() if value is not None}
    system = {"id": item.system_id, "name": item.system_name}
    event = {"type": item.kind, "system": system, "at": item.at, "data": known}
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode()


def signed_headers(key: bytes, event_id: str, at: int, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers that prove who sent a body, and when."""
    signed = f"{event_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return (
        ("content-type", "application/json"),
        ("webhook-id", event_id),
        ("webhook-timestamp", str(at)),
        ("webhook-signature", f"v1,{signature}"),
    )
