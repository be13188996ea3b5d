"""Files of readings: every good row comes out, every bad line is named."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.store.samples import sample

from liveone.domain.reading import Reading
from liveone.errors import BadInput
from liveone.store.readings import row_of
from liveone.transfer import columns, json_in, readings_out
from liveone.transfer.columns import Converter
from liveone.transfer.header import planned
from liveone.transfer.numbers import Numbers
from liveone.transfer.options import Findings, Options
from liveone.transfer.readings_in import ReadingsFile
from liveone.transfer.records import CHUNK_LINES
from liveone.transfer.rows import RowReader
from liveone.transfer.times import TimeReader


def source(folder: Path, text: str, name: str = "in.csv") -> ReadingsFile:
    path = folder / name
    path.write_text(text)
    return ReadingsFile(path)


def test_the_recording_is_read_whole(shared_data: Path) -> None:
    file = ReadingsFile(shared_data / "selectlive_2025-08-16_18.csv")
    rows = list(file.rows())
    assert (len(rows), file.bad_count) == (5522, 0)
    last = Reading(*rows[-1])  # type: ignore[arg-type]
    assert (last.load_w, last.battery_w, last.shunt_w) == (1093, 1180, 12)
    assert (last.battery_soc_pct, last.load_kwh_total, last.fault_at) == (36.9, 840.34, 0)


def test_absent_is_never_zero(tmp_path: Path) -> None:
    (row,) = source(tmp_path, "inverter_time,load_w,solar_kwh_total\n1755310673,,\n").rows()
    reading = Reading(*row)  # type: ignore[arg-type]
    assert reading.load_w is None
    assert reading.solar_kwh_total is None
    assert reading.received_time == 1755310673


def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    file = source(
        tmp_path,
        "inverter_time,load_w\n1755310673,1\n1755310733,x\n1755310793\n,5\n1755310853,2.6\n99,1\n1755310913,1e999\n",
    )
    rows = list(file.rows())
    assert [row[0] for row in rows] == [1755310673, 1755310853]
    assert rows[1][5] == 3
    assert [bad.line for bad in file.bad] == [3, 4, 5, 7, 8]
    assert "1 values for 2 columns" in file.bad[1].reason


def test_times_may_be_iso_8601_with_an_offset(tmp_path: Path) -> None:
    file = source(tmp_path, "inverter_time,load_w\n2025-08-16T12:17:53+10:00,1\n2025-08-16 12:17:53,2\n")
    assert [row[0] for row in file.rows()] == [1755310673]
    assert "offset" in file.bad[0].reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("load_w\n1\n", "no column `inverter_time`"),
        ("inverter_time,laod_w\n", "Did you mean 'load_w'"),
        ("inverter_time,timestamp\n", "comes twice"),
    ],
)
def test_a_wrong_header_refuses_the_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        list(source(tmp_path, text).rows())


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(ReadingsFile(tmp_path / "nowhere.csv").rows())
    (tmp_path / "b.csv").write_bytes(b"inverter_time,load_w\n\xff\xfe\n")
    with pytest.raises(BadInput, match="not UTF-8"):
        list(ReadingsFile(tmp_path / "b.csv").rows())


WORDS = ["", "7", "2.6", "-0.0", "nan", "1e999", "x", " 3 ", "99", "-", "007", "+7", "12."]
LARGE_WORDS = ["1_0", "1755310673", "9" * 25, "-20000000000"]
JSON_WORDS = ["true", "null", "[1", "2]", "1,2", '"5"', "{}", "-0", "1e-5", "18446744073709551617", " "]
NUMBERS = st.integers() | st.floats() | st.integers(0, 9)
CELLS = st.sampled_from([*WORDS, *JSON_WORDS, *LARGE_WORDS]) | NUMBERS.map(str)
TIMES = st.sampled_from(["1755310673", "1755310673.7", "2025-08-16T12:17:53+10:00", "", "99"])


TWO = "1755310673,1755310674"


@example([(TWO, TWO, "1,2", "1,2", "1,2")])
@example([("1755310673", "", "true", "true", "true")])
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TIMES, TIMES, CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_a_column_converts_as_its_cells_do(lines: list[tuple[str, ...]]) -> None:
    """Whole columns give what cell by cell gives, or leave it to that."""
    fields = ("inverter_time", "received_time", "load_w", "battery_soc_pct", "solar_kwh_total")
    plan = planned(fields, Options(), "here")
    findings, converter = Findings(), Converter(TimeReader(), Numbers())
    reader = RowReader(plan, converter, findings)
    rows = [row for place, line in enumerate(lines) if (row := reader.read(place, line)) is not None]
    assert plan.places is not None
    found = columns.convert_columns(lines, len(fields), plan.places, converter)
    if findings.bad_count or findings.doubtful_count:
        assert found is None
    elif found is not None:
        assert found == rows
        assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in rows]


def test_a_bad_line_far_down_is_named_after_cells_of_several_lines(tmp_path: Path) -> None:
    good = "".join(f'{1755310673 + 60 * each},"\n7"\n' for each in range(CHUNK_LINES + 9))
    file = source(tmp_path, f"inverter_time,load_w\n{good}\n1755390000,x\n1755390060,1\n")
    assert len(list(file.rows())) == CHUNK_LINES + 10
    assert [bad.line for bad in file.bad] == [2 + 2 * (CHUNK_LINES + 9) + 1]


def test_json_holds_the_same_readings(tmp_path: Path) -> None:
    file = source(tmp_path, '[{"inverter_time": 1755310673, "load_w": 7, "grid_w": null}, 3]', "in.json")
    (row,) = file.rows()
    assert (row[5], row[7]) == (7, None)
    assert file.bad[0].line == 2
    with pytest.raises(BadInput, match="JSON array"):
        list(source(tmp_path, "{}", "x.json").rows())


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("1,5", "3 values for 2 columns"),
        ('"1,5"', "load_w: '1,5' is not a number"),
    ],
)
def test_what_no_database_could_hold_is_a_bad_line_that_names_its_column(
    tmp_path: Path, cell: str, says: str
) -> None:
    file = source(tmp_path, f"inverter_time,load_w\n1755310673,{cell}\n1755310733,2\n")
    assert [row[5] for row in file.rows()] == [2]
    assert says in file.bad[0].reason


UNCLOSED = "a quotation mark opens here and is not closed"


@pytest.mark.parametrize("rows", [1, 249, 250, 900, 9_000])
def test_a_quote_that_is_never_closed_costs_its_own_line_and_no_other(tmp_path: Path, rows: int) -> None:
    rest = [f"{1755310733 + 60 * each},6\n" for each in range(1, rows)]
    file = source(tmp_path, "".join(["inverter_time,load_w\n1755310673,1\n", '1755310733,"2\n', *rest]))
    assert len(list(file.rows())) == rows
    assert [(bad.line, bad.reason) for bad in file.bad] == [(3, UNCLOSED)]


def test_quotes_that_close_each_other_swallow_nothing(tmp_path: Path) -> None:
    """The quotes of lines 3 and 5 make one cell of what lies between them, and a row of two columns."""
    text = 'inverter_time,load_w\n1755310673,1\n1755310733,"2\n1755310793,3\n1755310853,4"\n1755310913,5\n'
    file = source(tmp_path, text)
    assert [row[5] for row in file.rows()] == [1, 3, 5]
    assert [bad.line for bad in file.bad] == [3, 5]


def test_a_note_may_reach_over_lines_and_lines_are_still_counted(tmp_path: Path) -> None:
    text = 'inverter_time,load_w,note\n1755310673,1,"new\nmeter, ""B"""\n1755310733,x,\n1755310793,3,\n'
    file = source(tmp_path, text)
    assert [row[5] for row in file.rows()] == [1, 3]
    assert [bad.line for bad in file.bad] == [4]


