"""The parsers of what others write: what each takes, sound samples of it, and the errors that it declares."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import hrana.address
import hrana.tokens
from changeover.errors import ChangeoverError
from changeover.plan import assertions, attributes, blocks, expect, frontmatter
from changeover.plan.read import read_text
from changeover.problems import Position
from changeover.run import journal
from changeover.runbook.convert import adopt, read_runbook
from changeover.shell.script import Unterminated, read_script
from changeover.sql.text import split as split_sql
from changeover.sql.tree import effect_of
from changeover.words import parse_duration
from hrana.errors import BadValue, HranaError, refused_request
from hrana.reads import Reads, _rows
from hrana.wire import WireStatement
from liveone.accounts import totp, users
from liveone.accounts.external import tokens
from liveone.accounts.external.failures import SignInFailed
from liveone.collect.queue import lines as spool_lines
from liveone.domain.sources import HouseSource
from liveone.domain.zone_names import read_zone
from liveone.domain.zones import Zone
from liveone.errors import BadInput, ConfigError
from liveone.settings import config
from liveone.transfer.numbers import Numbers, apart, decimal_of
from liveone.transfer.options import read_maps
from liveone.transfer.readings_in import ReadingsFile
from liveone.transfer.times import TimeReader
from liveone.vendors.base import VendorError
from liveone.vendors.discovery.mdns import services_in
from liveone.vendors.enphase.parse import firmware_of, told
from liveone.vendors.goodwe.frames import registers as goodwe_registers
from liveone.vendors.goodwe.frames import running_data_of_es
from liveone.vendors.homeassistant.device import HomeAssistant
from liveone.vendors.homeassistant.entities import listed, terms_of
from liveone.vendors.homeassistant.statistics import history_of
from liveone.vendors.httpjson.device import HttpJson
from liveone.vendors.modbus.frames import crc_modbus, rtu_answer
from liveone.vendors.mqtt.device import MqttSource
from liveone.vendors.mqtt.places import decoded, place_of
from liveone.vendors.p1.device import DsmrP1
from liveone.vendors.registers.device import RegisterInverter
from liveone.vendors.registers.maps import register_map
from liveone.vendors.selectlive.pages import system_info
from liveone.vendors.selectlive.parse import parse_poll
from liveone.vendors.sunspec.device import SunSpecDevice
from liveone.web.answers import ApiError
from liveone.web.auth import sessions
from liveone.web.history import ranges
from liveone.web.history.rules import ORIGINAL, V2
from liveone.web.push.line_protocol import samples_of_lines
from liveone.web.push.values import SentTerms, samples_of
from timed_http.deadline import Deadline

ROOT = Path(__file__).parents[1]
NOW_AT = 1_764_500_000
KEY = b"k" * 32
TERMS = SentTerms(HouseSource(1, 1, "roof", "push", "", ("solar", "battery"), {}), NOW_AT)
PLANS = ROOT / "tests" / "changeover" / "plans"
MAPS = ROOT / "src" / "liveone" / "vendors" / "registers" / "devices"
HERE = Position("PLAN.md", 1)
SOON = Deadline(86_400)
SELECT = WireStatement("SELECT 1")
POLLED = json.dumps(
    {"items": {"timestamp": NOW_AT - 3, "load_w": 549, "battery_soc": 61.5, "solar_wh_total": 5018}}
)
TELEGRAM = "/ISk5\\2MT382-1000\r\n\r\n0-0:1.0.0(251130115320W)\r\n1-0:1.8.1(012345.678*kWh)\r\n!\r\n"


@dataclass(frozen=True)
class Parser:
    """``read`` takes anything of the samples' kind, and raises nothing but what is ``declared``."""

    name: str
    read: Callable[[Any], object]
    samples: Sequence[Any]
    declared: tuple[type[Exception], ...] = ()


@dataclass(frozen=True)
class SameAnswer:
    """A libSQL server of which the answer is known."""

    found: Any
    label: str = "db"

    def pipeline(self, *_: object) -> Any:
        return self.found


