-- Statements of the outbox, one named statement each.

-- name: meta
SELECT value FROM meta WHERE name = ?

-- name: put_meta
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: drop_meta
DELETE FROM meta WHERE name = ?

-- name: schema_id
SELECT id FROM schemas WHERE text = ?

-- name: schema_text
SELECT text FROM schemas WHERE id = ?

-- name: put_schema
INSERT INTO schemas (text) VALUES (?) ON CONFLICT (text) DO NOTHING

-- name: counters
SELECT messages, received, numbered, duplicate, rejected, taken_at FROM counters WHERE epoch = ?

-- name: put_counters
UPDATE counters
SET messages = ?, received = ?, numbered = ?, duplicate = ?, rejected = ?, taken_at = ?
WHERE epoch = ?

-- name: start_counters
INSERT INTO counters (epoch) VALUES (?)

-- name: heads
SELECT partition, numbered FROM heads WHERE epoch = ?

-- name: put_head
INSERT INTO heads (epoch, partition, numbered) VALUES (?, ?, ?)
ON CONFLICT (epoch, partition) DO UPDATE SET numbered = excluded.numbered

-- name: heads_sent
SELECT partition, sent FROM heads WHERE epoch = ?

-- name: put_head_sent
UPDATE heads SET sent = ? WHERE epoch = ? AND partition = ?

-- name: message
SELECT changes, refused FROM messages WHERE digest = ?

