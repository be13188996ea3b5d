-- By which rules the days of system ?1 were computed.
SELECT rules FROM _liveone_day_rules WHERE system_id = ?1
