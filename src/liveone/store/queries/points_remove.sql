-- Removes point ?1; its values are gone by then.
DELETE FROM points WHERE id = ?1
