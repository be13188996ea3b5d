"""The exports of other programs and portals, in the forms that `docs/how-to/import.md` names."""

import json
from pathlib import Path

import pytest
from tests.transfer.test_household_files import read, utc

from liveone.domain.aggregates import FiveMinutes
from liveone.domain.reading import Reading
from liveone.domain.zones import Zone
from liveone.errors import BadInput
from liveone.transfer import readings_out
from liveone.transfer.options import day_named, read_maps
from liveone.transfer.readings_in import ReadingsFile

BERLIN = Zone(60, "Europe/Berlin")
NOON = utc("2024-05-01T12:00:00")


def powers(each: Reading) -> tuple[int | None, ...]:
    return each.solar_w, each.load_w, each.battery_w, each.grid_w


HISTORY = """entity_id,state,last_changed
sensor.pv,100,2024-05-01T12:00:00.000Z
sensor.pv,unavailable,2024-05-01T12:02:00.123Z
sensor.house_power,50.4,2024-05-01T12:01:00.000Z
sensor.house_power,-900,2024-05-01T12:03:00.000Z
sensor.meter,5051.02978515625,2024-05-01T12:01:00.000Z
light.kitchen,on,2024-05-01T12:01:00.000Z
"""


def test_home_assistants_states_hold_until_the_next(tmp_path: Path) -> None:
    maps = ("sensor.pv=solar_w", "sensor.house_power=load_w", "sensor.meter=load_kwh_total")
    found, source = read(tmp_path, HISTORY, *maps)
    assert [each.inverter_time - NOON for each in found] == [0, 60, 120, 180]
    assert [powers(each)[:2] for each in found] == [(100, None), (100, 50), (None, 50), (None, None)]
    assert found[1].load_kwh_total == 5051.02978515625
    assert (source.findings.doubtful[0].line, source.findings.columns) == (
        5, ("solar_w", "load_w", "load_kwh_total")
    )  # fmt: skip
    assert "light.kitchen" in source.findings.notes[0]


def test_an_entity_that_is_not_in_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no quantity 'sensor\.pw'"):
        read(tmp_path, HISTORY, "sensor.pw=solar_w", "sensor.house_power=load_w")


def test_home_assistants_entities_are_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not said which") as refused:
        read(tmp_path, HISTORY)
    assert "--map sensor.house_power=load_w" in refused.value.hint


INFLUX = """#group,false,false,true,true,false,false,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string
#default,mean,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement{tag}
{lines}
"""


def influx(*points: tuple[str, str, str, str], tag: str = "") -> str:
    lines = "\n".join(
        f",,0,2024-05-01T00:00:00Z,2024-05-02T00:00:00Z,2024-05-01T{clock}Z,{value},{field},{measurement}"
        for clock, value, field, measurement in points
    )
    return INFLUX.format(lines=lines, tag=tag)


def test_evcc_from_influxdb(tmp_path: Path) -> None:
    points = [
        ("12:00:00", "4000.4", "value", "pvPower"),
        ("12:00:00", "-1500", "value", "gridPower"),
        ("12:00:00", "-1000", "value", "batteryPower"),
        ("12:00:00", "500", "value", "homePower"),
        ("12:00:00", "55", "value", "batterySoc"),
        ("12:30:00", "600", "value", "homePower"),
    ]
    found, _ = read(tmp_path, influx(*points))
    assert powers(found[0]) == (4000, 500, -1000, -1500)
    assert found[0].battery_soc_pct == 55
    assert powers(found[1]) == (None, 600, None, None)


def test_what_an_evcc_charges_is_used_by_the_house_at_every_point(tmp_path: Path) -> None:
    text = influx(
        ("12:00:00", "500", "value", "homePower,"),
        ("12:00:00", "3000", "value", "chargePower,Garage"),
        ("12:00:00", "1000", "value", "chargePower,Carport"),
        tag=",loadpoint",
    )
    (found,), _ = read(tmp_path, text)
    assert found.load_w == 4500


@pytest.mark.parametrize(
    "names",
    [
        ("grid_power_plus", "grid_power_minus", "bat_power_plus", "bat_power_minus"),
        ("grid_import_power", "grid_export_power", "battery_charging_power", "battery_discharging_power"),
    ],
)
def test_solectrus_from_influxdb(tmp_path: Path, names: tuple[str, ...]) -> None:
    values = dict(zip(names, ("0", "900", "300", "0"), strict=True))
    fields = {"inverter_power": "2000", "house_power": "800", **values}
    points = [("12:00:00", value, name, "SENEC") for name, value in fields.items()]
    (found,), _ = read(tmp_path, influx(*points))
    assert powers(found) == (2000, 800, -300, -900)


