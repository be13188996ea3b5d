-- Removes system ?1; what points at it (readings, polling status, roles) goes by cascade.
DELETE FROM systems WHERE id = ?1
