-- Change ?1 came further: ?2 offered, ?3 added, ?4 set aside, between the instants ?5 and ?6.
UPDATE _liveone_changes
SET offered = offered + ?2, added = added + ?3, set_aside = set_aside + ?4,
    first_at = min(coalesce(first_at, ?5), ?5), last_at = max(coalesce(last_at, ?6), ?6)
WHERE id = ?1