def test_pvoutputs_service_has_no_header_and_local_times(tmp_path: Path) -> None:
    text = (
        "20240501,14:00,1234,0.2,800,790,0.1,3000,450,NaN,234.7;20240501,14:05,1300,0.2,900,NaN,0.1,3000,NaN"
    )
    text = text.replace("NaN,0.1,3000,NaN", "880,0.1,3000,NaN,NaN,235.0")
    found, _ = read(tmp_path, text, usual_zone=BERLIN)
    assert [(each.inverter_time - NOON, each.solar_w, each.load_w) for each in found] == [
        (0, 800, 450),
        (300, 900, None),
    ]


FRONIUS = """Date and time;PV production;Consumption;Energy to grid;Energy from grid;\
Energy to battery;Energy from battery
[dd.MM.yyyy HH:mm];[Wh];[Wh];[Wh];[Wh];[Wh];[Wh]
01.05.2024 14:00;100,5;50;20;0;30,5;0
01.05.2024 14:05;0;50;0;25;0;25
"""


def test_fronius_energies_of_intervals_are_their_mean_power(tmp_path: Path) -> None:
    found, source = read(tmp_path, FRONIUS, usual_zone=BERLIN)
    assert [powers(each) for each in found] == [(1206, 600, -366, -240), (0, 600, 300, 300)]
    assert [each.inverter_time - NOON for each in found] == [150, 450]
    assert source.findings.notes[0] == "Read as Fronius Solar.web."


def test_fronius_in_german(tmp_path: Path) -> None:
    text = (
        "Datum und Uhrzeit,Energie ins Netz eingespeist,Energie vom Netz bezogen,PV Produktion,Verbrauch\n"
        "[dd.MM.yyyy HH:mm],[Wh],[Wh],[Wh],[Wh]\n01.05.2024 14:00,20,0,100,50\n01.05.2024 14:05,0,0,0,0\n"
    )
    found, _ = read(tmp_path, text, usual_zone=BERLIN)
    assert powers(found[0]) == (1200, 600, None, -240)


def test_evccs_charging_sessions_are_called_that(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="charging sessions"):
        read(tmp_path, "Created,Loadpoint,Charged energy (kWh)\n2024-05-01 10:00,Garage,12.5\n")


ENPHASE = """Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh)
05/13/2024 14:00,"1,000",500,500,0
05/13/2024 14:15,100,500,0,400
05/13/2024 14:30,0,0,0,0
Total,"1,100","1,000",500,400
"""


def test_enphase_quarters_of_an_hour(tmp_path: Path) -> None:
    found, source = read(tmp_path, ENPHASE, usual_zone=BERLIN)
    assert [powers(each) for each in found] == [
        (4000, 2000, None, -2000),
        (400, 2000, None, 1600),
        (0, 0, None, 0),
    ]
    assert source.bad_count == 0
    assert "Line 5 holds totals and was passed over." in source.findings.notes


SMA_TOP = """sep=;
Version CSV1|Tool SBFspot3.9.7 (Linux)|Linebreaks CR/LF|Delimiter semicolon|Decimalpoint comma|Precision 3

;SN: 2100000001;SN: 2100000001;SN: 2100000002;SN: 2100000002
;SB 4000TL-20;SB 4000TL-20;SB 4000TL-20;SB 4000TL-20
;2100000001;2100000001;2100000002;2100000002
;Gesamtertrag;Leistung;Gesamtertrag;Leistung
;Counter;Analog;Counter;Analog
"""
SMA_DAY = """dd/MM/yyyy HH:mm:ss;kWh;kW;kWh;kW
01/05/2024 14:00:00; 70860,938; 1,234; 70212,784; 0,500
01/05/2024 14:05:00; 70861,041; 1,300; 70212,826; 0,504
"""


