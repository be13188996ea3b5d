-- Columns of all tables: table, column, declared type, NOT NULL, place in the primary key (0: none).
SELECT m.name, c.name, c.type || CASE c.hidden WHEN 0 THEN '' ELSE ' GENERATED' END, c."notnull", c.pk
FROM sqlite_schema AS m JOIN pragma_table_xinfo(m.name) AS c
WHERE m.type = 'table'
