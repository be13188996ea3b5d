-- The source that a token lets in, ?1 its hash.
SELECT id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash
FROM sources WHERE token_hash = ?1
