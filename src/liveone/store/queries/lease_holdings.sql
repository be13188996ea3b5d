-- The systems of every poller as a JSON list; those of nobody under NULL.
SELECT poller, json_group_array(system_id) FROM _liveone_leases GROUP BY poller
