-- The owner's changes to point ?2 of system ?1: name ?3, role ?4, position ?5, hidden ?6; NULL leaves as it is.
UPDATE points SET name = coalesce(?3, name), role = coalesce(?4, role), position = coalesce(?5, position),
                  hidden = coalesce(?6, hidden)
WHERE system_id = ?1 AND id = ?2