@pytest.mark.parametrize("cell", ["99999999999999999999999", "-1e300", "-500"])
def test_a_value_that_cannot_be_is_left_out_and_named(tmp_path: Path, cell: str) -> None:
    file = source(tmp_path, f"inverter_time,load_w,grid_w\n1755310673,{cell},5\n1755310733,2,6\n")
    assert [(row[5], row[7]) for row in file.rows()] == [(None, 5), (2, 6)]
    (doubt,) = file.findings.doubtful
    assert (doubt.line, "load_w" in doubt.reason, file.bad_count) == (2, True, 0)


EXPORTED = [f'{{"inverter_time": {1755310673 + 60 * each}, "load_w": {each}}}' for each in range(3)]


def test_what_the_export_writes_is_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_in, "WHOLE_BYTES_MAX", 10)
    text = "[\n" + ",\n".join(EXPORTED) + "\n]\n"
    file = source(tmp_path, text, "x.json")
    assert [row[5] for row in file.rows()] == [0, 1, 2]
    assert file.bad == []
    with pytest.raises(BadInput, match="too large"):
        list(source(tmp_path, text.replace("\n", ""), "y.json").rows())


def test_a_line_that_is_not_json_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    file = source(tmp_path, "[\n" + ",\n".join([EXPORTED[0], "{oh", EXPORTED[1], "7"]), "x.json")
    assert [row[5] for row in file.rows()] == [0, 1]
    assert [bad.line for bad in file.bad] == [3, 5, 5]
    assert "whole" in file.bad[-1].reason


def test_what_was_exported_as_json_comes_back(tmp_path: Path) -> None:
    rows = [row_of(sample(1755310673 + 60 * each)) for each in range(5)]
    with (tmp_path / "x.json").open("w") as out:
        readings_out.write_json(out, readings_out.READING_COLUMNS, iter(rows))
    assert list(ReadingsFile(tmp_path / "x.json").rows()) == rows
