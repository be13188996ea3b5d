"""Other firmware and other models than those that were recorded: what they answer by their makers' documents
and by public programs that read them, as bytes over HTTP. The numbers are invented; the forms are not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.vendors.test_p1 import telegram
from tests.vendors.wire import Heard, Wire, reply

from liveone.vendors.adapter import HttpAdapter, account_of
from liveone.vendors.base import Poll, TemporaryFailure
from liveone.vendors.conformance.device import served
from liveone.vendors.enphase.device import LEGACY, METERS, POWER, PRODUCTION, READINGS, SECCTRL, Envoy
from liveone.vendors.fronius.device import FLOW, OTHERS, REALTIME, Fronius
from liveone.vendors.homewizard.device import HomeWizard
from liveone.vendors.p1.telegram import sample_of, telegram_of
from liveone.vendors.parameters import Setting
from liveone.vendors.shelly.device import ShellyMeter

AT = 1_764_500_000
HEAD = {"Head": {"Status": {"Code": 0}, "Timestamp": "2025-11-30T12:53:20+02:00"}}
NO_POWER = {"P_Akku": None, "P_Grid": None, "P_Load": None, "P_PV": None, "E_Total": None}
Meant = Mapping[str, float | None]


def polled(adapter: type[HttpAdapter], pages: Mapping[str, Any], **settings: Setting) -> Poll:
    """What a device with these pages gives in one poll, asked over HTTP."""
    with served(pages) as url:
        device = adapter(account_of(adapter.vendor_type, {"url": url, **settings}, timeout_s=10))
        try:
            return device.poll("house", memory={}, now_at=AT)
        finally:
            device.close()


def assert_means(poll: Poll, meant: Meant) -> None:
    found = {name: getattr(poll.reading, name) for name in meant}
    assert found == pytest.approx(dict(meant))


def points_of(poll: Poll) -> dict[str, float]:
    return {point.key: point.value for point in poll.points}


def fronius(data: object, **others: object) -> dict[str, Any]:
    pages: dict[str, Any] = {FLOW: HEAD | {"Body": {"Data": data}}}
    return pages | {OTHERS[name]: HEAD | {"Body": {"Data": told}} for name, told in others.items()}


def flow(site: Mapping[str, Any], **inverters: Mapping[str, Any]) -> dict[str, Any]:
    return {"Site": NO_POWER | dict(site), "Inverters": {name[1:]: each for name, each in inverters.items()}}


SITE = {"P_Grid": 658.4, "P_Load": -695.7, "P_PV": 62.9, "E_Total": 1_530_193.4}
HYBRID = {"P_Grid": 12.0, "P_Load": -1512.0, "P_PV": 0.0, "P_Akku": 1500.0, "E_Total": 9e6}
SMART_METER = {
    "Meter_Location_Current": 0.0,
    "PowerReal_P_Sum": -1500.5,
    "EnergyReal_WAC_Sum_Consumed": 2_013_105.0,
    "EnergyReal_WAC_Sum_Produced": 3_863_340.0,
}


@pytest.mark.parametrize(
    ("pages", "meant"),
    [
        pytest.param(
            fronius(flow(SITE, _1={"Battery_Mode": "disabled", "P": 37.3, "SOC": 0.0})),
            {"solar_w": 63, "load_w": 696, "grid_w": 658, "solar_kwh_total": 1530.1934}
            | {"battery_w": None, "battery_soc_pct": None},
            id="Gen24 without a battery",
        ),
        pytest.param(
            fronius(flow(SITE, _1={"Battery_Mode": "suspended", "P": 0.0, "SOC": 7.5})),
            {"battery_w": None, "battery_soc_pct": 7.5, "solar_kwh_total": None},
            id="Gen24 whose battery sleeps",
        ),
        pytest.param(
            fronius(flow(HYBRID, _1={"Battery_Mode": "normal", "P": 1500.0, "SOC": 0.0})),
            {"battery_w": 1500, "battery_soc_pct": 0, "solar_kwh_total": None, "solar_w": 0},
            id="Gen24 whose battery is empty",
        ),
        pytest.param(
            fronius(
                flow(
                    {"P_Grid": 384.9, "P_Load": -2218.9, "P_PV": 1834, "E_Total": 22_910_919.5},
                    _1={"P": 886},
                    _2={"P": 948},
                ),
                meters={"0": {"Meter_Location_Current": 1, "EnergyReal_WAC_Minus_Relative": 191.25}},
            ),
            {
                "solar_w": 1834,
                "load_w": 2219,
                "grid_w": 385,
                "load_kwh_total": None,
                "grid_in_kwh_total": None,
            },
            id="two Primo with an S0 meter, which counts from the start of a day",
        ),
        pytest.param(
            fronius(flow({"P_PV": 2241, "E_Total": 81_809_000}, _1={"P": 2241}), meters={}),
            {"solar_w": 2241, "solar_kwh_total": 81_809, "grid_w": None, "load_w": None},
            id="IG Plus without a meter",
        ),
        pytest.param(
            {
                REALTIME: HEAD
                | {
                    "Body": {
                        "Data": {
                            "PAC": {"Unit": "W", "Values": {"1": 1111, "2": 889}},
                            "TOTAL_ENERGY": {"Unit": "Wh", "Values": {"1": 44_188_000, "2": 12_000}},
                        }
                    }
                },
                OTHERS["meters"]: HEAD | {"Body": {"Data": {"0": SMART_METER}}},
            },
            {"solar_w": 2000, "solar_kwh_total": 44_200, "grid_w": -1501, "load_w": 500}
            | {"grid_in_kwh_total": 2013.105, "grid_out_kwh_total": 3863.34},
            id="a Datalogger without the power flow",
        ),
    ],
)
def test_fronius(pages: Mapping[str, Any], meant: Meant) -> None:
    assert_means(polled(Fronius, pages), meant)


def test_fronius_at_night_with_its_inverters_gone_says_nothing_rather_than_0() -> None:
    with pytest.raises(TemporaryFailure, match="no value"):
        polled(Fronius, fronius(flow({}), meters={}, inverters={}))


def test_fronius_older_inverters_count_together_or_not_at_all() -> None:
    data = {"PAC": {"Values": {"1": 1111}}, "TOTAL_ENERGY": {"Values": {"1": 44_188_000}}}
    both = {"1": {"ErrorCode": 0}, "2": {"ErrorCode": 0}}
    pages = {
        REALTIME: HEAD | {"Body": {"Data": data}},
        OTHERS["inverters"]: HEAD | {"Body": {"Data": both}},
        OTHERS["meters"]: HEAD | {"Body": {"Data": {"0": SMART_METER}}},
    }
    assert_means(polled(Fronius, pages), {"solar_w": None, "solar_kwh_total": None, "grid_w": -1501})


def envoy(firmware: str, pages: Mapping[str, Any]) -> dict[str, Any]:
    info = f"<envoy_info><device><sn>990000000001</sn><software>{firmware}</software></device></envoy_info>"
    return {"/info": info} | {path: json.dumps(page) for path, page in pages.items()}


def micro(watts: float, lifetime_wh: float) -> dict[str, Any]:
    return {
        "type": "inverters",
        "activeCount": 13,
        "readingTime": AT - 200,
        "wNow": watts,
        "whLifetime": lifetime_wh,
    }


def clamp(kind: str, watts: float, active: int = 1, lifetime_wh: float = 7e6) -> dict[str, Any]:
    return {
        "type": "eim", "measurementType": kind, "activeCount": active, "readingTime": AT - 1, "wNow": watts,
        "whLifetime": lifetime_wh,
    }  # fmt: skip


def meter(eid: int, kind: str, state: str = "enabled") -> dict[str, Any]:
    return {"eid": eid, "measurementType": kind, "state": state}


def reading(
    eid: int, watts: float, apparent_va: float = 9e3, came: float = 5e6, went: float = 1e6
) -> dict[str, Any]:
    return {
        "eid": eid, "timestamp": AT - 2, "activePower": watts, "apparentPower": apparent_va,
        "actEnergyDlvd": came, "actEnergyRcvd": went,
    }  # fmt: skip


OFF = [meter(1, "production", "disabled"), meter(2, "net-consumption", "disabled")]
FIVE = {"devices:": [{"real_power_mw": -136_000, "soc": 21}, {"real_power_mw": -128_000, "soc": 21}]}


@pytest.mark.parametrize(
    ("pages", "meant"),
    [
        pytest.param(
            envoy(
                "D7.6.114",
                {
                    METERS: [],
                    PRODUCTION: {"production": [micro(586, 351_236)]},
                    LEGACY: {"wattHoursLifetime": 1_544_282},
                },
            ),
            {"solar_w": 586, "solar_kwh_total": 1544.282, "grid_w": None, "load_w": None},
            id="7, no meters: the counter that begins anew is not believed",
        ),
        pytest.param(
            envoy("D7.6.114", {METERS: [], PRODUCTION: {"production": [micro(586, 351_236)]}}),
            {"solar_w": 586, "solar_kwh_total": None},
            id="7, no meters, and the other counter is silent",
        ),
        pytest.param(
            envoy(
                "D7.6.175",
                {
                    METERS: OFF,
                    READINGS: [],
                    PRODUCTION: {"production": [micro(1322, 1_152_866)]},
                    LEGACY: {"wattHoursLifetime": 0},
                },
            ),
            {"solar_w": 1322, "solar_kwh_total": 1152.866},
            id="7, its clamps not connected, and the other counter stands at 0",
        ),
        pytest.param(
            envoy(
                "D8.2.4264",
                {
                    METERS: OFF,
                    READINGS: [reading(1, 3.6), reading(2, -5.5)],
                    PRODUCTION: {
                        "production": [micro(5521, 32_465_106), clamp("production", 3.6, 0)],
                        "consumption": [
                            clamp("total-consumption", -1.8, 0),
                            clamp("net-consumption", -5.5, 0),
                        ],
                    },
                    LEGACY: {"wattsNow": 4, "wattHoursLifetime": 1583},
                },
            ),
            {"solar_w": 5521, "solar_kwh_total": 32_465.106, "grid_w": None, "load_w": None},
            id="8, its clamps not connected: the standing counter is not believed",
        ),
        pytest.param(
            envoy(
                "R4.2.27",
                {
                    PRODUCTION: {
                        "production": [micro(158, 142_373), clamp("production", 178.5)],
                        "consumption": [clamp("total-consumption", 1393.2), clamp("net-consumption", 1214.7)],
                    }
                },
            ),
            {"solar_w": 179, "grid_w": 1215, "load_w": 1393, "grid_in_kwh_total": None},
            id="no page of meters: the net of production.json",
        ),
        pytest.param(
            envoy(
                "R4.2.27",
                {
                    PRODUCTION: {
                        "production": [clamp("production", 353)],
                        "consumption": [clamp("total-consumption", 787), clamp("net-consumption", 787)],
                    }
                },
            ),
            {"solar_w": 353, "grid_w": None, "load_w": None},
            id="no page of meters, and a net that cannot be",
        ),
        pytest.param(
            envoy(
                "D5.0.62",
                {
                    METERS: [meter(1, "production", "disabled"), meter(2, "net-consumption")],
                    READINGS: [reading(1, 0.0), reading(2, 400.0)],
                    PRODUCTION: {"production": [micro(2000, 9e6)]},
                },
            ),
            {
                "solar_w": 2000,
                "grid_w": 400,
                "load_w": 2400,
                "grid_in_kwh_total": 5000,
                "solar_kwh_total": 9000,
            },
            id="5, one clamp, at the grid",
        ),
        pytest.param(
            envoy(
                "D7.3.130",
                {
                    METERS: [meter(1, "production"), meter(2, "net-consumption", "disabled")],
                    READINGS: [reading(1, 2000.0)],
                },
            ),
            {"solar_w": 2000, "solar_kwh_total": 5000, "grid_w": None, "load_w": None},
            id="7, one clamp, at the inverters",
        ),
        pytest.param(
            envoy(
                "D8.2.127",
                {
                    METERS: [meter(1, "production"), meter(2, "net-consumption"), meter(3, "storage")],
                    READINGS: [reading(1, 1714.4), reading(2, 129.4), reading(3, -2579.8, apparent_va=461.2)],
                    POWER: FIVE,
                    SECCTRL: {"agg_soc": 21, "Max_energy": 25_000},
                },
            ),
            {"battery_w": -264, "load_w": 1580, "battery_soc_pct": 21, "battery_in_kwh_total": None},
            id="8, a storage meter whose real power is above its apparent power",
        ),
    ],
)
def test_enphase(pages: Mapping[str, Any], meant: Meant) -> None:
    assert_means(polled(Envoy, pages, token="a.b.c"), meant)


def test_enphase_an_old_gateway_that_refuses_a_page_to_everybody_is_read_all_the_same() -> None:
    pages = {
        "/info": envoy("D3.18.10", {})["/info"],
        LEGACY: '{"wattsNow": 4324, "wattHoursLifetime": 138475913}',
    }

    def gateway(request: Heard) -> list[bytes]:
        refused = reply(401, "Error: 401", ("www-authenticate", 'Digest realm="x", nonce="1"'))
        return (
            refused
            if request.path == METERS
            else reply(200 if request.path in pages else 404, pages.get(request.path, ""))
        )

    with Wire(gateway) as wire:
        device = Envoy(account_of("enphase", {"url": wire.url}, timeout_s=10))
        assert_means(
            device.poll("house", memory={}, now_at=AT), {"solar_w": 4324, "solar_kwh_total": 138_475.913}
        )
        device.close()


P1_V2 = {
    "power_w": -543, "power_l1_w": -676, "energy_import_kwh": 13_779.338, "energy_export_t1_kwh": 234.5,
    "energy_export_t2_kwh": 1000, "voltage_l1_v": 231.0, "monthly_power_peak_w": 1111.0,
    "external": [
        {"type": "gas_meter", "value": 2569.646, "unit": "m3"},
        {"type": "heat_meter", "value": 44.4, "unit": "GJ"},
        {"type": "unheard_of", "value": 1, "unit": "m3"},
    ],
}  # fmt: skip
BATTERY = {"energy_import_kwh": 123.5, "energy_export_kwh": 100.25, "power_w": 404, "state_of_charge_pct": 50}


def test_homewizard_version_2_is_spoken_with_a_token() -> None:
    pages = {"/api": {"product_type": "HWE-P1", "api_version": "2.0.0"}, "/api/measurement": P1_V2}
    poll = polled(HomeWizard, pages, token="0123456789ABCDEF")
    assert_means(poll, {"grid_w": -543, "grid_in_kwh_total": 13_779.338, "grid_out_kwh_total": 1234.5})
    found = points_of(poll)
    assert (found["gas_m3_total"], found["heat_gj_total"]) == (2569.646, 44.4)
    assert (found["phase_1_w"], found["phase_1_v"], found["month_peak_w"]) == (-676, 231, 1111)
    assert not [key for key in found if "unheard" in key]


def test_homewizard_a_battery_charges_where_it_takes() -> None:
    pages = {"/api": {"product_type": "HWE-BAT", "api_version": "2.0.0"}, "/api/measurement": BATTERY}
    poll = polled(HomeWizard, pages, token="0123456789ABCDEF", measures="battery", turned=True)
    meant = {
        "battery_w": -404,
        "battery_soc_pct": 50,
        "battery_in_kwh_total": 123.5,
        "battery_out_kwh_total": 100.25,
    }
    assert_means(poll, meant)
    assert HomeWizard.roles({"measures": "grid"}) == ("grid",)


def test_homewizard_a_water_meter_gives_points_alone_and_is_tested_well() -> None:
    pages = {
        "/api": {"product_type": "HWE-WTR"},
        "/api/v1/data": {"active_power_w": None, "active_liter_lpm": 0, "total_liter_m3": 17.014},
    }
    poll = polled(HomeWizard, pages)
    assert points_of(poll) == {"water_m3_total": 17.014, "water_l_min": 0}
    with served(pages) as url:
        device = HomeWizard(account_of("homewizard", {"url": url}, timeout_s=10))
        assert all(step.ok for step in device.check("house", now_at=AT))
        device.close()


GEN1 = {"type": "SHEM-3", "mac": "AABBCCDDEEFF"}


def shelly(status: Mapping[str, Any], gen: int = 2) -> dict[str, Any]:
    if gen == 1:
        return {"/shelly": GEN1, "/status": status}
    return {"/shelly": {"gen": gen, "mac": "AABBCCDDEEFF"}, "/rpc/Shelly.GetStatus": status}


def one(number: int, watts: float, **more: Any) -> dict[str, Any]:
    return {
        f"em1:{number}": {"id": number, "act_power": watts, **more},
        f"em1data:{number}": {"total_act_energy": 1000.0 * (number + 1), "total_act_ret_energy": 5.0},
    }


@pytest.mark.parametrize(
    ("pages", "settings", "meant"),
    [
        pytest.param(
            shelly({"unixtime": AT, "meters": [{"power": 60.5, "is_valid": True, "total": 74_070}]}, 1),
            {"measures": "load"},
            {"load_w": 61, "load_kwh_total": 1.2345},
            id="a plug of the first generation counts watt minutes",
        ),
        pytest.param(
            shelly(one(0, 500) | one(1, -40) | one(2, 3.5)),
            {},
            {"grid_w": 464, "grid_in_kwh_total": 6.0, "grid_out_kwh_total": 0.015},
            id="a Pro 3EM as three single meters",
        ),
        pytest.param(
            shelly(one(0, 500) | one(1, 0, errors=["ct_type_not_set"]), 3),
            {"channel": "1"},
            {"grid_w": 500, "grid_in_kwh_total": 1.0},
            id="an EM Gen3 whose second clamp is not set up",
        ),
        pytest.param(
            shelly(
                {
                    f"switch:{number}": {"apower": number + 1.0, "aenergy": {"total": 10}}
                    for number in range(4)
                },
                4,
            ),
            {"channel": "4", "measures": "load"},
            {"load_w": 4, "load_kwh_total": 0.01},
            id="the fourth socket of a power strip",
        ),
    ],
)
def test_shelly(pages: Mapping[str, Any], settings: Mapping[str, Setting], meant: Meant) -> None:
    assert_means(polled(ShellyMeter, pages, **settings), meant)


@pytest.mark.parametrize(
    "status",
    [
        one(0, 500) | one(1, 0, errors=["ct_type_not_set"]),
        {"em:0": {"total_act_power": 100, "b_errors": ["power_meter_failure"]}},
    ],
)
def test_shelly_a_sum_with_a_broken_part_is_refused(status: Mapping[str, Any]) -> None:
    with pytest.raises(TemporaryFailure, match="the meter says"):
        polled(ShellyMeter, shelly(status))


ENERGIES = ("1-0:1.8.1(00010.000*kWh)", "1-0:1.8.2(00020.000*kWh)", "1-0:2.8.1(00000.000*kWh)")


@pytest.mark.parametrize(
    ("lines", "values", "points"),
    [
        pytest.param(
            (
                *ENERGIES,
                "1-0:1.7.0(0001.01*kW)",
                "1-0:2.7.0(0000.00*kW)",
                "0-1:24.1.0(3)",
                "0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)",
                "(00024.123)",
            ),
            {"grid_w": 1010, "grid_in_kwh_total": 30, "grid_out_kwh_total": 0},
            {"gas_1_m3_total": 24.123},
            id="DSMR 2.2 and 3",
        ),
        pytest.param(
            (
                "0-0:1.0.0(251130125320S)",
                *ENERGIES,
                "1-0:1.7.0(00.000*kW)",
                "1-0:2.7.0(02.500*kW)",
                "0-1:24.1.0(003)",
                "0-1:24.2.3(251130124558S)(00112.384*m3)",
                "0-2:24.1.0(007)",
                "0-2:24.2.1(251130124558S)(00872.234*m3)",
            ),
            {"grid_w": -2500},
            {"gas_1_m3_total": 112.384, "water_2_m3_total": 872.234},
            id="Belgium",
        ),
        pytest.param(
            (
                "0-0:1.0.0(251130115320W)",
                "1-0:1.8.0(00006678.394*kWh)",
                "1-0:2.8.0(00000000.000*kWh)",
                "1-0:1.7.0(0001.727*kW)",
                "1-0:2.7.0(0000.000*kW)",
                "1-0:41.7.0(0000.600*kW)",
                "1-0:42.7.0(0000.000*kW)",
            ),
            {"grid_w": 1727, "grid_in_kwh_total": 6678.394, "grid_out_kwh_total": 0},
            {"phase_2_w": 600},
            id="Sweden and Luxembourg",
        ),
        pytest.param(
            (
                "1-0:1.8.0*255(00012345.6789*kWh)",
                "1-0:2.8.0*255(00000123.4000*kWh)",
                "1-0:16.7.0*255(-00543.21*W)",
            ),
            {"grid_w": -543.21, "grid_in_kwh_total": 12_345.6789, "grid_out_kwh_total": 123.4},
            {},
            id="an optical head, with one power that has a sign",
        ),
        pytest.param(
            (
                "0-0:1.0.0(251130115320W)",
                "1-1:1.8.1(000025.600*kWh)",
                "1-1:1.8.2(000020.655*kWh)",
                "1-1:2.8.1(000465.932*kWh)",
                "1-1:1.7.0(00.000*kW)",
                "1-1:2.7.0(00.006*kW)",
                "1-0:22.7.0(00.073*kW)",
                "1-0:21.7.0(00.000*kW)",
            ),
            {"grid_w": -6, "grid_in_kwh_total": 46.255, "grid_out_kwh_total": 465.932},
            {"phase_1_w": -73},
            id="Switzerland, whose meters tell energies on channel 1",
        ),
    ],
)
def test_p1(lines: tuple[str, ...], values: Meant, points: Meant) -> None:
    sample = sample_of(telegram_of(telegram(*lines, crc=None)))
    assert {name: sample.values[name] for name in values} == pytest.approx(dict(values))
    assert {point.key: point.value for point in sample.points}.items() >= dict(points).items()
