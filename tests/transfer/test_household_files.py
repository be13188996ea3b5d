"""What households hold comes in: other marks, encodings, units, times and names; nothing is guessed."""

import io
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.errors import BadInput
from liveone.transfer import apart, text_in
from liveone.transfer.options import Options, read_maps
from liveone.transfer.readings_in import ReadingsFile

AT = 1_755_310_673
BERLIN = Zone(60, "Europe/Berlin")


def read(
    folder: Path, text: str | bytes, *maps: str, **options: object
) -> tuple[list[Reading], ReadingsFile]:
    path = folder / "house.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    source = ReadingsFile(path, options=Options(columns=read_maps(maps), **options))  # type: ignore[arg-type]
    return [Reading(*row) for row in source.rows()], source  # type: ignore[arg-type]


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_mark_between_columns_in_any_encoding(tmp_path: Path, encoding: str, mark: str, end: str) -> None:
    lines = [f"inverter_time{mark}load_w{mark}Straße", f"{AT}{mark}7{mark}ö", f"{AT + 60}{mark}8{mark}"]
    found, source = read(tmp_path, end.join(lines).encode(encoding))
    assert [(each.inverter_time, each.load_w) for each in found] == [(AT, 7), (AT + 60, 8)]
    assert source.findings.notes == ["Columns that were not read: Straße."]


def test_another_encoding_is_said(tmp_path: Path) -> None:
    text = f"inverter_time;load_w;Ort\n{AT};7;Köln\n".encode("cp1252")
    with pytest.raises(BadInput, match="not UTF-8") as refused:
        read(tmp_path, text)
    assert "--encoding cp1252" in refused.value.hint
    assert read(tmp_path, text, encoding="cp1252")[0][0].load_w == 7
    with pytest.raises(BadInput, match="no encoding is called"):
        read(tmp_path, text, encoding="klingon")


@pytest.mark.parametrize(
    "first",
    [
        *("sep=;\n", "\ufeffsep=;\r\n", "sep=;\n\n", "# from my logger\n"),
        *('"Plant report, Köln"\n', "sep=;\nMy plant\n\nDaily report\n", "Plant\n# exported\n\n"),
    ],
)
def test_what_stands_before_the_header_is_passed_over_and_lines_keep_their_numbers(
    tmp_path: Path, first: str
) -> None:
    found, source = read(tmp_path, f"{first}inverter_time;load_w\n{AT};7\n{AT + 60};x\n")
    assert [each.load_w for each in found] == [7]
    assert [bad.line for bad in source.bad] == [3 + first.count("\n")]


def test_a_header_with_a_line_break_in_a_name_is_no_title(tmp_path: Path) -> None:
    found, _ = read(tmp_path, f'"inverter_time";"load_w"\n{AT};7\n')
    assert found[0].load_w == 7
    found, _ = read(tmp_path, f'"load_w\n(kW)";inverter_time\n7;{AT}\n')
    assert found[0].load_w == 7000


def test_a_file_of_titles_only_is_refused_by_its_first_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column `inverter_time`") as refused:
        read(tmp_path, "Plant report\nnothing\n")
    assert "'Plant report'" in refused.value.hint


@pytest.mark.parametrize(
    ("cell", "kwh"),
    [
        ("1234,5", 1234.5),
        ("1.234,5", 1234.5),
        ("12.345.678,25", 12345678.25),
        ("1 234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1'234,5", 1234.5),
        ("1.234", 1234.0),
        ("7", 7.0),
    ],
)
def test_a_decimal_comma_and_thousands_apart(tmp_path: Path, cell: str, kwh: float) -> None:
    found, _ = read(tmp_path, f"inverter_time;load_kwh_total\n{AT};{cell}\n{AT + 60};0,5\n")
    assert found[0].load_kwh_total == kwh


@pytest.mark.parametrize("cell", ["1\u00a0234,5", "1\u202f234,5", "1 234,5", "1'234,5", "1234,5 %"])
def test_a_decimal_comma_is_found_where_every_number_is_written_like_that(tmp_path: Path, cell: str) -> None:
    found, source = read(tmp_path, f"inverter_time;load_kwh_total\n{AT};{cell}\n")
    assert ([each.load_kwh_total for each in found], source.bad) == ([1234.5], [])


