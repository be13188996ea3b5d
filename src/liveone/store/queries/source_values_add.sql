-- Keeps what sources sent, ?1: JSON [[source_id, at, {field: value}], ...]. A field that came before stays as it was;
-- a row comes back for each moment that brought something new.
INSERT INTO source_values (source_id, at, fields)
SELECT value ->> 0, value ->> 1, value -> 2 FROM json_each(?1) WHERE true
ON CONFLICT (source_id, at) DO UPDATE SET fields = json_patch(excluded.fields, fields)
  WHERE json_patch(excluded.fields, fields) <> fields
RETURNING source_id, at
