-- What a source (?1) sent of (?2, ?3], oldest first.
SELECT at, fields FROM source_values WHERE source_id = ?1 AND at > ?2 AND at <= ?3 ORDER BY at