@pytest.mark.parametrize(
    "top", [SMA_TOP, SMA_TOP.partition("\n")[2], ""], ids=["whole", "no sep", "units only"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_smas_programs_have_a_header_of_many_lines(tmp_path: Path, top: str, encoding: str) -> None:
    found, source = read(tmp_path, (top + SMA_DAY).encode(encoding), zone=BERLIN)
    assert [each.inverter_time - NOON for each in found] == [0, 300]
    assert [each.solar_w for each in found] == [1734, 1804]
    assert [each.solar_kwh_total for each in found] == [141073.722, 141073.867]
    assert not source.findings.bad
    assert "SMA" in source.findings.notes[0]


@pytest.mark.parametrize(
    ("form", "time"),
    [
        ("dd.MM.yyyy HH:mm", "01.05.2024 14:00"),
        ("MM/dd/yyyy hh:mm tt", "05/01/2024 02:00 PM"),
        ("yyyy-MM-dd;HH:mm:ss", "2024-05-01;14:00:00"),
    ],
)
def test_smas_times_are_as_its_header_says(tmp_path: Path, form: str, time: str) -> None:
    found, _ = read(tmp_path, f"{form};kWh;kW\n{time};100,5;1,5\n", zone=BERLIN)
    assert [(each.inverter_time, each.solar_w, each.solar_kwh_total) for each in found] == [
        (NOON, 1500, 100.5)
    ]


SPOT = """sep=;
Version CSV1|Tool SBFspot3.9.7 (Linux)|Linebreaks LF|Delimiter semicolon|Decimalpoint dot|Precision 3

;;;;Watt;Watt;Watt;%;kWh;kWh;Hz
dd/MM/yyyy HH:mm:ss;DeviceName;DeviceType;Serial;Pdc1;Pac1;PacTot;Efficiency;EToday;ETotal;Frequency
01/05/2024 14:00:00;SN: 1;SB 3000TL-21;2110000001;1550.000;1500.000;1500.000;96.774;1.234;100.500;50.01
"""


def test_sbfspots_spot_values_are_read_and_several_inverters_in_turn_are_not(tmp_path: Path) -> None:
    found, _ = read(tmp_path, SPOT, zone=BERLIN)
    assert [(each.inverter_time, each.solar_w, each.solar_kwh_total) for each in found] == [
        (NOON, 1500, 100.5)
    ]
    another = SPOT.splitlines()[-1].replace("2110000001", "2110000002")
    with pytest.raises(BadInput, match="each of several inverters"):
        read(tmp_path, f"{SPOT}{another}\n", zone=BERLIN)


def test_smas_files_of_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds days"):
        read(tmp_path, "dd/MM/yyyy;kWh;kWh\n01/05/2024;7510,496;6,423\n", zone=BERLIN)


def test_a_table_copied_from_pvoutputs_page_has_units_in_its_cells(tmp_path: Path) -> None:
    page = (
        "Date\tTime\tEnergy\tEfficiency\tPower\tAverage\tNormalised\tTemperature\tVoltage\tEnergy Used"
        "\tPower Used\n"
        "13/05/24\t2:05PM\t5.222kWh\t1.58kWh/kW\t1,234W\t1,200W\t0.37kW/kW\t21.0C\t241.1V\t3.500kWh\t950W\n"
        "13/05/24\t2:00PM\t5.120kWh\t1.55kWh/kW\t1,000W\t1,100W\t0.30kW/kW\t-\t240.3V\t3.421kWh\t1,050W\n"
    )
    found, source = read(tmp_path, page, zone=BERLIN)
    at = utc("2024-05-13T12:00:00")
    powers_at = sorted((each.inverter_time - at, each.solar_w, each.load_w) for each in found)
    assert powers_at == [(0, 1000, 1050), (300, 1234, 950)]
    assert not source.findings.bad


@pytest.mark.parametrize(
    "text",
    [
        "Date time,Home (kW),Powerwall (kW),Solar (kW),Grid (kW)\n"
        "2024-05-01T14:00:00+02:00,1.2,-0.5,2.4,-0.7\n",
        "TimeStamp,Solar,Powerwall,Home,Grid,Charge\n2024-05-01T12:00:00Z,2400,-500,1200,-700,10\n",
    ],
    ids=["the app", "Powerwall-Dashboard"],
)
def test_teslas_powerwall(tmp_path: Path, text: str) -> None:
    (found,), _ = read(tmp_path, text)
    assert (found.inverter_time, powers(found)) == (NOON, (2400, 1200, -500, -700))


E3DC = """"Zeitstempel";"Ladezustand [%]";"Solarproduktion [W]";"Batterie Laden [W]";"Batterie Entladen [W]";\
"Netzeinspeisung [W]";"Netzbezug [W]";"Hausverbrauch [W]";"Abregelungsgrenze [W]"
01.05.2024 14:00:00;45;2400;500;0;700;0;1200;5000
"""


def test_e3dc_in_german(tmp_path: Path) -> None:
    (found,), _ = read(tmp_path, E3DC, usual_zone=BERLIN)
    assert (found.inverter_time, powers(found)) == (NOON, (2400, 1200, -500, -700))
    assert found.battery_soc_pct == 45


SENSE = """DateTime,Device ID,Name,Device Type,Avg Wattage,kWh
2024-05-01 14:00:00,mains,Total Usage,,1200,1.2
2024-05-01 14:00:00,abc,Oven,Oven,200,0.2
2024-05-01 15:00:00,mains,Total Usage,,1300,1.3
2024-05-01 15:00:00,abc,Oven,Oven,0,0
"""


def test_a_row_for_each_device_is_refused_and_one_of_them_is_read(tmp_path: Path) -> None:
    """Only the first row of a time would count, whatever it is of."""
    with pytest.raises(BadInput, match=r"several rows of one time: 'Device ID' is 'mains', 'abc'"):
        read(tmp_path, SENSE, "Avg Wattage=load_w", zone=BERLIN)
    mains = "".join(line for line in SENSE.splitlines(keepends=True) if ",abc," not in line)
    found, _ = read(tmp_path, mains, "Avg Wattage=load_w", zone=BERLIN)
    assert [each.load_w for each in found] == [1200, 1300]


def test_so_is_a_row_for_each_inverter_by_its_number(tmp_path: Path) -> None:
    rows = [f"01.05.24;14:{5 * at:02}:00;{number};{900 * number}" for at in range(3) for number in (1, 2)]
    with pytest.raises(BadInput, match="'INV' is '1', '2'"):
        read(tmp_path, "\n".join(["Datum;Uhrzeit;INV;Pac [W]", *rows]), "Pac=solar_w", zone=BERLIN)


def test_a_state_that_changes_within_a_minute_is_no_device(tmp_path: Path) -> None:
    rows = [
        f"2024-05-01 14:{at:02},{'Standby' if at == 2 and again else 'Normal'},5"
        for at in range(5)
        for again in (0, 1)
    ]
    found, _ = read(tmp_path, "\n".join(["Time,Status,Pac", *rows]), "Pac=solar_w", zone=BERLIN)
    assert len(found) == 10


def test_a_utilitys_green_button_tells_its_unit_in_a_column_and_the_clock_as_start(tmp_path: Path) -> None:
    """A quarter of a kWh was a quarter of a watt, at midnight."""
    text = (
        "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST\n"
        "Electric usage,2024-05-01,14:00,14:14,0.25,kWh,$0.10\n"
        "Electric usage,2024-05-01,14:15,14:29,0.50,kWh,$0.20\n"
    )
    found, _ = read(tmp_path, text, "USAGE=grid_w", zone=BERLIN)
    assert [(each.inverter_time - NOON, each.grid_w) for each in found] == [(450, 1000), (1350, 2000)]


def test_totals_of_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="totals of 24 hours"):
        read(
            tmp_path, "Date/Time,Energy Produced (Wh)\n10/12/2022,8298\n10/13/2022,5146\n", usual_zone=BERLIN
        )


VICTRON = """timestamp,Gateway [0],System overview [0],System overview [0],System overview [0],\
System overview [0],System overview [0],System overview [0]
Europe/Berlin (+02:00),Relay,PV - DC-coupled,AC Consumption L1,AC Consumption L2,\
Battery Power,Battery SOC,Grid L1
,,W,W,W,W,%,W
2024-05-01 14:00:00,Open,1000,300,200,450,75.5,-50
2024-05-01 14:01:00,,,,,,,
"""


def test_victrons_log_adds_phases_and_turns_the_battery(tmp_path: Path) -> None:
    found, source = read(tmp_path, VICTRON)
    assert (found[0].inverter_time, powers(found[0])) == (NOON, (1000, 500, -450, -50))
    assert (found[0].battery_soc_pct, powers(found[1])) == (75.5, (None,) * 4)
    assert "Read as Victron VRM (log)." in source.findings.notes


def test_victrons_energies_are_the_flows_between_all(tmp_path: Path) -> None:
    text = (
        "timestamp,PV to battery,PV to grid,PV to consumers,Battery to consumers,Battery to grid,"
        "Grid to consumers,Grid to battery\n"
        "2024-05-01 14:00,0.1,0.2,0.3,0.05,0,0.4,0.01\n2024-05-01 14:15,0,0,0,0,0,0,0\n"
    )
    found, _ = read(tmp_path, text, usual_zone=BERLIN)
    assert powers(found[0]) == (2400, 3000, -240, 840)


def test_our_own_five_minutes_come_back(tmp_path: Path) -> None:
    row = FiveMinutes(
        interval_end=NOON,
        solar_w_avg=5,
        load_w_avg=6,
        battery_soc_pct_last=88.5,
        load_kwh_total_last=7.25,
        sample_count=5,
    )
    path = tmp_path / "5m.csv"
    with path.open("w") as file:
        values = [getattr(row, name) for name in readings_out.FIVE_MINUTES_COLUMNS]
        readings_out.write_csv(file, readings_out.FIVE_MINUTES_COLUMNS, iter([values]))
    (found,), _ = read(tmp_path, path.read_text())
    assert (found.inverter_time, found.solar_w, found.battery_soc_pct, found.load_kwh_total) == (
        NOON, 5, 88.5, 7.25
    )  # fmt: skip


def test_what_the_page_saves_comes_back_and_days_do_not(tmp_path: Path) -> None:
    text = (
        "from,to,solar_w,load_w,battery_w,grid_w,soc_pct,solarKwh,solarKwh estimated,coverage_pct\r\n"
        "2024-05-01T14:00:00+02:00,2024-05-01T14:05:00+02:00,5,6,-7,8,88,0.1,0,100\r\n"
        "2024-05-01T14:00:00+02:00,2024-05-01T14:30:00+02:00,5,6,-7,8,88,0.1,0,100\r\n"
        "2024-05-01T00:00:00+02:00,2024-05-02T00:00:00+02:00,5,6,-7,8,88,0.1,0,100\r\n"
    )
    found, source = read(tmp_path, text)
    assert [(each.inverter_time - NOON, powers(each)) for each in found] == [
        (300, (5, 6, -7, 8)),
        (900, (5, 6, -7, 8)),
    ]
    assert "totals of 24 hours" in source.bad[0].reason
    with pytest.raises(BadInput, match="holds days"):
        read(tmp_path, "day,solar_kwh\n2024-05-01,7\n")


def test_what_the_api_gives_as_a_table_comes_back_in(tmp_path: Path) -> None:
    head = (
        "start,end,solar_w,battery_w,battery_soc_pct_last,battery_soc_pct,load_kwh_total,load_kwh_estimated\n"
    )
    line = "2024-05-01T14:00:00+02:00,2024-05-01T14:05:00+02:00,723,-200,32.51,32.51,9871.09,false\n"
    (found,), source = read(tmp_path, head + line)
    assert (found.inverter_time - NOON, found.solar_w, found.battery_w) == (300, 723, -200)
    assert (found.battery_soc_pct, found.load_kwh_total) == (32.51, 9871.09)
    assert "LiveOne's own history" in source.findings.notes[0]
    (tmp_path / "rows.json").write_text(
        json.dumps(
            {
                "success": True,
                "rows": [dict(zip(head.strip().split(","), line.strip().split(","), strict=True))],
            }
        )
    )
    assert [Reading(*row) for row in ReadingsFile(tmp_path / "rows.json").rows()] == [found]  # type: ignore[arg-type]


STATISTICS = """statistic_id\tunit\tstart\tmin\tmax\tmean\tsum\tstate
sensor.pv\tkW\t01.05.2024 14:00\t0\t2\t1.5\t\t
sensor.meter\tWh\t01.05.2024 14:00\t\t\t\t10\t510500
sensor.other\tW\t01.05.2024 14:00\t0\t2\t1\t\t
"""


def test_home_assistants_statistics_are_means_and_counters_of_hours(tmp_path: Path) -> None:
    maps = ("sensor.pv=solar_w", "sensor.meter=load_kwh_total")
    found, _ = read(tmp_path, STATISTICS, *maps, zone=BERLIN)
    assert [(each.inverter_time - NOON, each.solar_w, each.load_kwh_total) for each in found] == [
        (1800, 1500, None),
        (3600, None, 510.5),
    ]
    found, source = read(tmp_path, STATISTICS, *maps)
    assert (found, source.bad_count) == ([], 2)
    assert "no offset" in source.bad[0].reason


def test_the_line_of_units_may_name_the_zone(tmp_path: Path) -> None:
    head = "timestamp,Grid to consumers,PV to consumers\nEurope/London (+01:00),kWh,kWh\n"
    lines = "2024-05-01 13:00:00,0.25,0\n2024-05-01 13:15:00,0.25,0\n"
    found, source = read(tmp_path, head + lines, usual_zone=BERLIN)
    assert ([each.inverter_time - NOON for each in found], source.bad_count) == ([450, 1350], 0)
    assert [each.grid_w for each in found] == [1000, 1000]


def test_intervals_whose_times_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="day and month in an order"):
        read(
            tmp_path, "Date/Time,Energy Produced (Wh)\n11/02/2024 00:00,5\n11/02/2024 00:15,5\n", zone=BERLIN
        )


