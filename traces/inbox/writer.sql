-- name: bounds
-- For the transaction only, so that a pooler in between may share the connection.
SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '2s';

-- name: known_digests
-- Which of these bodies were stored in the last hour. The day prunes partitions; the hour may begin yesterday.
SELECT digest
FROM   traces_inbox_batch
WHERE  digest = ANY(%(digests)s)
AND    day >= (now() AT TIME ZONE 'UTC' - interval '1 hour')::date
AND    received_at > now() - interval '1 hour';

-- name: copy_batches
-- The bodies, in PostgreSQL's binary form.
COPY traces_inbox_batch (id, day, project_id, key_id, spans, signal, received_at, digest, body) FROM STDIN (FORMAT binary);

-- name: enqueue
-- What workers claim, and what the ledger counts, in one statement.
WITH queued AS (
    INSERT INTO traces_inbox_queue (batch_id, day, project_id, spans, due_at)
    SELECT batch_id, %(day)s::date, project_id, spans, now()
    FROM   unnest(%(ids)s::bigint[], %(projects)s::integer[], %(spans)s::integer[]) AS new (batch_id, project_id, spans)
)
INSERT INTO traces_ledger (project_id, key_id, minute, outcome, reason, spans)
SELECT project_id, key_id, %(minute)s, outcome, reason, spans
FROM   unnest(%(l_projects)s::integer[], %(l_keys)s::integer[], %(l_outcomes)s::smallint[], %(l_reasons)s::text[],
              %(l_spans)s::bigint[]) AS new (project_id, key_id, outcome, reason, spans);

-- name: backlog
-- Spans that wait for a worker.
SELECT coalesce(sum(spans), 0)::bigint FROM traces_inbox_queue;
