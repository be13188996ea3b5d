-- Counts the days of system ?1 in the time zone ?2, or by its offset where that is NULL.
UPDATE systems SET time_zone = ?2 WHERE id = ?1
