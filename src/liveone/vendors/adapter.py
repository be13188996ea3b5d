"""An adapter for a device that is asked: it declares what it must be told and how it counts, and says how to
ask and how to read. Everything else (units, signs, faults, tests of a connection) is done here.

A maker's adapter is a class with ``ask``, which does all I/O, and ``parse``, which is pure:

    class Meterbox(HttpAdapter):
        vendor_type = "meterbox"
        title = "Meterbox"
        measures = {"solar_w": Measure("W"), "grid_w": Measure("W", positive="export")}
        pages = {"now": "/now"}

        @classmethod
        def parse(cls, raw, settings):
            return DeviceSample({"solar_w": raw["now"]["pv"], "grid_w": raw["now"]["out"]})
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from liveone.domain.sources import ROLES, Role, SourceReading, merge
from liveone.domain.system import SystemInfo
from liveone.errors import BadInput, ConfigError
from liveone.vendors import checks, parameters
from liveone.vendors.address import checked_url
from liveone.vendors.base import (
    CheckStep,
    CredentialsRefused,
    Memory,
    Poll,
    ProtocolViolation,
    Site,
    TemporaryFailure,
    VendorAccount,
)
from liveone.vendors.http import Http, HttpResponse
from liveone.vendors.measures import DeviceSample, Measure, check_measures, fields_of, reading_of, roles_of
from liveone.vendors.parameters import Setting, Settings, VendorParameter
from liveone.vendors.redact import redact_json, redact_text
from liveone.vendors.retry import with_retries
from timed_http.deadline import Deadline

Raw = Mapping[str, Any]
"""What a device answered, as JSON: by names that the adapter gives to its questions."""

URL = VendorParameter(
    "url", "Address", "url", required=True, help="The device's address, such as http://192.168.1.30."
)
VERIFY_TLS = VendorParameter(
    "verify_tls", "Check its certificate", "switch", default=False, help="Devices on a LAN make their own."
)
METERED = VendorParameter(
    "measures", "What it measures", "choice", choices=ROLES, default="grid",
    help="Where the meter hangs: forward is what comes in, is produced, discharged or used.",
)  # fmt: skip
TURNED = VendorParameter(
    "turned", "Turn its direction", "switch", default=False, help="If it shows export where you import."
)
METER_PARAMETERS = (METERED, TURNED)
"""What a meter must be told that may hang anywhere, and whose adapter measures ``meter_w``."""

NEVER_S = 10.0**12
"""The age of a single device's sample is judged by whoever polls it."""

_UNUSABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError)
"""What reading an answer raises that is not as it should be."""


