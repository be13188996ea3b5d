-- Add account ?1 (e-mail ?2, name ?3, language ?4, password ?5) as administrator, with the unexpired link ?6 and while there is nobody.
INSERT INTO accounts (account, email, name, language, password_hash, is_admin, made_at)
SELECT ?1, ?2, ?3, ?4, ?5, 1, unixepoch()
WHERE NOT EXISTS (SELECT 1 FROM accounts)
  AND EXISTS (SELECT 1 FROM credentials WHERE hash = ?6 AND kind = 'setup' AND until_at > ?7)
RETURNING account