-- name: put_message
INSERT INTO messages (digest, changes, refused) VALUES (?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET changes = excluded.changes, refused = excluded.refused

-- name: item
SELECT state, position FROM items WHERE item = ?

-- name: put_item
INSERT INTO items (item, state, position) VALUES (?, ?, ?)
ON CONFLICT (item) DO UPDATE SET state = excluded.state, position = excluded.position

-- name: last_refused
SELECT MAX(position) FROM refused

-- name: refused_at
SELECT position FROM refused WHERE digest = ?

-- name: refused
SELECT digest, position, kind, reason, detail, refused_at, attempts FROM refused ORDER BY position

-- name: put_refused
INSERT INTO refused (digest, position, carried, kind, reason, detail, refused_at)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: refuse_again
UPDATE refused SET carried = ?, reason = ?, detail = ?, attempts = attempts + 1 WHERE digest = ?

-- name: drop_refused
DELETE FROM refused WHERE digest = ?

-- name: forget_refused
DELETE FROM refused

-- name: put_retry
INSERT INTO retries (digest) SELECT digest FROM refused WHERE digest = ?
ON CONFLICT (digest) DO NOTHING

-- name: retries
SELECT r.digest FROM retries AS r LEFT JOIN refused AS f ON f.digest = r.digest
ORDER BY f.position LIMIT ?

-- name: any_retry
SELECT 1 FROM retries LIMIT 1

-- name: drop_retry
DELETE FROM retries WHERE digest = ?

-- name: carried
SELECT c.schema, c.body FROM refused AS r INNER JOIN changes AS c ON c.position = r.carried
WHERE r.digest = ?

-- name: carriers
SELECT carried FROM refused

-- name: carried_by
SELECT r.digest, r.reason, r.refused_at, c.schema, c.body
FROM refused AS r INNER JOIN changes AS c ON c.position = r.carried
WHERE r.carried = ?

-- name: put_change
INSERT INTO changes (position, partition, previous, captured_at, schema, key, body)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: put_rejected
INSERT INTO rejected (digest, reason, taken_at, payload) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO NOTHING

-- name: rejected
SELECT payload FROM rejected WHERE digest = ?

-- name: drop_rejected
DELETE FROM rejected WHERE digest = ?

-- name: rows_after
SELECT position, partition, schema, key, body FROM changes
WHERE position > ? AND position < ? ORDER BY position LIMIT ?

-- name: first_after
SELECT captured_at FROM changes WHERE position > ? ORDER BY position LIMIT 1

-- name: previous_after
SELECT partition, previous, MIN(position) FROM changes
WHERE position > ? AND position < ? GROUP BY partition

-- name: unsend_later_epochs
UPDATE heads SET sent = 0 WHERE epoch > ?

-- name: trimmable
SELECT position, captured_at, schema, body FROM (
    SELECT position, captured_at, schema, body FROM changes
    WHERE position > ? AND position <= ? ORDER BY position LIMIT ?
) WHERE captured_at < ?

-- name: held_after
SELECT position, captured_at, schema, body FROM changes WHERE position > ? ORDER BY position LIMIT ?

-- name: folded
SELECT numbers, chain FROM folded WHERE epoch = ? AND day = ?

-- name: all_folded
SELECT epoch, day, numbers, chain FROM folded ORDER BY epoch, day

-- name: put_folded
INSERT INTO folded (epoch, day, numbers, chain) VALUES (?, ?, ?, ?)
ON CONFLICT (epoch, day) DO UPDATE SET numbers = excluded.numbers, chain = excluded.chain

-- name: put_removed
INSERT INTO removed (position, schema, payload) VALUES (?, ?, ?)

-- name: said_between
SELECT position, schema, payload, NULL AS body FROM removed WHERE position > ?1 AND position <= ?2
UNION ALL
SELECT position, schema, NULL, body FROM changes WHERE position > ?1 AND position <= ?2
ORDER BY position LIMIT ?3

-- name: first_said
SELECT MIN(position) FROM (
    SELECT MIN(position) AS position FROM removed WHERE position > ?1 AND position < ?2
    UNION ALL
    SELECT MIN(position) FROM changes WHERE position > ?1 AND position < ?2
)

-- name: count_removed
SELECT COUNT(*) FROM removed WHERE position > ? AND position < ?

-- name: add_to_day
INSERT INTO days (day, received, duplicate, rejected) VALUES (?, ?, ?, ?)
ON CONFLICT (day) DO UPDATE SET
    received = received + excluded.received,
    duplicate = duplicate + excluded.duplicate,
    rejected = rejected + excluded.rejected

-- name: days_between
SELECT COUNT(*), SUM(received), SUM(duplicate), SUM(rejected) FROM days
WHERE day >= ? AND day <= ?

-- name: first_held
SELECT MIN(position) FROM changes

-- name: first_between
SELECT captured_at FROM changes WHERE position > ? AND position < ? ORDER BY position LIMIT 1

-- name: count_after
SELECT COUNT(*) FROM changes WHERE position > ?

-- name: holds
SELECT 1 FROM changes
WHERE position > ? AND position <= ? AND (partition = ? OR ? < 0) LIMIT 1

-- name: next_epoch
SELECT MIN(epoch) FROM counters WHERE epoch > ?

-- name: epochs_numbered
SELECT c.epoch, c.numbered, COALESCE(r.seq, 0), COALESCE(r.freed, 0)
FROM counters AS c LEFT JOIN receipts AS r ON r.epoch = c.epoch ORDER BY c.epoch

-- name: receipt
SELECT seq, seen, store, issued, at, freed FROM receipts WHERE epoch = ?

-- name: put_receipt
INSERT INTO receipts (epoch, seq, seen, store, issued, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (epoch) DO UPDATE SET
    seq = excluded.seq, seen = excluded.seen, store = excluded.store, issued = excluded.issued,
    at = excluded.at

-- name: forget_stores
UPDATE receipts SET store = ''

-- name: put_freed
UPDATE receipts SET freed = ? WHERE epoch = ? AND freed < ?

-- name: journal_ends
SELECT partition, last FROM journal

-- name: put_journal_end
INSERT INTO journal (partition, last) VALUES (?, ?)
ON CONFLICT (partition) DO UPDATE SET last = excluded.last

-- name: forget_journal_ends
DELETE FROM journal

-- name: fills
SELECT epoch, partition, after, upto, reason FROM fills ORDER BY epoch, partition, upto

-- name: put_fill
INSERT INTO fills (epoch, partition, upto, after, reason) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (epoch, partition, upto) DO UPDATE SET after = excluded.after, reason = excluded.reason

-- name: ends
SELECT epoch, seq FROM ends WHERE told < seq ORDER BY epoch

-- name: put_end
INSERT INTO ends (epoch, seq) VALUES (?, ?)
ON CONFLICT (epoch) DO UPDATE SET seq = MAX(seq, excluded.seq)

-- name: told_end
UPDATE ends SET told = ? WHERE epoch = ?

-- name: forget_told_ends
UPDATE ends SET told = 0

-- name: drop_fill
DELETE FROM fills WHERE epoch = ? AND partition = ? AND upto = ?

-- name: rows_to_renumber
SELECT position, partition, previous, captured_at, schema, key, body FROM changes
WHERE position > ? ORDER BY position

-- name: take_back
UPDATE counters SET received = received - ?, numbered = numbered - ? WHERE epoch = ?

-- name: put_head_numbered
UPDATE heads SET numbered = ? WHERE epoch = ? AND partition = ?

-- name: drop_change
DELETE FROM changes WHERE position = ?

-- name: forget_items
DELETE FROM items

-- name: forget_messages
DELETE FROM messages
