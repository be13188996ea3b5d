-- Re-opens (version 0) the closed days in ?1, JSON [[system_id, first_day, last_day], ...].
UPDATE readings_agg_1d SET version = 0, updated_at = unixepoch()
FROM json_each(?1) AS touched
WHERE system_id = CAST(touched.value ->> 0 AS TEXT)
  AND day >= touched.value ->> 1 AND day <= touched.value ->> 2 AND coalesce(version, 1) <> 0
