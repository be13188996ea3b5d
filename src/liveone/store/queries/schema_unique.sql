-- Unique keys of all tables: table, columns in order. Primary keys are compared with the columns.
SELECT m.name, (
         SELECT group_concat(x.name || '', ', ') || CASE l.partial WHEN 1 THEN ' partial' ELSE '' END
         FROM (SELECT coalesce(name, 'expression') AS name FROM pragma_index_info(l.name) ORDER BY seqno) AS x
       )
FROM sqlite_schema AS m JOIN pragma_index_list(m.name) AS l
WHERE m.type = 'table' AND l."unique" = 1 AND l.origin <> 'pk'
