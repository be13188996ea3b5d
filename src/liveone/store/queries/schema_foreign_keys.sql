-- Foreign keys of all tables: table, column, table pointed at, what a delete does.
SELECT m.name, f."from", f."table", f.on_delete
FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table'
