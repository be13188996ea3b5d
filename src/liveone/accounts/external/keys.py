"""The public keys of an issuer: kept, fetched anew when a token names one that is not there, and once a day.

Rule: proving a token asks nobody. Keys are fetched no more often than every REFETCH_S, whatever tokens name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from liveone.accounts.external.failures import SignInFailed, SignInProblem
from liveone.clock import Clock

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

    VerificationKey = RSAKey | ECKey

ALGORITHMS = {"RSA": ("RS256",), "EC": ("ES256",)}
REFETCH_S, OLD_S = 30.0, 86_400.0
KEYS_MAX = 50
RSA_BITS_MIN = 2048


class IssuerKeys:
    """The keys of one issuer. ``load`` asks for its JSON Web Key Set. Safe to call from any thread."""

    def __init__(self, load: Callable[[], Mapping[str, Any]], clock: Clock) -> None:
        self._load, self._clock = load, clock
        self._lock = threading.Lock()
        self._keys: dict[str, VerificationKey] = {}
        self._asked_s = self._kept_s = float("-inf")

    def find(self, key_id: str | None) -> VerificationKey | None:
        """The key of that id; without an id the only one there is. Asks nobody."""
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def lacks(self, key_id: str | None) -> bool:
        """Whether it is worth asking for the keys: this one is missing, or all are old."""
        return self.find(key_id) is None or self._clock.monotonic_s() - self._kept_s > OLD_S

    def refresh(self) -> None:
        """Fetch the keys, if that was not just done. Raises SignInFailed; the keys that were there stay."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if now_s - self._asked_s < REFETCH_S:
                return
            self._asked_s = now_s
            self._keys = _usable(self._load())
            self._kept_s = now_s


def _usable(key_set: Mapping[str, Any]) -> dict[str, VerificationKey]:
    """The keys that prove a signature of ours, by id; others are left out. Raises SignInFailed."""
    listed = key_set.get("keys")
    if not isinstance(listed, list):
        raise SignInFailed(SignInProblem.AWAY, "the issuer's key set has no list of keys")
    found: dict[str, VerificationKey] = {}
    for one in listed[:KEYS_MAX]:
        key = _key(one) if isinstance(one, dict) else None
        if key is not None:
            found.setdefault(str(one.get("kid", "")), key)
    return found


def _key(stated: dict[str, Any]) -> VerificationKey | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, JWKRegistry, RSAKey

    algorithms = ALGORITHMS.get(str(stated.get("kty")), ())
    if stated.get("use", "sig") != "sig" or stated.get("alg", *algorithms[:1]) not in algorithms:
        return None
    try:
        key = JWKRegistry.import_key(stated)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.public_key.key_size >= RSA_BITS_MIN else None
    return key if isinstance(key, ECKey) and key.curve_name == "P-256" else None
