-- Where ids were remembered each row gets its own; rows that were written since come behind all of them. Where none were
-- (no id is at most NULL) not one row is read.
UPDATE readings SET id = -id
WHERE id <= (SELECT 9223372036854775807 FROM changeover_reading_ids LIMIT 1)
  AND id IS NOT (SELECT k.id FROM changeover_reading_ids k WHERE k.system_id = readings.system_id AND k.inverter_time = readings.inverter_time);
UPDATE readings SET id = k.id FROM changeover_reading_ids k
WHERE readings.id < 0 AND k.system_id = readings.system_id AND k.inverter_time = readings.inverter_time;
UPDATE readings SET id = (SELECT coalesce(max(seq), 0) FROM changeover_id_marks WHERE name = 'readings') - id
WHERE id < 0;

UPDATE readings_agg_5m SET id = -id
WHERE id <= (SELECT 9223372036854775807 FROM changeover_5m_ids LIMIT 1)
  AND id IS NOT (SELECT k.id FROM changeover_5m_ids k WHERE k.system_id = readings_agg_5m.system_id AND k.interval_end = readings_agg_5m.interval_end);
UPDATE readings_agg_5m SET id = k.id FROM changeover_5m_ids k
WHERE readings_agg_5m.id < 0 AND k.system_id = readings_agg_5m.system_id AND k.interval_end = readings_agg_5m.interval_end;
UPDATE readings_agg_5m SET id = (SELECT coalesce(max(seq), 0) FROM changeover_id_marks WHERE name = 'readings_agg_5m') - id
WHERE id < 0;

UPDATE readings_agg_1d SET id = -id
WHERE id <= (SELECT 9223372036854775807 FROM changeover_1d_ids LIMIT 1)
  AND id IS NOT (SELECT k.id FROM changeover_1d_ids k WHERE k.system_id = readings_agg_1d.system_id AND k.day = readings_agg_1d.day);
UPDATE readings_agg_1d SET id = k.id FROM changeover_1d_ids k
WHERE readings_agg_1d.id < 0 AND k.system_id = readings_agg_1d.system_id AND k.day = readings_agg_1d.day;
UPDATE readings_agg_1d SET id = (SELECT coalesce(max(seq), 0) FROM changeover_id_marks WHERE name = 'readings_agg_1d') - id
WHERE id < 0;

-- AUTOINCREMENT promises never to use an id again, so the counts go on.
INSERT INTO sqlite_sequence (name, seq)
SELECT name, seq FROM changeover_id_marks WHERE name NOT IN (SELECT name FROM sqlite_sequence);
UPDATE sqlite_sequence SET seq = max(seq, (SELECT m.seq FROM changeover_id_marks m WHERE m.name = sqlite_sequence.name))
WHERE name IN (SELECT name FROM changeover_id_marks);
UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM readings)) WHERE name = 'readings';
UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM readings_agg_5m)) WHERE name = 'readings_agg_5m';
UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM readings_agg_1d)) WHERE name = 'readings_agg_1d';

DROP TABLE changeover_reading_ids /* allow copy-without-count: a row that is gone has no id */;
DROP TABLE changeover_5m_ids /* allow copy-without-count: a row that is gone has no id */;
DROP TABLE changeover_1d_ids /* allow copy-without-count: a row that is gone has no id */;
DROP TABLE changeover_id_marks;