@pytest.mark.parametrize(
    "head", ["Created,Finished,Vehicle,Energy (kWh)", "Startzeit;Fahrzeug;Energie (kWh)"]
)
def test_evccs_sessions_are_said_to_be_such(tmp_path: Path, head: str) -> None:
    with pytest.raises(BadInput, match="charging sessions"):
        read(tmp_path, f"{head}\n2025-05-01 00:01:12,a,b,1\n")


@pytest.mark.parametrize("title", ["Mains (kWh)", "Mains [kWh]", "Mains (kWhs)"])
def test_a_column_of_energies_that_is_named_a_power_is_the_mean_power_of_its_intervals(
    tmp_path: Path, title: str
) -> None:
    """A quarter of a kWh in a quarter of an hour is 1 kW, and not a quarter of a watt."""
    text = (
        f"time,{title},Grid (kWh)\n"
        "2024-05-01T12:00:00Z,0.25,0.5\n"
        "2024-05-01T12:15:00Z,0.5,0.25\n"
        "2024-05-01T12:30:00Z,No CT,0.25\n"
    )
    found, source = read(tmp_path, text, f"{title}=load_w", "Grid (kWh)=-grid_w")
    assert [powers(each) for each in found] == [
        (None, 1000, None, -2000),
        (None, 2000, None, -1000),
        (None, None, None, -1000),
    ]
    assert found[0].inverter_time == NOON + 450
    assert source.bad_count == 0
    assert "Energies of intervals were read as their mean power." in source.findings.notes


