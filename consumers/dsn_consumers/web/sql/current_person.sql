-- The person an id that was once given out leads to now.
SELECT person_id FROM dsn.people_ids WHERE given_id = %(person)s
