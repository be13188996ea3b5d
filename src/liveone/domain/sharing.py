"""Decides which poller polls which system; each poller computes it alone, from what all of them see. Pure.

Rule: shares differ by one system at most, nobody gives while shares are even, and as few systems as possible
move. If two pollers take one system at the same time, the database lets one of them have it.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A living poller. One that is not settled yet takes what is free, but nobody gives to it.

    Otherwise a process that crashes right after each start would draw systems to itself again and again.
    """

    id: str
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class Turnover:
    """The ids of systems that one poller takes and gives back."""

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
    """What ``me`` should take of ``free``, and give back of what it holds.

    ``members`` are the living pollers, ``me`` included; ``held`` maps them to their systems. ``free`` are
    systems of nobody living. A system in ``busy`` (a poll is under way) is not given.
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
    """How many systems each member should hold; those that hold most keep the odd ones."""
    counted = [one.id for one in members if one.id == me or one.is_settled or held.get(one.id)]
    counted.sort(key=lambda one: (-len(held.get(one, ())), one))
    each, odd = divmod(free + sum(len(held.get(one, ())) for one in counted), len(counted))
    return {one: each + (place < odd) for place, one in enumerate(counted)}


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    """The heartbeat counter of a poller.

    ``beats``, unchanged since ``since_s`` (monotonic), first seen at ``first_s``.

    ``was_heard``: it changed while we watched without a break, so the poller reached the database until then.
    """

    beats: int
    since_s: float
    first_s: float
    was_heard: bool = False


def watched(
    before: Mapping[str, LastHeartbeat], beats: Mapping[str, int], now_s: float, *, unbroken: bool
) -> dict[str, LastHeartbeat]:
    """The heartbeats after another look at the counters.

    Only our own watching counts, and no wall clock. ``unbroken`` is False if we did not look for a while:
    then every poller gets the full time again to show that it lives.
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
