-- Whether a write is taken: needs all that a write needs, and changes nothing.
UPDATE systems SET id = id WHERE 0
