-- Every visible entry of a person's chart, up to a limit.
SELECT
    section, entry, status, content_type, content, contributors, as_of, conflict, provenance,
    disagreements
FROM dsn.entries
WHERE person_id = %(person)s
ORDER BY section = 'demographics' DESC, as_of DESC, section, entry
LIMIT %(limit)s
