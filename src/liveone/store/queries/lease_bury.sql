-- The dead in ?1, JSON [[id, beats, ...], ...], that have not shown themselves again and hold nothing any more.
DELETE FROM _liveone_pollers
WHERE id IN (SELECT value ->> 0 FROM json_each(?1) WHERE value ->> 1 = _liveone_pollers.beats)
  AND id NOT IN (SELECT poller FROM _liveone_leases WHERE poller IS NOT NULL)