def test_a_counter_in_another_unit_keeps_its_digits_and_gets_no_others(tmp_path: Path) -> None:
    """5018083 * 0.001 is 5018.0830000000005, and 1.005 * 1000 is 1004.9999999999999."""
    found, _ = read(tmp_path, f"inverter_time,load_kwh_total\n{AT},5018083\n", energy_unit="Wh")
    assert found[0].load_kwh_total == 5018.083
    found, _ = read(tmp_path, f"inverter_time,load_kwh_total\n{AT},1.005\n", energy_unit="MWh")
    assert found[0].load_kwh_total == 1005.0
    found, _ = read(
        tmp_path, f"inverter_time,load_kwh_total,solar_w\n{AT},916.74067123456,1\n", power_unit="kW"
    )
    assert found[0].load_kwh_total == 916.74067123456


def test_a_point_among_commas_is_a_bad_line_not_a_guess(tmp_path: Path) -> None:
    found, source = read(tmp_path, f"inverter_time;load_kwh_total\n{AT};1,5\n{AT + 60};1.5\n")
    assert [each.load_kwh_total for each in found] == [1.5]
    assert source.bad[0].line == 3
    assert read(tmp_path, f"inverter_time;load_w\n{AT};1.500\n", decimal=".")[0][0].load_w == 2


def test_thousands_in_quotes_among_commas(tmp_path: Path) -> None:
    found, _ = read(tmp_path, f'inverter_time,load_w,grid_w\n{AT},"1,234","-1,234,567"\n')
    assert found[0].load_w == 1234


@pytest.mark.parametrize(
    "word", ["unavailable", "unknown", "-", "NaN", "N/A", "null", "None", "--", " ", "#NV"]
)
def test_a_word_for_nothing_is_absent_and_never_zero(tmp_path: Path, word: str) -> None:
    found, source = read(tmp_path, f"inverter_time,load_w,battery_soc\n{AT},{word},5\n")
    assert (found[0].load_w, found[0].battery_soc_pct, source.bad_count) == (None, 5.0, 0)


def test_a_negative_zero_is_zero(tmp_path: Path) -> None:
    found, source = read(
        tmp_path, f"inverter_time,solar_w,load_kwh_total\n{AT},-0.0,-0\n{AT + 60},-0,-0.00\n"
    )
    assert [(str(each.solar_w), str(each.load_kwh_total)) for each in found] == [("0", "0.0")] * 2
    assert source.findings.doubtful_count == 0


@pytest.mark.parametrize(
    "text",
    [
        *(str(AT), f"{AT}000", f"{AT}123", f"{AT}123456", f"{AT}123456789", f"{AT}.9"),
        *("2025-08-16T02:17:53Z", "2025-08-16 12:17:53 +1000", "2025-08-16T12:17:53.123456789+10:00"),
        *("1.755310673e9", "1.755310673E+12", "2025-08-16t02:17:53z"),
        *("20250816T021753Z", "16.08.2025 02:17:53 UTC", "08/16/2025 02:17:53 AM GMT"),
        "2025-08-16T12:17:53+10:00[Australia/Sydney]",
    ],
)
def test_an_instant_in_many_forms(tmp_path: Path, text: str) -> None:
    found, source = read(tmp_path, f"timestamp;load_w\n{text};7\n")
    assert [each.inverter_time for each in found] == [AT], source.bad


@pytest.mark.parametrize(
    "text",
    [
        *("2025-08-16 04:17:53", "16.08.2025 04:17:53", "16/08/2025 4:17:53", "16-08-25 04:17:53"),
        *(
            "08/16/2025 4:17:53 AM",
            "2025/08/16 04:17:53",
            "20250816 04:17:53",
            "45885.179086",
            "45885,179086",
            "2025-08-16 04:17:53 DST",
        ),
    ],
)
def test_local_times_and_spreadsheet_dates_need_a_zone(tmp_path: Path, text: str) -> None:
    found, _ = read(tmp_path, f"time;load_w\n{text};7\n", zone=BERLIN)
    assert abs(found[0].inverter_time - AT) <= 1
    _, source = read(tmp_path, f"time;load_w\n{text};7\n")
    assert "--timezone" in source.bad[0].reason


def test_29_february_is_there_in_leap_years_alone(tmp_path: Path) -> None:
    found, source = read(tmp_path, "time;load_w\n29.02.2024 12:00;1\n29.02.2023 12:00;2\n", zone=Zone(0))
    assert [each.inverter_time for each in found] == [utc("2024-02-29T12:00:00")]
    assert source.bad_count == 1


