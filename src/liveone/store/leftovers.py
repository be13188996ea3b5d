"""Finds rows that older programs left by mistake: rows of removed systems, and systems that exist twice."""

from dataclasses import dataclass

from liveone.store.store import Query, Store

NOUNS = {
    "readings": "readings",
    "readings_agg_5m": "five-minute rows",
    "readings_agg_1d": "days",
    "polling_status": "polling states",
}


@dataclass(frozen=True, slots=True)
class Leftovers:
    """``orphans``: rows by table whose system is not there. ``twins``: for each number that several systems
    share, the number and their ids. ``doubled_statuses``: rows of `polling_status` besides a system's first.
    """

    orphans: dict[str, int]
    twins: tuple[tuple[str, tuple[int, ...]], ...]
    doubled_statuses: int

    @property
    def orphans_in_words(self) -> str:
        """``7 readings and 2 days of no system``; empty where there are none."""
        parts = [f"{count:,} {NOUNS[table]}" for table, count in self.orphans.items() if count]
        if not parts:
            return ""
        *most, last = parts
        return f"{', '.join(most)} and {last} of no system" if most else f"{last} of no system"

    @property
    def keeping(self) -> str:
        """What tells `liveone upgrade` to keep the first of all twins; empty where there are none."""
        firsts = ",".join(str(ids[0]) for _, ids in self.twins)
        return f"--set collision=keep:{firsts}" if firsts else ""


def leftovers(store: Store) -> Leftovers:
    """Look for them; indexes are skipped through, so many readings take no longer. Raises StoreError."""
    orphans, twins, ((doubled,),) = store.snapshot(
        [Query("leftovers_orphans"), Query("leftovers_twins"), Query("leftovers_statuses")]
    )
    numbers: dict[str, list[int]] = {}
    for number, system_id in twins:
        numbers.setdefault(str(number), []).append(int(str(system_id)))
    return Leftovers(
        orphans={str(table): int(str(count)) for table, count in orphans},
        twins=tuple((number, tuple(ids)) for number, ids in numbers.items()),
        doubled_statuses=int(str(doubled)),
    )
