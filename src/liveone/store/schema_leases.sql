-- Who polls what. Bookkeeping, not data: no generation has these tables, detection passes over them, and all of
-- it may be deleted at any time. Times are the database's own clock, in seconds of UTC with their fraction.
CREATE TABLE IF NOT EXISTS _liveone_pollers (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  began_at REAL NOT NULL,
  seen_at REAL NOT NULL,
  beats INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS _liveone_leases (
  system_id INTEGER PRIMARY KEY NOT NULL,
  poller TEXT,
  since_at REAL NOT NULL,
  polled_at REAL NOT NULL,
  polled_by TEXT
);
CREATE TABLE IF NOT EXISTS _liveone_jobs (
  name TEXT PRIMARY KEY NOT NULL,
  holder TEXT NOT NULL,
  until_at REAL NOT NULL
);