def test_day_and_month_that_could_be_either_way_round_are_asked_for(tmp_path: Path) -> None:
    _, source = read(tmp_path, "time,load_w\n03/04/2025 12:00,1\n", zone=Zone(0))
    assert "--date-order" in source.bad[0].reason
    found, _ = read(tmp_path, "time,load_w\n03/04/2025 12:00,1\n", zone=Zone(0), date_order="mdy")
    assert found[0].inverter_time == utc("2025-03-04T12:00:00")
    found, _ = read(tmp_path, "time,load_w\n03/04/2025 12:00,1\n03/14/2025 12:00,1\n", zone=Zone(0))
    assert found[0].inverter_time == utc("2025-03-04T12:00:00")


TWICE = [
    ("Europe/Berlin", "2025-10-26 02:%02d", 3600),
    ("Australia/Lord_Howe", "2025-04-06 01:%02d", 1800),
    ("Australia/Adelaide", "2025-04-06 02:%02d", 3600),
]


@pytest.mark.parametrize("case", TWICE)
@pytest.mark.parametrize("is_falling", [False, True])
def test_the_hour_that_comes_twice_goes_by_the_order_of_the_file(
    tmp_path: Path, case: tuple[str, str, int], is_falling: bool
) -> None:
    name, clock, change_s = case
    minutes = range(60 - change_s // 60, 60, 10)
    lines = [f"{clock % minute},{minute}" for _ in (1, 2) for minute in minutes]
    text = "\n".join(["time,load_w", *(lines[::-1] if is_falling else lines)])
    found, source = read(tmp_path, text, zone=Zone(0, name))
    times = sorted(each.inverter_time for each in found)
    assert len(set(times)) == len(lines)
    assert times[-1] - times[0] == change_s + 600 * (len(minutes) - 1)
    assert any("comes twice" in note and clock[:10] in note for note in source.findings.notes)


def test_in_the_hour_that_comes_twice_a_mark_of_summer_decides(tmp_path: Path) -> None:
    """Even in a file that was sorted by the clock."""
    text = "time,load_w\n2025-10-26 02:10 DST,1\n2025-10-26 02:10,2\n2025-10-26 02:20 DST,3\n"
    found, source = read(tmp_path, text, zone=BERLIN)
    begins = utc("2025-10-26T00:00:00")
    assert [each.inverter_time - begins for each in found] == [600, 4200, 1200]
    assert not any("comes twice" in note for note in source.findings.notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Europe/Berlin", "2025-03-30 02:30"),
        ("Australia/Lord_Howe", "2025-10-05 02:15"),
        ("Australia/Adelaide", "2025-10-05 02:30"),
    ],
)
def test_a_time_that_the_clocks_skipped_is_refused(tmp_path: Path, name: str, text: str) -> None:
    found, source = read(tmp_path, f"time,load_w\n{text},1\n", zone=Zone(0, name))
    assert (found, "did not exist" in source.bad[0].reason) == ([], True)


