-- Add a credential: kind ?1, hash ?2, account ?3, system ?4, scope ?5, name ?6, password ?7, made at ?8, until ?9.
INSERT INTO credentials (kind, hash, account, system_id, scope, name, password_hash, made_at, until_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO NOTHING
RETURNING id