def test_intervals_that_tell_their_beginning_and_end_are_read_so(tmp_path: Path) -> None:
    text = (
        "Start,End,Consumption (kWh)\n"
        "2024-05-01T12:00:00Z,2024-05-01T12:30:00Z,0.25\n"
        "2024-05-01T12:30:00Z,2024-05-01T13:00:00Z,0.5\n"
    )
    found, _ = read(tmp_path, text, "Consumption (kWh)=load_w")
    assert [(each.inverter_time, each.load_w) for each in found] == [(NOON + 900, 500), (NOON + 2700, 1000)]


def test_energies_beside_powers_are_refused(tmp_path: Path) -> None:
    text = "time,PV (W),House (kWh)\n2024-05-01T12:00:00Z,1,2\n2024-05-01T12:15:00Z,1,2\n"
    with pytest.raises(BadInput, match=r"'House \(kWh\)' is an energy and 'PV \(W\)' is a power"):
        read(tmp_path, text, "PV (W)=solar_w", "House (kWh)=load_w")


ENERGY_PAGE = """\
entity_id,type,unit,2024-05-01T12:00:00.000Z,2024-05-01T13:00:00.000Z,2024-05-01T14:00:00.000Z
sensor.bought_day,grid_consumption,kWh,0.5,0,
sensor.bought_night,grid_consumption,Wh,250,0,0
sensor.cost,grid_consumption_cost,EUR,0.1,0.2,0.3
sensor.sold,grid_return,kWh,0,1.5,0
sensor.in,battery_in,kWh,0,1,0
sensor.out,battery_out,kWh,0.25,0,0
sensor.roof,solar_production,kWh,1,3,
,calculated_total_consumption,kWh,2,0.5,0
"""


