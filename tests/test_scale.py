"""docs/operations/scale.md says what the simulation prints, and the simulation behaves as queues do."""

from dataclasses import replace

import pytest
from benchmarks import scale
from tests.sample import AT_LENGTH

PARAMETERS = scale.recorded()


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.skipif(not AT_LENGTH, reason="half a minute of simulated fleets: make length")
def test_the_document_quotes_what_the_simulation_prints() -> None:
    printed = scale.quoted(scale.report(PARAMETERS))
    assert printed in scale.DOCUMENT.read_text(), "run python -m benchmarks.scale --write"


def test_every_reading_is_committed_once_and_none_before_it_is_due() -> None:
    found = scale.simulated(PARAMETERS, 1000, 3)
    assert len(found.latencies_s) == 1000 * scale.MINUTES
    least_s = (PARAMETERS.poll_cpu_ms + PARAMETERS.write_fixed_ms) / 1000
    assert min(found.latencies_s) >= least_s


def test_the_lock_is_held_for_the_writes_and_never_by_two() -> None:
    slow = replace(PARAMETERS, write_each_ms=20.0)
    found = scale.simulated(slow, 1000, 4)
    written_s = (found.commits_per_min * slow.write_fixed_ms + 1000 * slow.write_each_ms) / 1000
    assert found.lock_load == pytest.approx(written_s / scale.MINUTE_S)
    together = scale.simulated(slow, 8000, 4)
    assert together.longest_s > 60, "eight thousand need 160 s of writing a minute: they fall behind"


def test_a_slower_portal_client_means_more_pollers_and_a_slower_lock_smaller_namespaces() -> None:
    twice = replace(PARAMETERS, poll_cpu_ms=PARAMETERS.poll_cpu_ms * 2)
    assert scale.polled_per_poller(twice) == pytest.approx(scale.polled_per_poller(PARAMETERS) / 2, abs=1)
    slow, slower = (replace(PARAMETERS, write_each_ms=each_ms) for each_ms in (1.0, 4.0))
    assert scale.largest_namespace(slower) < scale.largest_namespace(slow) / 2
