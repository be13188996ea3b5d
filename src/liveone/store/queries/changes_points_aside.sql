-- Keeps aside, for change ?1, the values of point ?2 taken in (?3, ?4].
INSERT INTO _liveone_changes_points (change_id, point_id, at, value)
SELECT ?1, point_id, at, value FROM point_readings WHERE point_id = ?2 AND at > ?3 AND at <= ?4
