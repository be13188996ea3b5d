"""Columns of a history: a value for every interval of the window, each in its place."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from liveone.web.history.series import aligned

STEP_S, SIZE = 300, 12


@dataclass(frozen=True)
class Span:
    """A window of twelve intervals."""

    start_at: int
    step_s: int = STEP_S

    @property
    def end_at(self) -> int:
        return self.start_at + SIZE * STEP_S


@given(
    rows=st.dictionaries(st.integers(0, SIZE - 1), st.none() | st.integers(0, 9)),
    in_order=st.booleans(),
    late_s=st.integers(0, STEP_S - 1),
)
def test_every_value_is_in_its_place_and_a_gap_is_null(
    rows: dict[int, int | None], in_order: bool, late_s: int
) -> None:
    places = sorted(rows) if in_order else list(rows)
    ends = [(place + 1) * STEP_S for place in places]
    column = [rows[place] for place in places]
    found = aligned(ends, [column, ends], Span(late_s))  # type: ignore[arg-type]
    assert found[0] == [rows.get(place) for place in range(SIZE)]
    assert found[1] == [(place + 1) * STEP_S if place in rows else None for place in range(SIZE)]
