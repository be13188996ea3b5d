-- Take every second step of account ?1 away.
DELETE FROM second_steps WHERE account = ?1 RETURNING id
