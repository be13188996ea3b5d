-- The days of system ?1 follow the rules ?2, or are open.
INSERT INTO _liveone_day_rules (system_id, rules) VALUES (?1, ?2)
ON CONFLICT (system_id) DO UPDATE SET rules = excluded.rules
