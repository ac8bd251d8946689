-- name: share
-- Held by every transaction that writes derived rows; a replay holds it exclusively.
SELECT pg_advisory_xact_lock_shared(%(lock)s);

-- name: claim
-- The oldest batches that wait, locked until the end of the transaction. Another worker skips them.
SELECT batch_id, day, project_id, spans, attempts
FROM   traces_inbox_queue
WHERE  due_at <= now()
ORDER  BY batch_id
LIMIT  %(limit)s
FOR    UPDATE SKIP LOCKED;

-- name: claim_one
-- One batch, if no one else has it.
SELECT batch_id, day, project_id, spans, attempts
FROM   traces_inbox_queue
WHERE  batch_id = %(batch_id)s
FOR    UPDATE SKIP LOCKED;

-- name: bodies
-- What was received with these batches. The days prune partitions.
SELECT id, coalesce(key_id, 0), body, signal
FROM   traces_inbox_batch
WHERE  id = ANY(%(ids)s) AND day = ANY(%(days)s);

-- name: done
-- These batches are stored; those that still have a body wait for their place in the search index.
WITH gone AS (DELETE FROM traces_inbox_queue WHERE batch_id = ANY(%(ids)s))
INSERT INTO traces_search_queue (batch_id, day, project_id, size)
SELECT batch_id, day, project_id, size
FROM   unnest(%(ids)s::bigint[], %(days)s::date[], %(projects)s::integer[], %(sizes)s::integer[])
       AS stored (batch_id, day, project_id, size)
WHERE  size > 0
ON CONFLICT DO NOTHING;

-- name: postpone
-- A batch that could not be stored just now waits longer each time.
UPDATE traces_inbox_queue
SET    attempts = least(attempts + 1, 1000), due_at = now() + interval '1 second' * least(60, 2 ^ least(attempts, 6))
WHERE  batch_id = %(batch_id)s;
