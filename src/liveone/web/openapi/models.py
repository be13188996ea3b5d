"""What OpenAPI says of our answers. Documentation only: answers are built elsewhere, and a test compares."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Watts = Annotated[float | None, Field(description="W; null when the device did not say")]
Kwh = Annotated[float | None, Field(description="kWh; null when unknown")]
Pct = Annotated[float | None, Field(description="%")]
Time = Annotated[str, Field(examples=["2025-08-18T10:00:00+10:00"], description="ISO 8601, system's offset")]
Quality = Literal["measured", "estimated"] | None


class ResponseModel(BaseModel):
    """An answer; more fields may come, none will go."""

    model_config = ConfigDict(extra="allow")


class Failure(ResponseModel):
    """Every error: what happened and, where somebody can do something, what."""

    success: Literal[False] = False
    error: str
    parameter: Annotated[str | None, Field(description="the parameter that is wrong")] = None
    hint: str | None = None


class Done(ResponseModel):
    success: Literal[True]


DONE: dict[int | str, dict[str, Any]] = {200: {"model": Done}}
"""Success of an operation; its failures follow from what it asks (``statuses``)."""


class SignedIn(Done):
    """Who it was: ``role`` is ``admin`` or ``user``."""

    user: dict[Literal["email", "displayName", "role"], str]


class RequestModel(BaseModel):
    """What is asked for; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class Confirmed(RequestModel):
    """``confirm`` is the name of what will be gone, typed by whoever asks."""

    confirm: Annotated[str, Field(max_length=200)]


class Credentials(BaseModel):
    """With a single owner the e-mail may be anything."""

    email: Annotated[str, Field(max_length=320)] = ""
    password: Annotated[str, Field(max_length=1024)]
    code: Annotated[str, Field(max_length=40)] = ""


class ShownPasskey(RequestModel):
    """What the browser answered: PublicKeyCredential as JSON."""

    credential: dict[str, Any]


class DailyOrder(BaseModel):
    """Either an action, or one day of one system."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "catchup"}, {"systemId": "1", "date": "2025-08-17"}]},
    )
    action: str | None = None
    systemId: str | int | None = None  # noqa: N815
    date: str | None = None


class CronResult(ResponseModel):
    system: Annotated[str, Field(description="the vendor's name of the site", examples=["1586"])]
    success: bool
    error: str | None = None


class CronAnswer(Done):
    timestamp: Time
    count: int
    results: list[CronResult]


class Power(ResponseModel):
    """House signs: battery > 0 discharges, grid > 0 imports. Losses are what the others leave unexplained."""

    solarW: Watts  # noqa: N815
    solarInverterW: Watts  # noqa: N815
    shuntW: Watts  # noqa: N815
    loadW: Watts  # noqa: N815
    batteryW: Watts  # noqa: N815
    gridW: Watts  # noqa: N815
    lossesW: Watts  # noqa: N815


class EnergyModel(ResponseModel):
    solarKwh: Kwh  # noqa: N815
    loadKwh: Kwh  # noqa: N815
    batteryInKwh: Kwh  # noqa: N815
    batteryOutKwh: Kwh  # noqa: N815
    gridInKwh: Kwh  # noqa: N815
    gridOutKwh: Kwh  # noqa: N815


class Energies(ResponseModel):
    """``quality`` says of each of today's energies whether all of it is measured."""

    today: EnergyModel
    total: EnergyModel
    quality: dict[str, Quality]


class Device(ResponseModel):
    faultCode: int | None  # noqa: N815
    faultTimestamp: Time | None  # noqa: N815
    generatorStatus: int | None  # noqa: N815


class Latest(ResponseModel):
    """The newest reading: `timestamp` by the device's clock, `receivedTime` by ours."""

    timestamp: Time
    receivedTime: Time  # noqa: N815
    power: Power
    soc: dict[Literal["battery"], Pct]
    energy: Energies
    system: Device


class DataQuality(ResponseModel):
    intervalCount: int  # noqa: N815
    coverage: Annotated[str, Field(examples=["98%"])]


class Yesterday(ResponseModel):
    date: Annotated[str, Field(examples=["2025-08-17"])]
    energy: dict[str, Kwh]
    quality: dict[str, Quality]
    power: dict[Literal["solar", "load", "battery", "grid"], dict[Literal["minW", "avgW", "maxW"], Watts]]
    soc: dict[Literal["minBattery", "avgBattery", "maxBattery", "endBattery"], Pct]
    dataQuality: DataQuality  # noqa: N815


class SinceFirst(ResponseModel):
    """What the counters gained in the ``hours`` since the first reading; null where one stands lower."""

    since: str
    hours: float
    energy: dict[str, Kwh]


class Historical(ResponseModel):
    yesterday: Yesterday | None
    sinceFirst: SinceFirst | None  # noqa: N815


