-- What accounts are asked for besides a password. A rollback gave the table another name and took nothing out of it: where
-- it is, it takes its name back with all its rows; else it is made, empty.
CREATE TABLE IF NOT EXISTS changeover_second_steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  handle TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  secret_sealed TEXT,
  public_key TEXT NOT NULL DEFAULT '',
  used INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  seen_at INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS second_steps_handle_unique ON changeover_second_steps (handle);
ALTER TABLE changeover_second_steps RENAME TO second_steps;
