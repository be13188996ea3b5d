-- The sources of all systems, or of one (?1; NULL: of all), in the order in which they were added.
SELECT id, system_id, name, vendor_type, site, roles, settings, secrets_sealed, token_hash
FROM sources WHERE ?1 IS NULL OR system_id = ?1
ORDER BY id
