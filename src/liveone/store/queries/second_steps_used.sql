-- Second step ?1 was used at ?3, by its count ?2; nothing where it was used at that count or a later one.
UPDATE second_steps SET used = ?2, seen_at = ?3 WHERE id = ?1 AND used < ?2 RETURNING id
