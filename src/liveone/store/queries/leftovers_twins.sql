-- Systems that share their number with another: number and id, the first of each number first.
SELECT s.system_number, s.id FROM systems AS s
WHERE (SELECT count(*) FROM systems AS o WHERE o.system_number = s.system_number) > 1
ORDER BY s.system_number, s.id
