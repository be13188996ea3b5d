-- Add to account ?1 a second step: kind ?2, handle ?3, name ?4, sealed secret ?5, public key ?6, used ?7, made at ?8.
INSERT INTO second_steps (account, kind, handle, name, secret_sealed, public_key, used, made_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
WHERE EXISTS (SELECT 1 FROM accounts WHERE account = ?1)
ON CONFLICT DO NOTHING
RETURNING id