def test_what_home_assistants_energy_page_downloads_has_a_column_an_hour(tmp_path: Path) -> None:
    found, source = read(tmp_path, ENERGY_PAGE)
    assert [powers(each) for each in found] == [
        (1000, 2000, 250, 750),
        (3000, 500, -1000, -1500),
        (None, 0, 0, 0),
    ]
    assert [each.inverter_time for each in found] == [NOON + 1800, NOON + 5400, NOON + 9000]
    assert source.bad_count == 0
    assert source.findings.notes == ["Read as Home Assistant (energy)."]


def test_its_download_of_a_month_holds_days_and_is_refused(tmp_path: Path) -> None:
    hours = ",".join(f"2024-05-0{day}T{hour:02}:00:00.000Z" for day in (1, 2, 3) for hour in range(24))
    days = f"{'5' + ',' * 24}" * 3
    text = f"entity_id,type,unit,{hours}\nsensor.roof,solar_production,kWh,{days[:-1]}\n"
    with pytest.raises(BadInput, match="totals of 24 hours are no readings"):
        read(tmp_path, text)


ROWS = "2026-06-01,00:00,00:14,0.25,kWh,\n2026-06-01,00:15,00:29,0.50,kWh,\n"


@pytest.mark.parametrize(
    "above",
    [
        'Name,"JANE DOE"\nAddress,"123 MAIN ST, OAKLAND CA 94601"\nAccount Number,123\n\n',
        "Kunde: Max; Moritz\nZeitraum;01.06.2026 - 03.06.2026\n",
        "Time,2026-06-02\nDate,yesterday\n,\n",
    ],
)
def test_what_utilities_write_above_the_header_is_passed_over(tmp_path: Path, above: str) -> None:
    text = f"{above}DATE,START TIME,END TIME,USAGE,UNITS,NOTES\n{ROWS}x,,,,,\n"
    found, source = read(tmp_path, text, "usage=load_w", zone=BERLIN)
    assert [(each.inverter_time - utc("2026-05-31T22:00:00"), each.load_w) for each in found] == [
        (450, 1000),
        (1350, 2000),
    ]
    assert source.bad[0].line == above.count("\n") + 4


