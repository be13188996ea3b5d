-- Five-minute rows with ids, as before. The key goes through the rows in its order, so they get new ids in that order.
CREATE TABLE readings_agg_5m_old (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  system_id INTEGER NOT NULL,
  interval_end INTEGER NOT NULL,
  solar_w_avg INTEGER,
  solar_w_min INTEGER,
  solar_w_max INTEGER,
  load_w_avg INTEGER,
  load_w_min INTEGER,
  load_w_max INTEGER,
  battery_w_avg INTEGER,
  battery_w_min INTEGER,
  battery_w_max INTEGER,
  grid_w_avg INTEGER,
  grid_w_min INTEGER,
  grid_w_max INTEGER,
  battery_soc_last REAL,
  solar_kwh_total_last REAL,
  load_kwh_total_last REAL,
  battery_in_kwh_total_last REAL,
  battery_out_kwh_total_last REAL,
  grid_in_kwh_total_last REAL,
  grid_out_kwh_total_last REAL,
  sample_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (unixepoch())
);

INSERT INTO readings_agg_5m_old (
  system_id, interval_end, solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max, battery_w_avg,
  battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last, solar_kwh_total_last,
  load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last, grid_in_kwh_total_last,
  grid_out_kwh_total_last, sample_count, created_at)
SELECT
  system_id, interval_end, solar_w_avg, solar_w_min, solar_w_max, load_w_avg, load_w_min, load_w_max, battery_w_avg,
  battery_w_min, battery_w_max, grid_w_avg, grid_w_min, grid_w_max, battery_soc_last, solar_kwh_total_last,
  load_kwh_total_last, battery_in_kwh_total_last, battery_out_kwh_total_last, grid_in_kwh_total_last,
  grid_out_kwh_total_last, sample_count, coalesce(created_at, interval_end)
FROM readings_agg_5m;

DROP TABLE readings_agg_5m;
ALTER TABLE readings_agg_5m_old RENAME TO readings_agg_5m;
CREATE UNIQUE INDEX readings_agg_5m_system_interval_unique ON readings_agg_5m (system_id, interval_end);
