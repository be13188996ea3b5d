-- Which of the spans of ?1 have a value already: JSON [[point_id, end_at], ...]; ?2 is their length.
SELECT asked.value ->> 0, asked.value ->> 1
FROM json_each(?1) AS asked
WHERE EXISTS (
  SELECT 1 FROM point_readings AS r
  WHERE r.point_id = asked.value ->> 0 AND r.at > (asked.value ->> 1) - ?2 AND r.at <= asked.value ->> 1
)
