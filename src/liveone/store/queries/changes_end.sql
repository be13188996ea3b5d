-- Change ?1 is complete.
UPDATE _liveone_changes SET ended_at = unixepoch() WHERE id = ?1
