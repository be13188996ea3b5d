-- Second step ?1, which says its count ?2 itself, was used at ?3.
UPDATE second_steps SET used = ?2, seen_at = ?3 WHERE id = ?1 RETURNING id
