-- The records that make up a person, as each source speaks of them.
SELECT source, authority, number, settled
FROM dsn.people_records
WHERE person_id = %(person)s
ORDER BY authority, number, source
