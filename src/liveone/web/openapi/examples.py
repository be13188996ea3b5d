"""Examples for OpenAPI, as this server would write them; a test checks that their fields are ours."""

ENERGY = {
    "solarKwh": 12.4,
    "loadKwh": 9.12,
    "batteryInKwh": 6.3,
    "batteryOutKwh": 3.55,
    "gridInKwh": 0,
    "gridOutKwh": 0,
}
TOTAL = {
    "solarKwh": 25567.123,
    "loadKwh": 21004.25,
    "batteryInKwh": 9120.371,
    "batteryOutKwh": 8455.04,
    "gridInKwh": 916.741,
    "gridOutKwh": 0,
}
GAINED = {
    "solarKwh": 5480,
    "loadKwh": 4396,
    "batteryInKwh": 2610,
    "batteryOutKwh": 2302,
    "gridInKwh": 88.1,
    "gridOutKwh": 0,
}
MEASURED = dict.fromkeys(ENERGY, "measured")
DAY_ENERGY = {
    "solarKwh": 31.2,
    "loadKwh": 24.07,
    "batteryChargeKwh": 14.8,
    "batteryDischargeKwh": 11.9,
    "gridImportKwh": 0,
    "gridExportKwh": 0,
}
DATA = {
    "success": True,
    "latest": {
        "timestamp": "2025-08-18T10:00:00+10:00",
        "receivedTime": "2025-08-18T10:00:03+10:00",
        "power": {
            "solarW": 3120,
            "solarInverterW": 2205,
            "shuntW": 915,
            "loadW": 741,
            "batteryW": -2301,
            "gridW": 0,
            "lossesW": 78,
        },
        "soc": {"battery": 61.4},
        "energy": {"today": ENERGY, "total": TOTAL, "quality": MEASURED},
        "system": {"faultCode": 0, "faultTimestamp": None, "generatorStatus": 0},
    },
    "historical": {
        "yesterday": {
            "date": "2025-08-17",
            "energy": DAY_ENERGY,
            "quality": dict.fromkeys(DAY_ENERGY, "measured"),
            "power": {
                "solar": {"minW": 4, "avgW": 1300, "maxW": 6420},
                "load": {"minW": 210, "avgW": 1003, "maxW": 5120},
                "battery": {"minW": -4980, "avgW": -121, "maxW": 4100},
                "grid": {"minW": 0, "avgW": 0, "maxW": 0},
            },
            "soc": {"minBattery": 38.2, "avgBattery": 66.1, "maxBattery": 97.5, "endBattery": 58.8},
            "dataQuality": {"intervalCount": 284, "coverage": "98%"},
        },
        "sinceFirst": {"since": "2025-02-11T15:05:00+10:00", "hours": 4507, "energy": GAINED},
    },
    "inverterTime": "2025-08-18T10:00:00+10:00",
    "receivedTime": "2025-08-18T10:00:03+10:00",
    "systemId": 1,
    "vendorType": "select.live",
    "vendorSiteId": "1586",
    "displayName": "Home",
    "timeZone": {"offsetMin": 600, "name": None},
    "systemInfo": {
        "model": "SPMC482",
        "serial": "241253",
        "ratings": "7.5kW, 48V",
        "solarSize": "9 kW",
        "batterySize": "63.6 kWh",
    },
    "polling": {
        "lastPollTime": "2025-08-18T10:00:02+10:00",
        "lastSuccessTime": "2025-08-18T10:00:02+10:00",
        "lastErrorTime": None,
        "lastError": None,
        "consecutiveErrors": 0,
        "totalPolls": 51840,
        "successfulPolls": 51312,
        "isActive": True,
    },
    "battery": {
        "state": "charging",
        "meanW": -2254,
        "towards": "full",
        "hours": 10.89,
        "capacityKwh": 63.6,
        "reservePct": 20,
        "reserveFrom": "learned",
    },
    "freshness": {
        "state": "fresh",
        "ageS": 12,
        "cadenceS": 60,
        "lateS": 180,
        "silentS": 900,
        "frozenCounters": [],
        "frozenValues": False,
    },
    "sources": [],
    "derived": [],
}
HISTORY = {
    "type": "energy",
    "version": "v4.1",
    "network": "liveone",
    "created_at": "2025-08-18T10:02:11+10:00",
    "requestStart": "2025-08-18T09:45:00+10:00",
    "requestEnd": "2025-08-18T10:00:00+10:00",
    "data": [
        {
            "id": "liveone.select.live.1586.solar.power",
            "type": "power",
            "units": "W",
            "history": {
                "start": "2025-08-18T09:50:00+10:00",
                "last": "2025-08-18T10:00:00+10:00",
                "interval": "5m",
                "data": [723, 451, None],
            },
            "network": "liveone",
            "source": "selectronic",
            "description": "Solar power, AC- and DC-coupled together",
        }
    ],
}
