-- Credential ?1 was used at ?2.
UPDATE credentials SET seen_at = ?2 WHERE id = ?1
