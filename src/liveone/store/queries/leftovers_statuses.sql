-- How many rows of polling_status a system has besides its first, which is the one that counts.
SELECT count(*) - count(DISTINCT system_id) FROM polling_status
