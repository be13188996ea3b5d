-- Up to ?1 of the runs of ids by which release 0.1 knew what a change added; those of systems that are gone too.
SELECT id, change_id, first_id, last_id FROM _liveone_changes_added ORDER BY id LIMIT ?1
