-- Back to users.toml. Accounts, credentials and the log are set aside, and come back when the plan runs again.
CREATE TABLE changeover_accounts (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  is_admin INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  disabled_at INTEGER
);
INSERT INTO changeover_accounts (id, account, email, name, language, password_hash, is_admin, made_at, disabled_at)
SELECT id, account, email, name, language, password_hash, is_admin, made_at, disabled_at
FROM accounts;
DROP TABLE accounts;

CREATE TABLE changeover_credentials (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  hash TEXT NOT NULL,
  account TEXT NOT NULL,
  system_id INTEGER,
  scope TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  made_at INTEGER NOT NULL,
  until_at INTEGER,
  seen_at INTEGER
);
INSERT INTO changeover_credentials (id, kind, hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at)
SELECT id, kind, hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at
FROM credentials;
DROP TABLE credentials;

CREATE TABLE changeover_audit_entries (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT ''
);
INSERT INTO changeover_audit_entries (id, at, who, what, about, address)
SELECT id, at, who, what, about, address
FROM audit_entries;
DROP TABLE audit_entries;
