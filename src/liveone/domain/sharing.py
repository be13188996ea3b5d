"""Which poller polls which system: everybody works it out alone from what all can see. Pure.

Rule: shares differ by one system at most, nobody gives while shares are even, and only as many systems move
as have to. What two pollers decide at the same time may collide; the database lets one of them have it.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A living poller. One that is not settled yet gets what is free, but nobody gives to it: a process
    that crashes as soon as it has started would otherwise draw systems to itself again and again."""

    id: str
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class Turnover:
    """What one poller takes on and gives back, as system ids."""

    take: tuple[int, ...] = ()
    give: tuple[int, ...] = ()


def turnover(
    me: str,
    members: Sequence[Member],
    held: Mapping[str, Collection[int]],
    free: Set[int],
    *,
    busy: Set[int] = frozenset(),
) -> Turnover:
    """What ``me`` should take of what is ``free``, and give back of what it holds.

    ``members`` are the living pollers, ``me`` among them; ``held`` their systems. ``free`` are the systems of
    nobody living. Systems in ``busy`` (a poll is under way) are not given.
    """
    quotas = _quotas(me, members, held, len(free))
    mine = held.get(me, ())
    if len(mine) > quotas[me]:
        idle = sorted((system for system in mine if system not in busy), reverse=True)
        return Turnover(give=tuple(idle[: len(mine) - quotas[me]]))
    left = sorted(free)
    for member, quota in quotas.items():
        lacks = max(0, quota - len(held.get(member, ())))
        if member == me:
            return Turnover(take=tuple(left[:lacks]))
        del left[:lacks]
    return Turnover()


def _quotas(
    me: str, members: Sequence[Member], held: Mapping[str, Collection[int]], free: int
) -> dict[str, int]:
    """How many systems each should hold, those with the most first: they keep the odd ones."""
    counted = [one.id for one in members if one.id == me or one.is_settled or held.get(one.id)]
    counted.sort(key=lambda one: (-len(held.get(one, ())), one))
    each, odd = divmod(free + sum(len(held.get(one, ())) for one in counted), len(counted))
    return {one: each + (place < odd) for place, one in enumerate(counted)}


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    """The last sign of life of a poller: ``beats`` as it stood, unchanged since ``since_s`` (monotonic);
    ``first_s`` is when it was seen first. ``was_heard``: it moved while we watched without a break, so it
    reached the database until then."""

    beats: int
    since_s: float
    first_s: float
    was_heard: bool = False


def watched(
    before: Mapping[str, LastHeartbeat], beats: Mapping[str, int], now_s: float, *, unbroken: bool
) -> dict[str, LastHeartbeat]:
    """What we know of every poller after another look at how often each has shown itself.

    Judged by our own watching and nobody's wall clock. ``unbroken`` is false when we were away ourselves
    since the last look: then everybody gets the full time again to show that it lives.
    """
    found = {}
    for poller, count in beats.items():
        known = before.get(poller)
        if known is None:
            found[poller] = LastHeartbeat(count, now_s, now_s)
        elif known.beats != count or not unbroken:
            found[poller] = LastHeartbeat(count, now_s, known.first_s, was_heard=unbroken)
        else:
            found[poller] = known
    return found
