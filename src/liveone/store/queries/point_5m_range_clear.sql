-- Removes the 5-minute rows of point ?1 that end in (?2, ?3]: what is left of them is made anew.
DELETE FROM point_readings_agg_5m WHERE point_id = ?1 AND interval_end > ?2 AND interval_end <= ?3
