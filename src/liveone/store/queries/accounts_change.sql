-- Account ?1 as it is to be: e-mail ?2, name ?3, language ?4, password ?5, administrator ?6, disabled at ?7.
UPDATE accounts
SET email = ?2, name = ?3, language = ?4, password_hash = ?5, is_admin = ?6, disabled_at = ?7
WHERE account = ?1
RETURNING account