@pytest.mark.parametrize("clock", ["Zeit von", "Von", "Start", "Time from", "Uhrzeit"])
def test_a_date_and_the_clock_at_which_its_interval_begins(tmp_path: Path, clock: str) -> None:
    text = (
        f"Datum;{clock};Zeit bis;Verbrauch [kWh]\n01.06.2026;00:00;00:15;0,25\n01.06.2026;00:15;00:30;0,5\n"
    )
    found, _ = read(tmp_path, text, "verbrauch=load_w", zone=BERLIN)
    assert [each.load_w for each in found] == [1000, 2000]


def test_a_second_table_in_a_file_is_not_read_as_the_first(tmp_path: Path) -> None:
    head = '"Energy {} time period","Usage(kWh)","Quality"\n'
    rows = (
        '"2026-06-01 00:00:00 to 2026-06-01 01:00:00","0.5",""\n'
        '"2026-06-01 01:00 to 2026-06-01 02:00","1",""\n'
    )
    text = head.format("Received") + rows
    maps = ("energy received time period=timestamp", "usage=grid_w")
    found, _ = read(tmp_path, text + head.format("Received"), *maps, zone=Zone(0))
    assert [(each.inverter_time % 86_400, each.grid_w) for each in found] == [(1800, 500), (5400, 1000)]
    with pytest.raises(BadInput, match="another table begins at line 5"):
        read(tmp_path, text + "\n" + head.format("Delivered") + rows, *maps, zone=Zone(0))


def small(unit: str, value: str = "0.4") -> str:
    return f"time,Use{unit}\n" + "".join(f"2026-06-01T{h:02d}:00Z,{value}\n" for h in range(24))


def test_a_number_without_a_unit_that_cannot_be_watts_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="reaches 30 W") as refused:
        read(tmp_path, small(""), "use=load_w")
    assert "--energy-unit kWh" in refused.value.hint
    for text, options, watts in (
        (small(""), {"energy_unit": "kWh"}, 400),
        (small(""), {"power_unit": "kW"}, 400),
        (small(""), {"power_unit": "W"}, 0),
        (small(" [kWh]"), {}, 400),
        (small(" (W)"), {}, 0),
        (small("", "20"), {}, 20),
        (small("", "400.5"), {}, 401),
    ):
        assert read(tmp_path, text, "use=load_w", **options)[0][0].load_w == watts


def test_a_house_with_one_large_power_is_believed_and_our_own_names_are_asked_about_too(
    tmp_path: Path,
) -> None:
    rows = [f"{NOON + 60 * place},0.5,{{}}\n" for place in range(24)]
    text = "inverter_time,grid_w,load_w\n" + "".join(rows)
    assert read(tmp_path, text.format(*["2.25"] * 23, "31"))[0][-1].load_w == 31
    with pytest.raises(BadInput, match="'grid_w' names no unit"):
        read(tmp_path, text.format(*["2.25"] * 24))


def nem12(*blocks: str) -> str:
    return "\r\n".join(["100,NEM12,202606050900,MDP1,Retailer", *blocks, "900", ""])


def block(suffix: str, minutes: int, values: list[float], rest: str = "A,,,20260605,", nmi: str = "6") -> str:
    told = ",".join(f"{value:g}" for value in values)
    return f"200,{nmi},E1B1,1,{suffix},N1,M1,kWh,{minutes},\r\n300,20260601,{told},{rest}"


def test_nem12_of_several_registers_and_intervals(tmp_path: Path) -> None:
    """Half hours beside five minutes, what went out beside what came in, in Eastern Standard Time."""
    fed = block("B1", 30, [0.0] * 24 + [1.5] + [0.0] * 23)
    text = nem12(block("E1", 5, [0.1] * 288), block("E2", 30, [0.3] * 48), fed, block("Q1", 30, [9] * 48))
    found, source = read(tmp_path, text, zone=BERLIN)
    assert len(found) == 288
    assert found[0].inverter_time == utc("2026-05-31T14:02:30")
    assert [each.grid_w for each in found[143:151]] == [1800, *[-1200] * 6, 1800]
    assert source.findings.columns == ("grid_w",)
    assert source.findings.notes == [
        "Read as NEM12 (meters in Australia).",
        "Registers that hold no energy were not read: Q1.",
    ]


