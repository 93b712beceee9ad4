-- The bytes of one thing in quarantine, to be masked before anybody sees them.
SELECT payload FROM dsn.quarantine
WHERE topic = %(topic)s AND "partition" = %(partition)s AND "offset" = %(offset)s
