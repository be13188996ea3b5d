-- Adds a source to a system unless it has one of that name: no row comes back then.
-- ?1 system, ?2 name, ?3 vendor, ?4 site, ?5 roles and ?6 settings (JSON), ?7 sealed secrets, ?8 hash of the token.
INSERT INTO sources (system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash, made_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, unixepoch())
ON CONFLICT (system_id, name) DO NOTHING
RETURNING id