def test_columns_of_other_names_are_mapped_either_way_round(tmp_path: Path) -> None:
    text = f"When;PV [kW];Netz (W);Zähler [Wh]\n{AT};1,5;-200;2500,0\n"
    maps = ("When=inverter_time", "solar_w=PV [kW]", "Netz (W)=-grid_w", "Zähler [Wh]=solar_kwh_total")
    (found,), _ = read(tmp_path, text, *maps)
    assert (found.solar_w, found.grid_w, found.solar_kwh_total) == (1500, 200, 2.5)


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        (("load=watts",), "names no column of LiveOne"),
        (("nonsense",), "names no column"),
        (("load_w=Other",), "has no column 'other'"),
        (("a=load_w", "A=grid_w"), "twice"),
    ],
)
def test_a_map_that_leads_nowhere_is_refused(tmp_path: Path, maps: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read(tmp_path, f"inverter_time,a\n{AT},1\n", *maps)


def test_units_are_taken_as_said(tmp_path: Path) -> None:
    (found,), _ = read(
        tmp_path, f"inverter_time,load_w,load_kwh_total\n{AT},1.5,2500\n", power_unit="kW", energy_unit="Wh"
    )
    assert (found.load_w, found.load_kwh_total) == (1500, 2.5)


def test_power_rounds_half_away_from_zero_as_polling_does(tmp_path: Path) -> None:
    found, _ = read(tmp_path, f"inverter_time,grid_w\n{AT},2.5\n{AT + 1},-2.5\n{AT + 2},0.5\n")
    assert [each.grid_w for each in found] == [3, -3, 1]


def test_a_time_in_the_future_is_refused_and_named(tmp_path: Path) -> None:
    text = f"inverter_time,load_w\n{AT},1\n2036-06-01T00:00:00Z,2\n"
    found, source = read(tmp_path, text, latest_at=AT + 3600)
    assert [each.load_w for each in found] == [1]
    assert (source.bad[0].line, "years in the future" in source.bad[0].reason) == (3, True)


def test_both_doors_believe_the_same(tmp_path: Path) -> None:
    text = f"inverter_time,load_w,solar_w,battery_soc\n{AT},-500,-40,500\n{AT + 60},-40,-500,100.5\n"
    found, source = read(tmp_path, text)
    assert [(each.load_w, each.solar_w, each.battery_soc_pct) for each in found] == [
        (None, 0, None),
        (0, None, 100.0),
    ]
    assert [doubt.line for doubt in source.findings.doubtful] == [2, 2, 3]


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.BytesIO(f"sep=;\ninverter_time;load_w\n{AT};7\n".encode("utf-16"))
    monkeypatch.setattr(text_in.sys, "stdin", SimpleNamespace(buffer=piped))  # type: ignore[attr-defined]
    source = ReadingsFile(text_in.STANDARD_INPUT)
    assert [row[5] for row in apart.rows_of(source)] == [7]


def test_a_large_file_is_parsed_beside_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "WORTH_BYTES", 0)
    path = tmp_path / "large.csv"
    lines = [f"{AT + 60 * each},{each % 900},x" for each in range(9000)]
    path.write_text("\n".join(["inverter_time,load_w,more", *lines, "bad,1,x"]))
    told: list[int] = []
    source, same = ReadingsFile(path, told.append), ReadingsFile(path)
    assert list(apart.rows_of(source)) == list(same.rows())
    assert source.findings == same.findings
    assert source.findings.columns == ("load_w",)
    assert told == sorted(told)
    path.write_text("a,b\n" * 9)
    with pytest.raises(BadInput, match="no column `inverter_time`"):
        list(apart.rows_of(ReadingsFile(path)))


def test_a_half_written_last_line_is_named(tmp_path: Path) -> None:
    found, source = read(tmp_path, f"inverter_time,load_w\n{AT},7\n{str(AT)[:6]}")
    assert (len(found), source.bad[0].line) == (1, 3)


def test_empty_columns_at_the_end_are_no_columns(tmp_path: Path) -> None:
    found, source = read(tmp_path, f"inverter_time;load_w;\n{AT};7;\n{AT + 1};8;;\n;;\n\n")
    assert ([each.load_w for each in found], source.bad_count) == ([7, 8], 1)


@pytest.mark.parametrize("begins", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_spreadsheet_itself_is_called_one(tmp_path: Path, begins: bytes) -> None:
    with pytest.raises(BadInput, match="spreadsheet"):
        read(tmp_path, begins + bytes(range(256)), encoding="cp1252")


SENEC = "Uhrzeit;Netzbezug [kW];Netzeinspeisung [kW];Stromerzeugung [kW]\n01.07.2025 12:00:00;0,1;1,6;{sun}\n"


def test_columns_that_somebody_named_for_one_quantity_add_up(tmp_path: Path) -> None:
    """Most portals keep what is bought and what is sold apart."""
    maps = ("Netzbezug [kW]=grid_w", "Netzeinspeisung [kW]=-grid_w", "Stromerzeugung [kW]=solar_w")
    found, _ = read(tmp_path, SENEC.format(sun="2,5"), *maps, zone=BERLIN)
    assert [(each.solar_w, each.grid_w) for each in found] == [(2500, -1500)]


def test_a_counter_of_two_tariffs_is_their_sum_and_nothing_while_one_is_missing(tmp_path: Path) -> None:
    maps = ("T1=grid_in_kwh_total", "T2=grid_in_kwh_total")
    text = f"inverter_time,T1,T2,soc\n{AT},1000.5,900,50\n{AT + 60},,900,50\n{AT + 120},1001,900,50\n"
    found, _ = read(tmp_path, text, *maps, "soc=battery_soc")
    assert [each.grid_in_kwh_total for each in found] == [1900.5, None, 1901]


def test_a_level_that_is_told_twice_is_not_added_up(tmp_path: Path) -> None:
    found, _ = read(
        tmp_path, f"inverter_time,a,b\n{AT},60,61\n{AT + 60},,61\n", "a=battery_soc", "b=battery_soc"
    )
    assert [each.battery_soc_pct for each in found] == [60, 61]


def test_a_column_of_ours_beside_one_that_was_named_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="two columns are grid_w"):
        read(tmp_path, f"inverter_time,grid_w,bought\n{AT},1,2\n", "bought=grid_w")


