-- By which rules the stored days of a system were computed. Bookkeeping, not data: no generation has this table,
-- detection passes over it, and it may be deleted at any time: the days are then computed anew once more.
CREATE TABLE IF NOT EXISTS _liveone_day_rules (
  system_id INTEGER PRIMARY KEY NOT NULL,
  rules INTEGER NOT NULL
);
