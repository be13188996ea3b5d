"""What the payload faults do to the items of an answer."""

from dataclasses import dataclass, field

from liveone.domain.reading import COUNTERS
from liveone.simulate.faults import PortalFault
from liveone.simulate.payload import Items

CLOCK_WRONG_S = 3600.0


@dataclass(slots=True)
class SiteMemory:
    """What the portal remembers of a site: the last items served, and what its counters lost to resets."""

    last: Items | None = None
    lost_kwh: dict[str, float] = field(default_factory=dict)


def mangle(items: Items, rules: list[PortalFault], memory: SiteMemory) -> Items:
    """The items as they are served under these rules; updates ``memory``."""
    for rule in rules:
        if rule.kind == "counterreset":
            memory.lost_kwh |= {name: _number(items.get(name)) for name in _totals(rule.value, items)}
    served = items | {
        name: max(0.0, _number(items[name]) - lost) or 0
        for name, lost in memory.lost_kwh.items()
        if items.get(name) is not None
    }
    for rule in rules:
        served = _apply(served, rule, memory)
    memory.last = served
    return served


def _apply(items: Items, rule: PortalFault, memory: SiteMemory) -> Items:
    name = rule.value
    match rule.kind:
        case "repeat":
            return memory.last or items
        case "missing":
            return {key: value for key, value in items.items() if key != name}
        case "null":
            return items | {name: None}
        case "text":
            return items | {name: str(items[name])} if name in items else items
        case "glitch":
            return items | dict.fromkeys(_totals(name, items), 0)
        case "clock":
            wrong_s = float(rule.value) if rule.value else CLOCK_WRONG_S
            return items | {"timestamp": int(_number(items.get("timestamp")) + wrong_s)}
        case _:
            return items


def _totals(name: str, items: Items) -> list[str]:
    chosen = [name.removesuffix("_wh_total")] if name else list(COUNTERS)
    return [field for field in (f"{counter}_wh_total" for counter in chosen) if field in items]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
