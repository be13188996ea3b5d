-- How many readings system ?1 has.
SELECT count(*) FROM readings WHERE system_id = ?1
