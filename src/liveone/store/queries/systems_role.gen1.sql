-- The role of account ?1 on system ?2.
SELECT 'owner' FROM systems AS s WHERE s.id = ?2 AND s.user_id = ?1
