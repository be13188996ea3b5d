-- Keeps the newest ?1 late spans.
DELETE FROM _liveone_late WHERE id <= (SELECT max(id) FROM _liveone_late) - ?1
