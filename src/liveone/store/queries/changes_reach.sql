-- Up to where a piece of about ?4 readings of system ?2 goes that begins after ?3, no further than ?5: counted are
-- the readings that are there and those that change ?1 keeps aside.
SELECT min(
  coalesce((SELECT inverter_time FROM readings WHERE system_id = ?2 AND inverter_time > ?3
            ORDER BY inverter_time LIMIT 1 OFFSET ?4), ?5),
  coalesce((SELECT inverter_time FROM _liveone_changes_aside WHERE change_id = ?1 AND inverter_time > ?3
            ORDER BY inverter_time LIMIT 1 OFFSET ?4), ?5),
  ?5)
