-- Removes the readings of system ?2 taken in (?3, ?4] that change ?1 brought or altered. Where a later change keeps one
-- aside, what stands there came after both. (The + lets an index of columns without a type be used.)
DELETE FROM readings
WHERE system_id = ?2 AND inverter_time IN (
  SELECT at FROM (
    SELECT sum(step.value) OVER (PARTITION BY k.id ORDER BY step.key) AS at
    FROM _liveone_changes_keys AS k CROSS JOIN json_each(k.times) AS step
    WHERE k.change_id = ?1 AND k.first_at <= ?4 AND k.last_at > ?3
  ) WHERE at > ?3 AND at <= ?4
  UNION
  SELECT inverter_time FROM _liveone_changes_aside
  WHERE change_id = ?1 AND inverter_time > ?3 AND inverter_time <= ?4
    AND EXISTS (SELECT 1 FROM _liveone_changes WHERE id = ?1 AND fields <> '[]')
) AND NOT EXISTS (
  SELECT 1 FROM _liveone_changes_aside AS later
  WHERE later.system_id = ?2 AND later.inverter_time = +readings.inverter_time AND later.change_id > ?1
)
