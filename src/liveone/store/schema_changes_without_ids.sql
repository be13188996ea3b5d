-- Release 0.1 knew the readings of a change by ids; they are known by system and time now.
DROP TABLE _liveone_changes_added;
DROP INDEX IF EXISTS _liveone_changes_aside_reading_idx;
ALTER TABLE _liveone_changes_aside DROP COLUMN reading_id;
