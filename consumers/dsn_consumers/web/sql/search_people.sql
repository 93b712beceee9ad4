-- People who answer every part of a search; an empty part asks nothing.
WITH wanted AS (
    SELECT t.person_id
    FROM dsn.search_terms AS t
    WHERE %(number)s <> '' AND t.kind IN ('nam', 'number') AND t.term = %(number)s
    UNION
    SELECT t.person_id
    FROM dsn.search_terms AS t
    WHERE %(number)s = '' AND t.kind = 'name' AND starts_with(t.term, (%(prefixes)s::text[])[1])
),
matching AS (
    SELECT w.person_id
    FROM wanted AS w
    WHERE NOT EXISTS (
        SELECT FROM unnest(%(prefixes)s::text[]) AS p (prefix)
        WHERE NOT EXISTS (
            SELECT FROM dsn.search_terms AS t
            WHERE t.person_id = w.person_id AND t.kind = 'name' AND starts_with(t.term, p.prefix)
        )
    )
    AND (
        %(birth)s = ''
        OR EXISTS (
            SELECT FROM dsn.search_terms AS t
            WHERE t.person_id = w.person_id AND t.kind = 'birth'
                AND (starts_with(t.term, %(birth)s) OR starts_with(%(birth)s, t.term))
        )
    )
)
SELECT
    m.person_id, e.content AS demographics, r.records, r.authorities
FROM matching AS m
INNER JOIN dsn.entries AS e ON e.person_id = m.person_id AND e.section = 'demographics'
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT (p.authority, p.number)) AS records,
        coalesce(array_agg(DISTINCT p.authority ORDER BY p.authority), '{}') AS authorities
    FROM dsn.people_records AS p
    WHERE p.person_id = m.person_id
) AS r
ORDER BY
    -- Accents are put aside: É beside E, as in a directory.
    lower(regexp_replace(
        normalize(concat_ws(' ', e.content #>> '{names,0,family}', e.content #>> '{names,0,given,0}'), NFKD),
        '[\u0300-\u036f]', '', 'g'
    )),
    m.person_id
LIMIT %(limit)s
