// Shapes that several modules share. For the type checker only; browsers never see this file.

export type Maybe = number | null;

/** Powers in W, house signs: battery > 0 discharges, grid > 0 imports; losses are what the four leave unexplained. */
export interface Power { solarW: Maybe; solarInverterW: Maybe; shuntW: Maybe; loadW: Maybe; batteryW: Maybe; gridW: Maybe; lossesW: Maybe }

export interface Reading {
  timestamp: string; receivedTime: string; power: Power; soc: { battery: Maybe };
  energy: { total: Record<string, Maybe>; today?: Record<string, Maybe>; quality?: Record<string, string | null> };
  system: { faultCode: Maybe; faultTimestamp: string | null; generatorStatus: Maybe };
}

export interface Polling {
  lastPollTime: string | null; lastSuccessTime: string | null; lastErrorTime: string | null; lastError: string | null;
  consecutiveErrors: number; totalPolls: number; successfulPolls: number; isActive: boolean;
}

/** Where the battery is heading at its mean power of the last quarter of an hour; empty means its reserve. */
export interface Battery {
  state: string; meanW: Maybe; towards: "full" | "empty" | null; hours: Maybe; capacityKwh: Maybe; reservePct: Maybe; reserveFrom: string | null;
}

/** Of the newest reading, in s since it was received: from `lateS` on it is late, after `silentS` silent. */
export interface Freshness { state: string; ageS: number; cadenceS: number; lateS: number; silentS: number; frozenCounters: string[]; frozenValues: boolean }

/** What the counters gained since the first reading, kWh. */
export interface SinceFirst { since: string; hours: number; energy: Record<string, Maybe> }

/** A day that is over: energies kWh, powers W, state of charge %. */
export interface Yesterday {
  date: string; energy: Record<string, Maybe>; quality: Record<string, string | null>; dataQuality: { intervalCount: number; coverage: string };
  power: Record<string, { minW: Maybe; avgW: Maybe; maxW: Maybe }>; soc: { minBattery: Maybe; avgBattery: Maybe; maxBattery: Maybe; endBattery: Maybe };
}

/** The answer of /api/data; tests hold its example, and thereby what OpenAPI describes, against this. Errors have `error` and `status`. */
export interface Data {
  success: boolean; inverterTime: string; receivedTime: string;
  latest: Reading;
  historical: { yesterday: Yesterday | null; sinceFirst: SinceFirst | null };
  displayName: string; vendorType: string; vendorSiteId: string; systemId: number;
  timeZone: TimeZone;
  systemInfo: { model: string | null; serial: string | null; ratings: string | null; solarSize: string | null; batterySize: string | null };
  polling: Polling;
  battery?: Battery | null;
  freshness: Freshness;
  sources?: SourceStanding[]; derived?: string[];
  error?: string; status?: number;
}

/** A device that a system is made of; `missing` says why its last answer does not count. */
export interface SourceStanding { name: string; vendorType: string; roles: string[]; missing: string | null }

export interface SystemRow { id: number; displayName: string; isActive: boolean; vendorType: string; vendorSiteId: string; timeZone: TimeZone }
/** What the overview knows of a system: an answer of /api/overview. Without `latest` there is `error`. */
export type Card = Omit<Data, "success" | "inverterTime" | "receivedTime" | "latest" | "historical"> & { latest?: Reading };

export interface Snapshot {
  messages: Record<string, string>; languages: string[]; systems: SystemRow[]; signedIn: boolean; signedInAs: string | null; isAdmin: boolean;
  release: string; cadenceS: number; now: number; data: Data; extent: { first: string | null; last: string | null };
  cards: Record<string, Card>; accounts: boolean; owner: boolean; passkeys: boolean; next: string; said?: Record<string, string>;
  isShared: boolean; isPerson: boolean; link: string;
}

/** As the API says it: minutes east of UTC in standard time, an IANA name or none, and from which epoch second on which offset holds. */
export interface TimeZone { offsetMin: number; name: string | null; transitions?: [number, number][] }

/** Local time of a system. Instants are epoch milliseconds, days are YYYY-MM-DD. */
export interface Zone {
  offsetMs(at: number): number;
  date(at: number): string;
  minute(at: number): number;
  start(day: string): number;
  at(day: string, minutes: number): number;
  label(at: number): string;
  offset(at: number): string;
  /** Whether clocks show this time twice. */
  twice(at: number): boolean;
}

/** Values of intervals (from[i], to[i]]; powers W, soc %, energies kWh; null is a gap. */
export interface Track { from: number[]; to: number[]; values: Record<string, Maybe[]>; estimated: Record<string, Set<number>> }

export interface Span { startAt: number; endAt: number; first: string; next: string }

export interface State {
  view: string; day: string; from: number | null; to: number | null; compare: boolean; mode: string; only: string; unit: string; heat: string;
}

export interface Scale { (value: number): number; invert(pixel: number): number; low: number; high: number; ticks: number[] }

/** What all charts share, in px: `left` is where their times begin; `unit` is how much larger everything is than at letters of 16 px. */
export interface Size { width: number; unit: number; left: number; textWidth(text: string): number }

/** Of one chart, in px. */
export interface Frame extends Size { height: number; right: number; top: number; bottom: number }

/** A chart before the left edge of all is known: what stands beside its value marks, and how it is drawn. */
export interface Chart { labels: string[]; draw(box: HTMLElement, size: Size): void }
