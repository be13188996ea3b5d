-- changeover_first_readings stays: it holds readings that nobody else has.
DROP TABLE changeover_first_status;
DROP TABLE IF EXISTS hourly_aggregates;
DROP TABLE IF EXISTS daily_aggregates;
