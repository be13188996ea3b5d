-- Accounts, what lets them in, and what people did. changeover_accounts and its like, left by a rollback, hold what
-- was there before it.
CREATE TABLE IF NOT EXISTS changeover_accounts (
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

CREATE TABLE IF NOT EXISTS changeover_credentials (
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

CREATE TABLE IF NOT EXISTS changeover_audit_entries (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT ''
);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  password_hash TEXT NOT NULL DEFAULT '',
  is_admin INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  disabled_at INTEGER
);
CREATE UNIQUE INDEX accounts_account_unique ON accounts (account);
CREATE UNIQUE INDEX accounts_email_unique ON accounts (email);

CREATE TABLE credentials (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE UNIQUE INDEX credentials_hash_unique ON credentials (hash);

CREATE TABLE audit_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_entries_at_idx ON audit_entries (at);

INSERT INTO accounts (id, account, email, name, language, password_hash, is_admin, made_at, disabled_at)
SELECT id, account, email, name, language, password_hash, is_admin, made_at, disabled_at
FROM changeover_accounts;
DROP TABLE changeover_accounts;

INSERT INTO credentials (id, kind, hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at)
SELECT id, kind, hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at
FROM changeover_credentials;
DROP TABLE changeover_credentials;

INSERT INTO audit_entries (id, at, who, what, about, address)
SELECT id, at, who, what, about, address
FROM changeover_audit_entries;
DROP TABLE changeover_audit_entries;
