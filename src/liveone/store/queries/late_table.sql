-- The log of readings that came in behind newer ones of their system: those taken in (from_at, to_at]. Bookkeeping:
-- no generation has it, and detection passes over it. What is sent on goes by it, for as long as its rows stay.
CREATE TABLE IF NOT EXISTS _liveone_late (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL
)