def told_by_server(found: Any) -> None:
    """The rows of one statement and of two, whatever the server answers."""
    for count in (1, 2):
        with suppress(HranaError, BadValue):
            Reads().read(SameAnswer({"result": found}), [SELECT] * count, None, SOON)  # type: ignore[arg-type]


def read_by_cursor(entries: Any) -> None:
    list(_rows(iter(entries if isinstance(entries, list) else [entries]), {}, "db"))


def every(*reads: Callable[[Any], object]) -> Callable[[Any], None]:
    """Several that are given the same."""

    def read(given: Any) -> None:
        for each in reads:
            each(given)

    return read


def in_file(suffix: str, read: Callable[[Path], object]) -> Callable[[str | bytes], object]:
    """A parser of files, given the content; the file is nobody else's."""

    def reading(content: str | bytes) -> object:
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with NamedTemporaryFile(suffix=suffix, dir=folder) as file:
            file.write(data)
            file.flush()
            return read(Path(file.name))

    return reading


def imported(path: Path) -> None:
    for _ in ReadingsFile(path).rows():
        pass


def polled(text: str) -> object:
    return parse_poll(text, memory={}, grid_sign="auto", now_at=NOW_AT)


def windows(text: str) -> None:
    """The parts of a text as ``last``, start and end, interval and points, by both APIs' rules."""
    first, _, second = text.partition("|")
    zone = Zone(600, "Australia/Melbourne")
    for rules in (ORIGINAL, V2):
        for asked in (
            ranges.TimeParameters("5m", last=first, rules=rules),
            ranges.TimeParameters("1d", last=first, rules=rules),
            ranges.TimeParameters("auto", start=first, end=second, points="7", rules=rules),
            ranges.TimeParameters("1d", start=first, end=second, rules=rules),
            ranges.TimeParameters(first, last="1d", points=second, rules=rules),
        ):
            with suppress(ApiError):
                ranges.window(asked, zone, NOW_AT)


def cookies(text: str) -> None:
    sessions.claimed(text)
    sessions.proven(KEY, text, "secret", now_at=NOW_AT)
    sessions.device_of(KEY, text, "me")
    sessions.is_share(KEY, text, "")
    sessions.unseal(KEY, "purpose", text)


