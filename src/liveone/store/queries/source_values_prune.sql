-- Forgets what sources sent before ?1: readings were made of it.
DELETE FROM source_values WHERE at < ?1
