"""Intervals are named by their end and closed by it."""

from hypothesis import given
from hypothesis import strategies as st

from liveone.domain.intervals import interval_end, interval_ends


def test_an_instant_on_the_boundary_closes_its_interval() -> None:
    assert [interval_end(at) for at in (299, 300, 300.5, 301, 600)] == [300, 300, 600, 600, 600]


@given(st.integers(0, 5_000_000_000))
def test_every_instant_lies_in_exactly_the_interval_named_by_its_end(at: int) -> None:
    end = interval_end(at)
    assert end % 300 == 0
    assert end - 300 < at <= end


@given(st.integers(0, 100_000), st.integers(0, 5_000))
def test_interval_ends_lists_the_multiples_of_300_after_the_start_up_to_the_end(
    start: int, length: int
) -> None:
    ends = list(interval_ends(start, start + length))
    assert ends == [at for at in range(start + 1, start + length + 1) if at % 300 == 0]
