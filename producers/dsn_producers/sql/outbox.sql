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
SELECT state FROM items WHERE item = ?

-- name: put_item
INSERT INTO items (item, state) VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET state = excluded.state

-- name: put_change
INSERT INTO changes (position, partition, previous, captured_at, schema, key, body)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: put_rejected
INSERT INTO rejected (digest, reason, taken_at, payload) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO NOTHING

-- name: rejected
SELECT payload FROM rejected WHERE digest = ?

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
SELECT position FROM (
    SELECT position, captured_at FROM changes WHERE position <= ? ORDER BY position LIMIT ?
) WHERE captured_at < ?

-- name: drop_change
DELETE FROM changes WHERE position = ?

-- name: forget_items
DELETE FROM items

-- name: forget_messages
DELETE FROM messages