@pytest.mark.parametrize("title", ["Date/time UTC", "Time (UTC)", "utc", "Datum GMT"])
def test_a_time_that_is_called_utc_is_so(tmp_path: Path, title: str) -> None:
    found, _ = read(tmp_path, f"{title},load_w\n2025-06-01 12:00,5\n")
    assert [each.inverter_time for each in found] == [utc("2025-06-01T12:00:00")]


def test_a_refusal_names_the_columns_there_are_and_the_systems_zone(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column `inverter_time`") as refused:
        read(tmp_path, "wann;load_w\n1;2\n")
    assert "'wann', 'load_w'" in refused.value.hint
    _, source = read(tmp_path, "Uhrzeit,load_w\n2025-06-01 12:00,5\n", usual_zone=BERLIN)
    assert "such as Europe/Berlin" in source.bad[0].reason


@pytest.mark.parametrize(
    ("cell", "watts"),
    [
        ("1,234W", 1234), ("1 234 W", 1234), ("1\u202f234\u00a0W", 1234), ("1.5kW", 1500), ("-0.5 kW", -500),
        ("12", 12), ("0.002 MW", 2000),
    ],
)  # fmt: skip
def test_a_unit_behind_a_number_is_that_of_the_cell(tmp_path: Path, cell: str, watts: int) -> None:
    found, _ = read(
        tmp_path, f"timestamp\tgrid_w\tload_kwh_total\n{AT}\t{cell}\t5.12kWh\n{AT + 60}\t7\t5130Wh\n"
    )
    assert [each.grid_w for each in found] == [watts, 7]
    assert [each.load_kwh_total for each in found] == [5.12, 5.13]


def test_a_unit_of_something_else_is_a_bad_line(tmp_path: Path) -> None:
    found, source = read(tmp_path, f"timestamp,grid_w\n{AT},5kWh\n{AT + 60},7\n")
    assert [each.grid_w for each in found] == [7]
    assert [(each.line, "kWh is a unit" in each.reason) for each in source.findings.bad] == [(2, True)]


def test_thousands_and_fractions_are_told_apart_by_the_cells_that_can_be_read_one_way_only(
    tmp_path: Path,
) -> None:
    lines = f"timestamp;grid_w;load_kwh_total\n{AT};1,234;20.5\n"
    found, _ = read(tmp_path, lines)
    assert (found[0].grid_w, found[0].load_kwh_total) == (1234, 20.5)
    found, _ = read(tmp_path, lines.replace("20.5", "20,55"))
    assert (found[0].grid_w, found[0].load_kwh_total) == (1, 20.55)


NAMELESS = "2024-05-01;12:00:00;1500;-200,5\n2024-05-01;12:05:00;1600;-210\n"


@pytest.mark.parametrize(
    "maps",
    [
        ("1=timestamp,2=timestamp,3=solar_w,4=-grid_w",),
        ("1=timestamp", "timestamp=2", "3=solar_w", "4=-grid_w"),
    ],
)
def test_a_file_without_a_header_is_told_by_the_places_of_its_columns(
    tmp_path: Path, maps: tuple[str, ...]
) -> None:
    found, source = read(tmp_path, NAMELESS, *maps, zone=Zone(0))
    assert [
        (each.inverter_time - utc("2024-05-01T12:00:00"), each.solar_w, each.grid_w) for each in found
    ] == [(0, 1500, 201), (300, 1600, 210)]
    assert source.findings.columns == ("solar_w", "grid_w")


def test_a_file_without_a_header_is_called_that(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no header: its first line is a reading") as refused:
        read(tmp_path, NAMELESS, zone=Zone(0))
    assert "--map 1=timestamp,2=solar_w" in refused.value.hint


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column '9'"):
        read(tmp_path, NAMELESS, "1=timestamp,2=timestamp,9=solar_w", zone=Zone(0))


@pytest.mark.parametrize("name", ["rot13", "base64", "hex", "zip", "nonsense", "x\0y", "undefined"])
def test_what_is_no_encoding_of_text_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, f"timestamp,grid_w\n{AT},5\n", encoding=name)
    assert "cp1252" in refused.value.hint
