-- Let the identity with hash ?1 of the issuer ?3, called ?4, open account ?2; nothing where it opens one, or that is gone.
INSERT INTO credentials (kind, hash, account, scope, name, made_at)
SELECT 'identity', ?1, ?2, ?3, ?4, unixepoch()
WHERE EXISTS (SELECT 1 FROM accounts WHERE account = ?2)
ON CONFLICT DO NOTHING
RETURNING id
