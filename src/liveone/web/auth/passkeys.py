"""Passkeys (WebAuthn): a browser proves that a key is there, and that its person unlocked it.

Rule: a question is good for one right answer, in the browser that it was put to, for five minutes; it waits
there in a signed cookie. Nothing is remembered of wrong answers: strangers give as many as they like. A
passkey belongs to the name of the host where it was made.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import orjson
from fastapi import Request

from liveone.accounts.second_steps import PASSKEY, SecondStep
from liveone.web.answers import ApiError, log
from liveone.web.auth import sessions
from liveone.web.auth.callers import Authenticator

COOKIE = "liveone-passkey"
PURPOSE = "passkey"
LIFETIME_S = 300
COOKIE_CHARS_MAX = 1000
HANDLE_CHARS_MAX = 1400
"""An id has at most 1023 bytes."""
NAME = "LiveOne"
BEGIN_ANEW = ApiError(
    400, "That took too long, or was begun in another browser.", hint="Begin anew.", parameter="credential"
)
NOT_PROVEN = ApiError(401, "That passkey does not open an account here.")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser was asked: ``challenge`` in base64url. ``account``: who adds a passkey, else empty."""

    challenge: str
    account: str
    until_at: int


def asked_to_make(
    request: Request, account: str, email: str, mine: Sequence[SecondStep]
) -> tuple[dict[str, Any], str]:
    """What a browser is asked to make a passkey of, and the challenge."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=_host(request),
        rp_name=NAME,
        user_id=sessions.fingerprint(account),
        user_name=email,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=decoded(one.handle))
            for one in mine
            if one.kind == PASSKEY
        ],
    )
    return orjson.loads(webauthn.options_to_json(options)), encoded(options.challenge)


def asked_to_show(request: Request) -> tuple[dict[str, Any], str]:
    """What a browser is asked to show any passkey of this host with, and the challenge."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=_host(request), user_verification=UserVerificationRequirement.REQUIRED
    )
    return orjson.loads(webauthn.options_to_json(options)), encoded(options.challenge)


def cookie_of(key: bytes, challenge: str, account: str, now_at: float) -> str:
    """The cookie that brings a challenge back."""
    return sessions.seal(
        key, PURPOSE, orjson.dumps(asdict(Challenge(challenge, account, int(now_at) + LIFETIME_S)))
    )


def returned(request: Request, gate: Authenticator, account: str, now_at: float) -> Challenge:
    """What this browser was asked for this account, if it was not answered. Raises ApiError 400."""
    cookie = request.cookies.get(COOKIE, "")
    content = (
        sessions.unseal(gate.settings.session_key, PURPOSE, cookie)
        if len(cookie) <= COOKIE_CHARS_MAX
        else None
    )
    if content is None:
        raise BEGIN_ANEW
    asked, used = Challenge(**orjson.loads(content)), gate.settings.ended
    if asked.account != account or now_at >= asked.until_at or used.has(asked.challenge):
        raise BEGIN_ANEW
    return asked


def use_up(gate: Authenticator, asked: Challenge, now_at: float) -> None:
    """It was answered rightly. Raises ApiError 400 where it was already."""
    if not gate.settings.ended.add(asked.challenge, asked.until_at, now_at=now_at):
        raise BEGIN_ANEW


def made(request: Request, account: str, challenge: str, credential: Mapping[str, Any]) -> SecondStep:
    """The passkey that a browser made. Raises ApiError 400 for one that proves nothing."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_registration_response(
            credential=dict(credential),
            **_expected(request, challenge),
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("a passkey was not taken: %s", error)
        raise ApiError(400, "That passkey could not be proven.", parameter="credential") from None
    return SecondStep(
        account,
        PASSKEY,
        encoded(found.credential_id),
        public_key=encoded(found.credential_public_key),
        used=found.sign_count,
    )


def shown(
    request: Request, known: Sequence[SecondStep], challenge: str, credential: Mapping[str, Any]
) -> tuple[SecondStep, int]:
    """The passkey that a browser proves to have, with its new count. Raises ApiError 401."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    handle = str(credential.get("id", ""))[:HANDLE_CHARS_MAX]
    one = next((each for each in known if each.kind == PASSKEY and each.handle == handle), None)
    if one is None:
        raise NOT_PROVEN
    try:
        found = webauthn.verify_authentication_response(
            credential=dict(credential),
            **_expected(request, challenge),
            credential_public_key=decoded(one.public_key),
            credential_current_sign_count=one.used,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("a passkey of %s was not proven: %s", one.account, error)
        raise NOT_PROVEN from None
    return one, found.new_sign_count


def encoded(content: bytes) -> str:
    """Base64url without padding, as browsers write it."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of such a text."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Expected(TypedDict):
    expected_challenge: bytes
    expected_rp_id: str
    expected_origin: list[str]
    require_user_verification: bool


def _expected(request: Request, challenge: str) -> _Expected:
    """What every proof has to say, of a new passkey and of a known one."""
    return {
        "expected_challenge": decoded(challenge),
        "expected_rp_id": _host(request),
        "expected_origin": _origins(request),
        "require_user_verification": True,
    }


def _host(request: Request) -> str:
    return request.url.hostname or "localhost"


def _origins(request: Request) -> list[str]:
    """How the browser may name us: a proxy that ends TLS need not have said so. Browsers make and show
    passkeys on https alone, and on this machine."""
    return [f"{scheme}://{request.url.netloc}" for scheme in ("https", "http")]
