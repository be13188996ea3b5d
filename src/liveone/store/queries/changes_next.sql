-- The first instant after ?3 at which system ?2 has a reading or change ?1 keeps one aside, up to ?4; NULL: none.
SELECT min(at) FROM (
  SELECT min(inverter_time) AS at FROM readings WHERE system_id = ?2 AND inverter_time > ?3 AND inverter_time <= ?4
  UNION ALL
  SELECT min(inverter_time) FROM _liveone_changes_aside
  WHERE change_id = ?1 AND inverter_time > ?3 AND inverter_time <= ?4
)
