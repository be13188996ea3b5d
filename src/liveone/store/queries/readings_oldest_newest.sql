-- The oldest and the newest reading of any system, NULL where there is none: a look-up a system, no scan.
SELECT min((SELECT min(r.inverter_time) FROM readings r WHERE r.system_id = s.id)),
       max((SELECT max(r.inverter_time) FROM readings r WHERE r.system_id = s.id))
  FROM systems s
