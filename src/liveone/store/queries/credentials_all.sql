-- Every credential that has not ended by ?1.
SELECT id, kind, hash, account, system_id, scope, name, password_hash, made_at, until_at, seen_at
FROM credentials WHERE until_at IS NULL OR until_at > ?1 ORDER BY id
