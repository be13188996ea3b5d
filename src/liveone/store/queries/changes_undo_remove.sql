-- Removes the readings of system ?2 taken in (?3, ?4] that change ?1 added or altered.
DELETE FROM readings
WHERE system_id = ?2 AND inverter_time > ?3 AND inverter_time <= ?4 AND (
  id <= coalesce((
    SELECT a.last_id FROM _liveone_changes_added AS a
    WHERE a.change_id = ?1 AND a.first_id <= readings.id ORDER BY a.first_id DESC LIMIT 1), 0)
  OR EXISTS (SELECT 1 FROM _liveone_changes_aside AS s WHERE s.reading_id = readings.id AND s.change_id = ?1))
