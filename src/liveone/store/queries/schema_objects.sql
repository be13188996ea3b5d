-- Tables, views and triggers: name, kind, the table it belongs to. Indexes are compared by definition.
-- A virtual, strict or rowid-less table says so in its kind and so is never taken for a plain one.
SELECT m.name,
       CASE WHEN m.type = 'table' AND l.type = 'virtual' THEN 'virtual table'
            WHEN m.type = 'table' AND l.wr THEN 'WITHOUT ROWID'
            WHEN m.type = 'table' AND l.strict THEN 'STRICT'
            ELSE m.type END,
       m.tbl_name
FROM sqlite_schema AS m LEFT JOIN pragma_table_list AS l ON l.name = m.name AND l.schema = 'main'
WHERE m.type IN ('table', 'view', 'trigger')
UNION ALL
SELECT m.name, 'table', m.tbl_name
FROM sqlite_schema AS m JOIN pragma_table_list AS l ON l.name = m.name AND l.schema = 'main'
WHERE m.type = 'table' AND (l.wr OR l.strict OR l.type = 'virtual')
