"""What users felt, in words: how long writers waited, and what the probe saw."""

from collections.abc import Mapping, Sequence

from changeover.engine.budgets import DRIVER_PATIENCE_S
from changeover.words import counted, seconds

NOTICED_S = 0.1
"""A wait that people do not notice."""


def felt(longest_hold_s: float, probes: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Sentences, the writers' first. ``probes`` as `changeover.run.downtime_probe` writes them down."""
    return (_of_writers(longest_hold_s), *_of_readers(probes))


def _of_writers(longest_s: float) -> str:
    if not longest_s:
        return "No writer waited."
    held = seconds(longest_s)
    if longest_s < NOTICED_S:
        return f"Writers waited {held} at most, which nobody notices. Readers never waited."
    if longest_s < DRIVER_PATIENCE_S:
        return f"Whoever wrote at that moment waited up to {held}; nobody was refused. Readers never waited."
    return (
        f"Writers were held for {held}: Python's sqlite3 and many other drivers give up after"
        f' {DRIVER_PATIENCE_S:g} s, with "database is locked". Readers never waited.'
    )


def _of_readers(probes: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    asked = sum(_number(probe, "requests") for probe in probes)
    if not asked:
        return ()
    failed = sum(_number(probe, "failed") for probe in probes)
    longest = seconds(max(_number(probe, "longest_s") for probe in probes))
    if not failed:
        return (
            f"All {counted(int(asked), 'request')} of the probe were answered, the slowest in {longest}.",
        )
    outage = seconds(max(_number(probe, "longest_outage_s") for probe in probes))
    return (
        f"{counted(int(failed), 'request')} of {int(asked):,} failed, for {outage} at a time at most;"
        f" the slowest answer took {longest}.",
    )


def _number(probe: Mapping[str, object], name: str) -> float:
    value = probe.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
