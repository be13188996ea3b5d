-- Add account ?1 (e-mail ?2, name ?3, language ?4, password ?5) with the unexpired invitation ?6; nothing where id or e-mail is taken.
INSERT INTO accounts (account, email, name, language, password_hash, is_admin, made_at)
SELECT ?1, ?2, ?3, ?4, ?5, 0, unixepoch()
WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE account = ?1 OR lower(email) = lower(?2))
  AND EXISTS (SELECT 1 FROM credentials WHERE hash = ?6 AND kind = 'invite' AND until_at > ?7)
RETURNING account
