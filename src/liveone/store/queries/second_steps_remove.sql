-- Take second step ?1 away.
DELETE FROM second_steps WHERE id = ?1 RETURNING id
