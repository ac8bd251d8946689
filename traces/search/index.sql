-- name: lead
-- Whether this session is the one that indexes, until it ends.
SELECT pg_try_advisory_lock(%(lock)s);

-- name: due
-- Batches of a project and a day that are enough for a segment, or all that there will be of the day.
SELECT project_id, day, min(batch_id)
FROM   traces_search_queue
GROUP  BY project_id, day
HAVING sum(size) >= %(bytes)s OR count(*) >= %(batches)s OR day < %(today)s
ORDER  BY day DESC, min(batch_id)
LIMIT  1;

-- name: busy
-- How many batches wait to be stored, up to a limit.
SELECT count(*) FROM (SELECT FROM traces_inbox_queue WHERE due_at <= now() LIMIT %(limit)s) q;

-- name: waiting
-- The oldest batches without a segment.
SELECT batch_id
FROM   traces_search_queue
WHERE  project_id = %(project)s AND day = %(day)s
ORDER  BY batch_id
LIMIT  %(limit)s;

-- name: bodies
-- What was received with these batches. The days prune partitions.
SELECT id, signal, body
FROM   traces_inbox_batch
WHERE  id = ANY(%(ids)s) AND day = ANY(%(days)s);

-- name: take
-- These batches get their segment.
DELETE FROM traces_search_queue WHERE batch_id = ANY(%(ids)s);

-- name: insert
-- A segment.
INSERT INTO traces_search_segment
    (id, day, project_id, min_start_ns, max_start_ns, batches, max_starts, firsts, lasts, rows, bits)
VALUES (%(id)s::bigint, %(day)s::date, %(project)s::integer, %(min_start)s::bigint, %(max_start)s::bigint,
        %(batches)s::bigint[], %(max_starts)s::bigint[], %(firsts)s::smallint[], %(lasts)s::smallint[],
        %(rows)s::integer[], %(bits)s::bytea);
