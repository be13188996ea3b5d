-- Add account ?1 (e-mail ?2, name ?3, language ?4, password ?5, administrator ?6); nothing where its id or e-mail is taken.
INSERT INTO accounts (account, email, name, language, password_hash, is_admin, made_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, unixepoch()
WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE account = ?1 OR lower(email) = lower(?2))
RETURNING account
