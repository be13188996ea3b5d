-- Removes what a source (?1) sent and what is not yet, or no longer, part of a reading.
DELETE FROM source_values WHERE source_id = ?1