class Battery(ResponseModel):
    """Where the battery is heading at its mean power of a quarter of an hour; empty means its reserve."""

    state: Literal["charging", "discharging", "idle", "unknown"]
    meanW: Watts  # noqa: N815
    towards: Literal["full", "empty"] | None
    hours: float | None
    capacityKwh: Kwh  # noqa: N815
    reservePct: Pct  # noqa: N815
    reserveFrom: Annotated[Literal["settings", "learned"] | None, Field(description="null: none known")]  # noqa: N815


class SystemTimeZone(ResponseModel):
    """`transitions`: from which epoch second on which offset holds; only where there is a name."""

    offsetMin: Annotated[int, Field(description="minutes east of UTC in standard time")]  # noqa: N815
    name: Annotated[str | None, Field(examples=["Australia/Melbourne"])]
    transitions: list[tuple[int, int]] = []


class SystemInfoModel(ResponseModel):
    model: str | None
    serial: str | None
    ratings: str | None
    solarSize: str | None  # noqa: N815
    batterySize: str | None  # noqa: N815


class PollingModel(ResponseModel):
    lastPollTime: Time | None  # noqa: N815
    lastSuccessTime: Time | None  # noqa: N815
    lastErrorTime: Time | None  # noqa: N815
    lastError: str | None  # noqa: N815
    consecutiveErrors: int  # noqa: N815
    totalPolls: int  # noqa: N815
    successfulPolls: int  # noqa: N815
    isActive: bool  # noqa: N815


class Freshness(ResponseModel):
    """Of the newest reading, by when it was received; from `lateS` on it is late, after `silentS` silent."""

    state: Literal["fresh", "late", "silent"]
    ageS: int  # noqa: N815
    cadenceS: float  # noqa: N815
    lateS: float  # noqa: N815
    silentS: float  # noqa: N815
    frozenCounters: list[str]  # noqa: N815
    frozenValues: bool  # noqa: N815


class SourceStanding(ResponseModel):
    """A device that the system is made of; `missing` says why it is not in the newest reading."""

    name: str
    vendorType: str  # noqa: N815
    roles: list[str]
    missing: str | None


class DataAnswer(Done):
    latest: Latest
    historical: Historical
    inverterTime: Time  # noqa: N815
    receivedTime: Time  # noqa: N815
    systemId: int  # noqa: N815
    vendorType: str  # noqa: N815
    vendorSiteId: str  # noqa: N815
    displayName: str  # noqa: N815
    timeZone: SystemTimeZone  # noqa: N815
    systemInfo: SystemInfoModel  # noqa: N815
    polling: PollingModel
    battery: Battery
    freshness: Freshness
    sources: Annotated[list[SourceStanding], Field(description="empty where one account polls it")]
    derived: Annotated[list[str], Field(description="powers of `latest` that follow from others")]


class Stretch(ResponseModel):
    """``data[i]`` belongs to the interval that ends ``i`` intervals after ``start``."""

    start: str
    last: str
    interval: Annotated[str, Field(examples=["5m"])]
    data: list[float | None]
    estimated: Annotated[list[int], Field(description="indexes of estimated energies")] = []


class SeriesModel(ResponseModel):
    id: Annotated[str, Field(examples=["liveone.select.live.1586.solar.power"])]
    type: Literal["power", "energy", "soc", "percentage", "counter"]
    units: Literal["W", "kWh", "%"]
    history: Stretch
    network: str
    source: str
    description: str


class HistoryAnswer(ResponseModel):
    """OpenNEM v4.1."""

    type: Literal["energy"]
    version: str
    network: str
    created_at: Time
    requestStart: Annotated[str, Field(description="the range that was meant; days by their date")]  # noqa: N815
    requestEnd: str  # noqa: N815
    data: list[SeriesModel]


class SystemRow(ResponseModel):
    id: int
    displayName: str  # noqa: N815
    vendorType: str  # noqa: N815
    vendorSiteId: str  # noqa: N815
    timeZone: SystemTimeZone  # noqa: N815
    isActive: bool  # noqa: N815


class SystemsAnswer(Done):
    systems: list[SystemRow]


class Liveness(ResponseModel):
    status: Literal["ok"]
    release: Annotated[str, Field(examples=["0.1.0+359d6d9"])]


class Readiness(ResponseModel):
    status: Literal["ok", "unavailable"]
    error: Annotated[str | None, Field(description="why it is unavailable")] = None


class Health(ResponseModel):
    status: Literal["ok", "degraded", "unavailable"]
    reasons: Annotated[list[str], Field(description="why it is degraded")] = []
    database: Annotated[str, Field(examples=["sqlite"])]
    generation: Annotated[int, Field(examples=[2])]
    release: Annotated[str, Field(examples=["0.1.0+359d6d9"])]
    role: Annotated[Literal["web", "poller", "all"], Field(description="what this process does")]
    polls: Annotated[list[int], Field(description="the ids of the systems that this process polls")]
    db_schema: Annotated[dict[str, Any] | None, Field(alias="schema")]
    error: Annotated[str | None, Field(description="why it is unavailable")] = None
