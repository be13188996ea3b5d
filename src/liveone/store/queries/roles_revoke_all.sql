-- Take every role of account ?1.
DELETE FROM user_systems WHERE clerk_user_id = ?1
