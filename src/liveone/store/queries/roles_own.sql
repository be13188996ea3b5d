-- Make account ?1 the owner of system ?2.
UPDATE systems SET owner_clerk_user_id = ?1, updated_at = unixepoch() WHERE id = ?2
