-- Removes a source, ?1.
DELETE FROM sources WHERE id = ?1
