-- What accounts are asked for besides a password.
SELECT id, account, kind, handle, name, secret_sealed, public_key, used, made_at, seen_at FROM second_steps ORDER BY id
