-- Notes those of the spans [[system_id, from_at, to_at], ...] in ?1 that are not behind all readings of their system.
INSERT INTO _liveone_late (system_id, from_at, to_at)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) AS span
WHERE EXISTS (SELECT 1 FROM readings WHERE system_id = span.value ->> 0 AND inverter_time > span.value ->> 1)
