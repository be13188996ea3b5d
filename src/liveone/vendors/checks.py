"""A connection test in plain words: what was tried, what was seen, and whether it can be true."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from liveone.domain.grid_sign import CHOICES, GridEvidence, sign_in_use
from liveone.domain.reading import COUNTERS, Reading
from liveone.errors import ConfigError
from liveone.vendors.base import CheckStep, Poll, ProtocolViolation, VendorAccount, VendorError

LOOKED_FOR = ("load_w", "solar_inverter_w", "shunt_w", "battery_w", "grid_w", "battery_soc_pct")
LOOKED_FOR_IN_A_PART = ("load_w", "solar_w", "battery_w", "grid_w", "battery_soc_pct")
"""Of a device that measures a part of a house, and of a house of such devices: solar power however it is
coupled."""

OLD_S = 300
QUIET_W = 20
MISFIT_W, MISFIT_SHARE = 500, 0.2
"""Losses beyond both of these deserve a second look at the signs."""

Step = tuple[str, Callable[[], str]]


def check_settings(account: VendorAccount) -> None:
    """Raises ConfigError for a grid_sign that does not exist or a timeout that is not a time."""
    for site, choice in account.grid_sign.items():
        if choice not in CHOICES:
            raise ConfigError(
                f"grid_sign of site {site} is {choice!r}", hint=f"It is one of: {', '.join(CHOICES)}."
            )
    if not 0 < account.timeout_s <= 300:
        raise ConfigError(
            f"timeout_s is {account.timeout_s}", hint="It is between 0 and 300 seconds; 20 is usual."
        )


def run(*steps: Step, polls: Sequence[Poll]) -> Iterator[CheckStep]:
    """Each step in turn; the first that fails is the last. ``polls`` fills up while they run."""
    for name, attempt in steps:
        ok = True
        try:
            detail = attempt()
        except VendorError as error:
            ok, detail = False, str(error)
        yield CheckStep(name, ok, detail, polls[-1].reading if polls else None)
        if not ok:
            return


def sane(poll: Poll, now_at: float, *, fields: Iterable[str] | None = None) -> str:
    """Says how old the sample is and what it holds.

    Raises ProtocolViolation if the load or most values are missing, or if the sample is not of now.
    (A house may well have no battery, or no solar of one kind.) With ``fields``, which are those that a
    device gives that measures only a part of a house, it is enough that one of their values is there, or a
    point.
    """
    reading = poll.reading
    looked_for = list(LOOKED_FOR)
    if fields is not None:
        looked_for = [name for name in LOOKED_FOR_IN_A_PART if name in set(fields)]
    missing = [name for name in looked_for if getattr(reading, name) is None]
    is_poor = reading.load_w is None or len(missing) > len(LOOKED_FOR) / 2
    is_silent = len(missing) == len(looked_for) > 0 and not poll.points
    if is_poor if fields is None else is_silent:
        raise ProtocolViolation(
            f"the sample has no usable {', '.join(missing)}",
            hint="Look again in a minute. If it stays so, report the inverter's model and firmware.",
        )
    age_s = int(now_at) - reading.inverter_time
    taken = datetime.fromtimestamp(reading.inverter_time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if abs(age_s) > OLD_S:
        raise ProtocolViolation(
            f"the newest sample is of {taken}, {_duration(age_s)} from now",
            hint="The inverter is offline, or its clock (SP LINK sets it) or this machine's is wrong.",
        )
    counted = sum(getattr(reading, f"{name}_kwh_total") is not None for name in COUNTERS)
    charge = "" if reading.battery_soc_pct is None else f", battery at {reading.battery_soc_pct:.0f} %"
    without = f", without {', '.join(missing)}" if missing else ""
    return f"taken {age_s} s ago ({taken}){charge}, {counted} of {len(COUNTERS)} energy counters{without}"


def plausible(poll: Poll, account: VendorAccount, vendor_site_id: str) -> str:
    """Says in words which way power flows, for a person to confirm.

    Raises ProtocolViolation if powers do not add up and would with the grid's sign turned.
    """
    choice = account.grid_sign.get(vendor_site_id, "auto")
    reading = poll.reading
    inverted = replace(reading, grid_w=None if reading.grid_w is None else -reading.grid_w)
    losses_w, turned_w = reading.losses_w, inverted.losses_w
    said = f"{_in_words(reading)} - right? Losses {'unknown' if losses_w is None else f'{losses_w} W'}"
    limit_w = max(MISFIT_W, MISFIT_SHARE * abs(reading.load_w or 0))
    if losses_w is not None and turned_w is not None and abs(losses_w) > limit_w > 2 * abs(turned_w):
        in_use = sign_in_use(choice, GridEvidence.from_memory(poll.memory.get("grid_sign")))
        other = "normal" if in_use == "inverted" else "inverted"
        raise ProtocolViolation(
            f"{said}. That does not add up, and with the grid's sign turned it would",
            hint=f'Set grid_sign = "{other}" for this system and test again.',
        )
    if choice == "auto" and reading.grid_w:
        said += ". The sign of grid power is assumed until the counters confirm it while LiveOne polls"
    return said


def _in_words(reading: Reading) -> str:
    phrases = (
        _flow(
            reading.battery_w, "your battery is {} at {}", ("discharging", "charging"), "your battery rests"
        ),
        _flow(reading.grid_w, "you {} {}", ("import", "export"), "nothing flows at the grid or generator"),
        _flow(reading.solar_w, "the sun {} {}", ("gives", "takes"), "the sun gives nothing"),
        _flow(reading.load_w, "the house {} {}", ("uses", "gives"), "the house uses nothing"),
    )
    return ", ".join(filter(None, phrases))


def _flow(power_w: int | None, phrase: str, verbs: tuple[str, str], still: str) -> str:
    """What a power says, in words; nothing where it is unknown."""
    if power_w is None:
        return ""
    return still if abs(power_w) < QUIET_W else phrase.format(verbs[power_w < 0], _kw(power_w))


def _kw(power_w: int) -> str:
    return f"{abs(power_w)} W" if abs(power_w) < 1000 else f"{abs(power_w) / 1000:.1f} kW"


def _duration(seconds_s: float) -> str:
    size_s = abs(seconds_s)
    if size_s < 7200:
        return f"{size_s / 60:.0f} minutes"
    return f"{size_s / 3600:.0f} hours" if size_s < 172_800 else f"{size_s / 86_400:.0f} days"
