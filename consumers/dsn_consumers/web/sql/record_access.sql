-- Trace of a read: one line for each person shown, one for nobody ('') when nothing was.
INSERT INTO dsn.access (actor, role, establishment, action, person_id, sections, purpose, outcome)
SELECT
    %(actor)s, %(role)s, %(establishment)s, %(action)s, shown.person_id, %(sections)s::text[],
    %(purpose)s, %(outcome)s
FROM unnest(%(people)s::text[]) AS shown (person_id)
