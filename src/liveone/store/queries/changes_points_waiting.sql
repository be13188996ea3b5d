-- Up to ?2 of the values that change ?1 keeps aside, of points that are still there, by point and time.
SELECT a.id, a.point_id, a.at, a.value, p.system_id
FROM _liveone_changes_points AS a JOIN points AS p ON p.id = a.point_id
WHERE a.change_id = ?1 ORDER BY a.id LIMIT ?2
