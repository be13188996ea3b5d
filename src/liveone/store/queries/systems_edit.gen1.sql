-- Calls system ?1 by the name ?2 and counts its days at ?3 minutes east of UTC (stored as hours).
UPDATE systems SET display_name = ?2, timezone_offset = ?3 / 60, updated_at = unixepoch() WHERE id = ?1