def as_header(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """A parser of what stood in a header: any bytes, as text of latin-1."""
    return lambda data: read(data.decode("latin-1"))


def heard(data: bytes) -> None:
    raw = {"topics": {"t": {"payload": decoded(data), "age_s": 1}}}
    MqttSource.read(raw, {"solar_w": "t $.a", "grid_w": "t", "battery_soc_pct": "t $..b[0:2]"}, now_at=NOW_AT)


def of_user_file(path: Path) -> object:
    path.chmod(0o600)
    return users.load(path)


def json_text(read: Callable[[Any], object]) -> Callable[[str], object]:
    """As a route does it: what is no JSON never comes so far."""

    def reading(text: str) -> object:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return read(found)

    return reading


SESSION = sessions.cookie_of(KEY, sessions.begin("me", NOW_AT, is_kept=True), "secret")
LINES = "# roof\nhouse,site=a\\ b solar_w=3120,battery_w=-5i,battery_soc_pct=61.5 1764490000000000000\n"
CSV = "inverter_time,load_w,solar_kwh_total\n2025-08-16T12:17:53+10:00,549,5018.1\n1755310733,,\n"
GERMAN = "time;solar_kwh_total;load_w\n16.08.2025 12:15;1.234,5;0,25\n16.08.2025 12:20;1.235,0;\n"
LONG = (
    "entity_id,state,last_changed\nsensor.solar_w,3120,2025-08-16T02:17:53.000Z\n"
    "sensor.load_w,5,2025-08-16T02:18:53Z\n"
)
PLAN = (PLANS / "good.md").read_text()
SHELL = (
    'set -e\nfor f in *.db; do cp "$f" /backup/$(date +%F).db; done\n'
    "ssh h <<'E' | tee log\nsqlite3 a.db 'VACUUM'\nE\n"
)
SQL = (
    "CREATE TABLE t (a INT CHECK (a > '(')); -- x\n"
    'INSERT INTO t SELECT "a" FROM u WHERE b IN (1, 2);\nUPDATE t SET a = 1;'
)
USERS = (
    '[[user]]\nid = "a"\nemail = "a@b"\npassword_hash = "x"\nis_admin = true\n'
    'token_hashes = ["abc 2025-01-01 phone"]\n'
)
SETTINGS = (
    '[server]\nport = 8080\nhost = "::"\n[[vendor]]\nname = "home"\ntype = "select.live"\nemail = "a@b"\n'
    'grid_sign = {"1" = "auto"}\n[collect]\ncadence_s = 60\n'
)
RUNBOOK = (
    "# Move\n\n- [ ] stop the app\n\n```bash\nsystemctl stop app\n```\n\n"
    "1. `sqlite3 app.db < m.sql`\n   curl -s http://h/x | jq .ok\n"
)
CELLS = [
    {"type": "integer", "value": "1"},
    {"type": "blob", "base64": "AAE"},
    {"type": "float", "value": 1.5},
]
RESULT = {"cols": [{"name": "a"}], "rows": [CELLS], "affected_row_count": 1}
INVERTER = {"number": 103, "words": [10, 3, 3, 4, 65535, *range(45)]}
STRINGS = {"number": 160, "words": [0xFFFE, 0xFFFE, 0, 0, 0, 0, 2, 0, *range(40)]}
METER = {"number": 203, "words": list(range(105))}
PAGE = "<b>SP PRO Model:</b><td>SPMC482</td><!-- x --><script>a</script>&#64;"
PDU = b"\xf7\x03\x04\0\x01\0\x02"
GOODWE = goodwe_registers("now", 0xF7, 35100, 2)
ES = running_data_of_es()

TEXTS = (
    Parser("line protocol", partial(samples_of_lines, terms=TERMS), (LINES,), (BadInput,)),
    Parser(
        "readings as JSON",
        json_text(partial(samples_of, terms=TERMS)),
        (
            '{"at": "2025-11-30T10:00:00Z", "solar_w": 3120, "points": {"car_w": 7200}}',
            '[{"time": 1764490000, "battery_w": -5}]',
        ),
        (BadInput,),
    ),
    Parser("answer of the portal", polled, (POLLED,), (VendorError,)),
    Parser("page of the portal", system_info, (PAGE,)),
    Parser(
        "P1 telegram",
        lambda text: DsmrP1.read({"telegram": text}, {}, now_at=NOW_AT),
        (TELEGRAM,),
        (VendorError,),
    ),
    Parser(
        "Envoy's info", every(told, firmware_of), ("<sn>1</sn><software>D7.3.130</software>",), (ValueError,)
    ),
    Parser(
        "place of MQTT",
        partial(place_of.__wrapped__, "solar_w"),
        ("home/+/pv $.a[0].kw * -1.5 + t", "a $..b[?@.x > 1]"),
        (ConfigError,),
    ),
    Parser(
        "terms of entities",
        partial(terms_of, "solar_w"),
        ("sensor.pv + sensor.b - sensor.c", "-sensor.grid"),
        (ConfigError,),
    ),
    Parser("list of entities", partial(listed, "further"), ("sensor.a, sensor.b",), (ConfigError,)),
    Parser(
        "register map",
        partial(register_map, "x.toml"),
        tuple(path.read_text() for path in sorted(MAPS.glob("*.toml"))[:3]),
        (ConfigError,),
    ),
    Parser(
        "column map",
        lambda text: read_maps((text,)),
        ("1=timestamp,2=-solar_w", "Erzeugung=solar_w"),
        (BadInput,),
    ),
    Parser(
        "time of a file",
        lambda text: TimeReader(Zone(600, "Australia/Melbourne")).read(text),
        (
            "2025-08-16T12:17:53+10:00",
            "16.08.2025 12:15",
            "8/16/25 1:15 PM",
            "1755310733.5",
            "45885,5",
            "1.755e9",
        ),
        (ValueError, OverflowError),
    ),
    Parser(
        "number of a file",
        lambda text: Numbers(",").read(apart(text)[0]),
        ("1.234,5 kWh", "-0,25", "1e5"),
        (ValueError,),
    ),
    Parser("numbers of a file", lambda text: decimal_of(text.split("|"), ";"), ("1.234,5|0,25|7",)),
    Parser("CSV", in_file(".csv", imported), (CSV, GERMAN, LONG), (BadInput,)),
    Parser(
        "JSON of an import",
        in_file(".json", imported),
        ('[\n{"inverter_time": 1755310733, "load_w": 549},\n{"inverter_time": "x", "load_w": 1}\n]\n',),
        (BadInput,),
    ),
    Parser("time zone", partial(read_zone, now_at=NOW_AT), ("Australia/Melbourne", "+10:30"), (BadInput,)),
    Parser(
        "range of a history",
        windows,
        ("7d|", "2025-08-16|2025-08-17", "2025-08-16T00:00:00+10:00|2025-08-17T00:00Z", "5m|100", "12mo|"),
    ),
    Parser(
        "code of an app",
        lambda text: totp.matching_step("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", text, NOW_AT),
        ("123456", "123 456"),
    ),
    Parser("secret of an app", totp.is_secret, ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",)),
    Parser(
        "settings",
        in_file(".toml", lambda path: config.load(path, {})),
        (SETTINGS,),
        (ConfigError,),
    ),
    Parser(
        "users.toml",
        in_file(".toml", of_user_file),
        (USERS,),
        (ConfigError,),
    ),
    Parser("plan", lambda text: read_text(text, PLANS / "good.md"), (PLAN,)),
    Parser(
        "front matter", frontmatter.parse_front_matter, (PLAN.split("---")[1],), (frontmatter.Unreadable,)
    ),
    Parser(
        "attributes",
        attributes.split_attributes,
        ("sql {#a scope=\"a b\" rows=t=+3 when='x'}",),
        (ValueError,),
    ),
    Parser("rows", blocks.read_rows, ("t=+3 a_b=* u=other",), (ValueError,)),
    Parser(
        "assertions",
        assertions.read_assertions,
        ('json .a[0]."b c" == "x" .d exists .e ~ ^a+$ .f >= -1.5',),
        (ValueError,),
    ),
    Parser(
        "requests",
        assertions.read_requests,
        ('POST ${APP}/x\nContent-Type: a\n\n{"a": 1}\n\n200 .ok == true\n###\nGET h\n',),
        (ValueError,),
    ),
    Parser("expectation", every(lambda text: expect.read_short(text, HERE)), (">= 3", "some"), (ValueError,)),
    Parser("duration", parse_duration, ("1h 30m", "250ms"), (ValueError,)),
    Parser("shell", read_script, (SHELL,), (Unterminated,)),
    Parser("SQL", lambda text: [effect_of(each.text) for each in split_sql(text, HERE)], (SQL,)),
    Parser("runbook", adopt, (RUNBOOK,)),
    Parser(
        "address of a server",
        hrana.address.parse,
        ("libsql://db.turso.io", "http://127.0.0.1:8080?namespace=a&plain=h"),
        (HranaError,),
    ),
)
OCTETS = (
    Parser("payload of MQTT", heard, (b'{"a": 3.5, "b": [1, 2]}', b"17.5"), (VendorError,)),
    Parser(
        "mDNS",
        partial(services_in, sender="192.0.2.1"),
        (
            b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x07_shelly\x04_tcp\x05local\0\0\x0c\0\x01\0\0\0\x0a\0\x04\x01a\xc0\x0c",
            b"\0\0\x84\0\0\0\0\x01\0\0\0\0\0\0\x01\0\x01\0\0\0\x0a\0\x04\xc0\0",
        ),
    ),
    Parser(
        "GoodWe", GOODWE.read, (b"\xaa\x55" + PDU + crc_modbus(PDU).to_bytes(2, "little"),), (VendorError,)
    ),
    Parser("GoodWe ES", ES.read, (bytes.fromhex("aa557fc00186") + b"\x02\x01\x02\x02\xca",), (VendorError,)),
    Parser(
        "Modbus RTU",
        lambda data: rtu_answer(data, 1, "x"),
        (b"\x01\x03\x02\x00\x07\xf9\x86",),
        (VendorError,),
    ),
    Parser("cookie", as_header(cookies), (SESSION.encode(),)),
    Parser(
        "token of an issuer",
        as_header(tokens.key_id_of),
        (b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJ4In0.c2ln",),
        (SignInFailed,),
    ),
    Parser(
        "token of a server",
        as_header(hrana.tokens.is_read_only),
        (b"eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2ln",),
    ),
    Parser(
        "refusal of a server",
        lambda body: str(refused_request(400, body, "db")),
        (b'{"code": "SQLITE_BUSY", "message": "x"}',),
    ),
    Parser(
        "line of the spool",
        spool_lines.decode,
        (
            b'{"system_id": 1, "polled_at": 1.5, "reading": {"inverter_time": 1, "received_time": 2}, '
            b'"memory": {}, "points": []}',
        ),
    ),
    Parser(
        "journal",
        in_file(".jsonl", journal.read),
        (b'{"kind": "begun", "at": 1.0, "clock_s": 1.0, "id": "", "data": {}}\n' * 2,),
        (ChangeoverError,),
    ),
    Parser(
        "runbook's file",
        read_runbook,
        (RUNBOOK.encode(), "Änderung".encode("cp1252"), "x".encode("utf-16")),
        (ChangeoverError,),
    ),
)
DOCUMENTS = (
    Parser(
        "answer of a server",
        told_by_server,
        (
            RESULT,
            {
                "step_results": [None, RESULT, RESULT, None],
                "step_errors": [None, None, {"message": "x", "code": "y"}, None],
            },
        ),
    ),
    Parser(
        "cursor of a server",
        read_by_cursor,
        (
            [
                {"type": "step_begin", "step": 1},
                {"type": "row", "row": [{"type": "text", "value": "[[1]]"}]},
                {"type": "step_end"},
                {"type": "replication_index", "replication_index": "7"},
            ],
        ),
        (HranaError, BadValue),
    ),
    Parser(
        "SunSpec",
        lambda raw: SunSpecDevice.read(raw, {}, now_at=NOW_AT),
        ({"models": [INVERTER, STRINGS], "meter": [METER]},),
        (VendorError,),
    ),
    Parser(
        "registers",
        lambda raw: RegisterInverter.read(raw, {"map": "sungrow-sh"}, now_at=NOW_AT),
        ({"words": {"4:13007": [1, 2], "4:13019": [3, 4, 5, 6]}},),
        (VendorError,),
    ),
    Parser(
        "JSON over HTTP",
        lambda raw: HttpJson.read(raw, {"solar_w": "$.a.b", "grid_w": "$..c[0]", "at": "$.t"}, now_at=NOW_AT),
        ({"answer": {"a": {"b": 5}, "c": [1], "t": NOW_AT}},),
        (VendorError,),
    ),
    Parser(
        "entities",
        lambda raw: HomeAssistant.read(raw, {"solar_w": "sensor.pv", "further": "sensor.t"}, now_at=NOW_AT),
        (
            {
                "states": {
                    "sensor.pv": {"state": "5.5", "unit": "kW", "friendly_name": "PV"},
                    "sensor.t": {"state": "20", "unit": "°C", "friendly_name": None},
                },
                "near": {},
            },
        ),
        (VendorError,),
    ),
    Parser(
        "statistics",
        lambda sent: list(
            history_of(
                sent if isinstance(sent, dict) else {},
                {"solar_w": terms_of("solar_w", "sensor.pv")},
                period="hour",
            )
        ),
        ({"sensor.pv": [{"start": 1000, "end": 2000, "mean": 5, "sum": 1, "state": 3}]},),
        (VendorError,),
    ),
)
PARSERS = (*TEXTS, *OCTETS, *DOCUMENTS)