class Adapter(ABC):
    """A device or account that is asked for its newest sample. A ``Vendor``; safe to call from threads.

    Class attributes are the declaration. Raises ConfigError for settings that it cannot use.
    """

    vendor_type: ClassVar[str]
    title: ClassVar[str]
    parameters: ClassVar[tuple[VendorParameter, ...]] = ()
    measures: ClassVar[Mapping[str, Measure]] = MappingProxyType({})
    needs_site: ClassVar[bool] = False
    makes: ClassVar[tuple[str, ...]] = ()
    """Makes that it reads and that its title does not name, for an owner who looks for his."""

    def __init__(self, account: VendorAccount) -> None:
        check_measures(self.measures)
        checks.check_settings(account)
        self.settings = settings_of(self.parameters, account)
        self.secrets = parameters.secrets_of(self.parameters, self.settings)
        self.account = account
        self._closed = threading.Event()

    @abstractmethod
    def ask(self, deadline: Deadline) -> Raw:
        """Ask the device once. Ends by ``deadline`` and raises only VendorError."""

    @classmethod
    @abstractmethod
    def parse(cls, raw: Raw, settings: Settings) -> DeviceSample:
        """What an answer says. Pure.

        May raise KeyError, TypeError, ValueError and the like for an answer that is not what it should be; a
        value that is merely absent is None in the sample.
        """

    @classmethod
    def info(cls, raw: Raw, settings: Settings) -> SystemInfo:
        """What an answer says of the hardware. Pure; None for what it does not tell."""
        return SystemInfo()

    @classmethod
    def fields(cls, settings: Settings) -> frozenset[str]:
        """The fields of a reading that it can give, with these settings."""
        return fields_of(cls.measures, _metered(settings), turned=settings.get("turned") is True)

    @classmethod
    def roles(cls, settings: Settings) -> tuple[Role, ...]:
        """The roles in a house that it can give, with these settings."""
        return roles_of(cls.fields(settings), _metered(settings))

    @classmethod
    def read(
        cls, raw: Raw, settings: Settings, *, now_at: float, memory: Memory = MappingProxyType({})
    ) -> Poll:
        """The reading in an answer, with its points; the load follows from the balance where the device does
        not measure it. Pure.

        Raises ProtocolViolation for an answer that is not understood, and TemporaryFailure for one that holds
        no value at all, as of a device that has just been switched on.
        """
        secrets = parameters.secrets_of(cls.parameters, settings)
        try:
            sample = cls.parse(raw, settings)
            reading = reading_of(
                sample,
                cls.measures,
                now_at=now_at,
                metered=_metered(settings),
                turned=settings.get("turned") is True,
            )
        except _UNUSABLE as error:
            raise cls._not_understood(raw, error, secrets) from None
        fields = cls.fields(settings)
        if not sample.points_only and all(getattr(reading, name) is None for name in fields):
            raise TemporaryFailure(
                f"{cls.title}: it answers, but sends no value that can be used",
                hint="Right after it was switched on this is usual, and an inverter may do so at night.",
            )
        roles = frozenset(cls.roles(settings)) - sample.lacks
        part = SourceReading(cls.vendor_type, roles, fields, reading)
        house = merge([part], now_at=now_at, late_s=NEVER_S)
        assert house.reading is not None
        derived = (*sample.derived, *house.derived)
        raw_shown = redact_json(raw, secrets)
        return Poll(house.reading, raw_shown, memory, sample.points, derived, lacks=sample.lacks)

    def poll(self, vendor_site_id: str, *, memory: Memory, now_at: float) -> Poll:
        """The newest sample."""
        return self.read(self.asked(), self.settings, now_at=now_at, memory=memory)

    def asked(self) -> Raw:
        """A whole answer, asked for again where that may help."""
        return with_retries(self.ask, timeout_s=self.account.timeout_s, pause=self.pause)

    def pause(self, seconds_s: float) -> None:
        """Wait, but not beyond ``close``."""
        self._closed.wait(seconds_s)

    def discover(self) -> list[Site]:
        """The device itself, by its serial number where it tells one."""
        info = self.describe("")
        return [Site(self.vendor_type, info.serial or "house", info.model or self.title)]

    def describe(self, vendor_site_id: str) -> SystemInfo:
        """What the device says of itself."""
        raw = self.asked()
        try:
            return self.info(raw, self.settings)
        except _UNUSABLE as error:
            raise self._not_understood(raw, error, self.secrets) from None

    @classmethod
    def _not_understood(cls, raw: Raw, error: Exception, secrets: Iterable[str]) -> ProtocolViolation:
        shown = redact_text(json.dumps(redact_json(raw, secrets), default=str))
        fault = redact_text(f"{type(error).__name__}: {error}", secrets, longest=80)
        return ProtocolViolation(
            f"{cls.title}: the answer is not understood ({fault})",
            hint=f"If it stays so, report the device's model and firmware. It began: {shown}",
            raw=shown,
        )

    def check(self, vendor_site_id: str, *, now_at: float) -> Iterator[CheckStep]:
        """Reached, understood, reading sane, signs plausible."""
        answers: list[Raw] = []
        polls: list[Poll] = []

        def reach() -> str:
            answers.append(self.asked())
            return f"{self.title} answers"

        def understand() -> str:
            polls.append(self.read(answers[0], self.settings, now_at=now_at))
            points = f" and {len(polls[0].points)} points" if polls[0].points else ""
            given = [
                name
                for name in sorted(self.fields(self.settings))
                if getattr(polls[0].reading, name) is not None
            ]
            absent = "".join(f"; {name}: {why}" for name, why in polls[0].missing.items())
            return f"it gives {', '.join(given)}{points}{absent}"

        yield from checks.run(
            ("reached", reach),
            ("understood", understand),
            ("reading sane", lambda: checks.sane(polls[0], now_at, fields=self.fields(self.settings))),
            ("signs plausible", lambda: checks.plausible(polls[0], self.account, vendor_site_id)),
            polls=polls,
        )

    def close(self) -> None:
        """Release what is open."""
        self._closed.set()


