-- What the vendor says of system ?1's hardware; NULL keeps what is known.
UPDATE systems SET
  model = coalesce(?2, model), serial = coalesce(?3, serial), ratings = coalesce(?4, ratings),
  solar_size = coalesce(?5, solar_size), battery_size = coalesce(?6, battery_size), updated_at = unixepoch()
WHERE id = ?1