def test_nem12_leaves_out_what_the_meter_did_not_know(tmp_path: Path) -> None:
    absent = block("E1", 30, [0.5] * 48, "V,,,20260605,") + "\r\n400,1,20,A,,\r\n400,21,48,N,,"
    found, _ = read(tmp_path, nem12(absent))
    assert [each.grid_w for each in found] == [1000] * 20
    whole = block("E1", 30, [0.5] * 48)
    found, source = read(
        tmp_path, nem12(whole, "300,20260602,0.5,0.5", "300,2026-6-3" + ",1" * 50, "400,1,2")
    )
    assert (len(found), [bad.line for bad in source.bad]) == (48, [4, 5, 6])


def test_nem12_of_two_houses_or_of_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="several meters' points: 6, 7"):
        read(tmp_path, nem12(block("E1", 30, [1] * 48), block("E1", 30, [1] * 48, nmi="7")))
    with pytest.raises(BadInput, match="no register of energy"):
        read(tmp_path, nem12(block("Q1", 30, [1] * 48)))


def test_solaredge_in_watts_and_in_energies(tmp_path: Path) -> None:
    text = "Time,System Production ({0}),Consumption ({0}),Export ({0}),Import ({0})\n"
    rows = "06/13/2026 12:00,2000,500,1500,0\n06/13/2026 12:15,0,500,0,500\n"
    found, _ = read(tmp_path, text.format("W") + rows, usual_zone=BERLIN)
    assert [powers(each) for each in found] == [(2000, 500, None, -1500), (0, 500, None, 500)]
    found, _ = read(tmp_path, text.format("Wh") + rows, usual_zone=BERLIN)
    assert [powers(each) for each in found] == [(8000, 2000, None, -6000), (0, 2000, None, 2000)]
    battery = "Time,Battery Charge Level (%),System Production (W),Solar Production (W)\n"
    found, _ = read(tmp_path, battery + "06/13/2026 12:00,40,2500,2000\n", usual_zone=BERLIN)
    assert (found[0].solar_w, found[0].battery_soc_pct) == (2000, 40)


SUNNY = (
    ";PV power generation / Mean values [W];Total consumption / Mean values [W];"
    "Grid feed-in / Mean values [W];Battery charging / Mean values [W]\n"
    '="23:45";1.234,5;500,0;734,5;0,0\n="00:00";0,0;500,5;0,0;100,5\n'
)


def test_sunny_portals_day_is_told_by_the_name_of_its_file(tmp_path: Path) -> None:
    found, source = read(tmp_path, SUNNY, usual_zone=BERLIN, day=day_named("Energy_Balance_2026_06_01.csv"))
    assert [each.inverter_time for each in found] == [utc("2026-06-01T21:45"), utc("2026-06-01T22:00")]
    assert [powers(each) for each in found] == [(1235, 500, 0, -735), (0, 501, -101, 0)]
    assert "Its times have no date: the name of the file says 2026-06-01." in source.findings.notes
    _, source = read(tmp_path, SUNNY, usual_zone=BERLIN)
    assert "the name of the file tells no day" in source.bad[0].reason


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("pge_2026-06-01.csv", "2026-06-01"),
        ("Plant-20260601.csv", "2026-06-01"),
        ("202606011.csv", None),
        ("Energy_Balance_2026_06.csv", None),
        ("2026-13-01.csv", None),
    ],
)
def test_the_day_in_a_files_name(name: str, day: str | None) -> None:
    assert day_named(name) == day


@pytest.mark.parametrize(
    ("entity", "field"),
    [
        ("sensor.grid_energy", "grid_in_kwh_total"),
        ("sensor.grid_export_energy", "grid_out_kwh_total"),
        ("sensor.battery_energy_discharged", "battery_out_kwh_total"),
        ("sensor.solar_energy", "solar_kwh_total"),
        ("sensor.grid_power", "grid_w"),
    ],
)
def test_what_is_suggested_can_be_typed(tmp_path: Path, entity: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, f"entity_id,state,last_changed\n{entity},1,2026-06-01T00:00:00Z\n")
    assert refused.value.hint.endswith(f"--map {entity}={field}")
    read_maps((f"{entity}={field}",))