class HttpAdapter(Adapter):
    """A device that answers in JSON to GET. ``pages`` are the paths that are asked, by the names under which
    ``parse`` finds the answers; an adapter whose questions depend on answers overrides ``ask``.

    ``recorded`` gets the body of every good answer by its path, where it is set to a dict.
    """

    parameters: ClassVar[tuple[VendorParameter, ...]] = (URL, VERIFY_TLS)
    pages: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, account: VendorAccount) -> None:
        super().__init__(account)
        url = checked_url(str(self.settings["url"]), carries_password=bool(self.secrets))
        self.http = Http(url, verify_tls=self.settings.get("verify_tls") is True)
        self.recorded: dict[str, bytes] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.http.host})"

    def ask(self, deadline: Deadline) -> Raw:
        """The answers of all pages."""
        return {name: self.get_json(path, deadline) for name, path in self.pages.items()}

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What is sent with each request, such as a credential."""
        return ()

    def get_json(self, path: str, deadline: Deadline) -> Any:
        """The JSON at ``path``. Raises VendorError, in words."""
        return self.json_of(self.get(path, deadline), path)

    def json_of(self, answer: HttpResponse, path: str) -> Any:
        """The JSON in the answer to GET ``path``. Raises ProtocolViolation."""
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self.violation(f"answered {path} with something that is not JSON", answer) from None

    def get(self, path: str, deadline: Deadline) -> HttpResponse:
        """The answer with status 200 to GET ``path``. Raises VendorError, in words."""
        return self.accepted(self.http.request("GET", path, deadline=deadline, headers=self.headers()), path)

    def accepted(self, answer: HttpResponse, path: str) -> HttpResponse:
        """An answer to GET ``path``, if its status is 200. Raises VendorError, in words."""
        if answer.status in (401, 403):
            raise CredentialsRefused(
                f"{self.http.host} refused to answer {path} ({answer.status})",
                hint="Check the user name, password or token, and that access by the network is switched on.",
            )
        if answer.status != 200:
            raise self.violation(f"answered {path} with {answer.status}", answer)
        if self.recorded is not None:
            self.recorded[path] = answer.body
        return answer

    def violation(self, message: str, answer: HttpResponse) -> ProtocolViolation:
        """An answer that does not fit, with its beginning."""
        raw = redact_text(answer.text, self.secrets)
        return ProtocolViolation(
            f"{self.http.host} {message}",
            hint=f"Is this the address of a {self.title}? It began: {raw or '(empty)'}",
            raw=raw,
        )

    def pause(self, seconds_s: float) -> None:
        """Wait, but not beyond ``close``."""
        self.http.pause(seconds_s)

    def close(self) -> None:
        """Release connections."""
        super().close()
        self.http.close()


def settings_of(declared: tuple[VendorParameter, ...], account: VendorAccount) -> Settings:
    """The account's values, checked against what an adapter declares. Raises ConfigError."""
    fixed = {name: getattr(account, name) for name in ("url", "email", "password", "verify_tls")}
    given = {name: value for name, value in fixed.items() if value not in (None, "")}
    try:
        return parameters.checked(declared, {**account.settings, **given}, where=account.vendor_type)
    except BadInput as error:
        raise ConfigError(error.args[0], hint=error.hint) from None


def account_of(
    vendor_type: str, settings: Mapping[str, Setting], *, timeout_s: float = 20.0
) -> VendorAccount:
    """An account made of checked settings alone."""
    url, email, password = (settings.get(name) for name in ("url", "email", "password"))
    verify = settings.get("verify_tls")
    others = {
        name: value
        for name, value in settings.items()
        if name not in ("url", "email", "password", "verify_tls")
    }
    return VendorAccount(
        vendor_type=vendor_type,
        url=None if url is None else str(url),
        email=None if email is None else str(email),
        password=None if password is None else str(password),
        verify_tls=verify if isinstance(verify, bool) else None,
        timeout_s=timeout_s,
        settings=others,
    )


def _metered(settings: Settings) -> Role | None:
    return next((role for role in ROLES if role == settings.get(METERED.name)), None)
