-- Every role of an account on a system: here, those who own one.
SELECT s.user_id, s.id, 'owner' FROM systems AS s WHERE s.user_id IS NOT NULL
