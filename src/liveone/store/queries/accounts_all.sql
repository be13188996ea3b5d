-- Every account: its id, e-mail address, name, language, password's kept form, whether it administers, when it was disabled.
SELECT account, email, name, language, password_hash, is_admin, disabled_at FROM accounts ORDER BY id
