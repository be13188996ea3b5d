-- When the readings with the ids from ?1 to ?2 were taken, those set aside included, oldest first.
SELECT inverter_time FROM readings WHERE id BETWEEN ?1 AND ?2
UNION
SELECT inverter_time FROM _liveone_changes_aside WHERE reading_id BETWEEN ?1 AND ?2
ORDER BY 1
