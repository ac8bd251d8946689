-- name: lock
-- Wait until no worker writes derived rows, and keep them from it until the end of the transaction.
SELECT pg_advisory_xact_lock(%(lock)s);

-- name: forget_all
-- Everything that is derived from the inbox, but for interned keys, which workers know by heart.
TRUNCATE traces_span, traces_trace, traces_settle, traces_rollup, traces_rollup_delta, traces_dead_letter,
         traces_log, traces_log_queue;

-- name: forget_spans
-- One project's spans.
DELETE FROM traces_span WHERE project_id = %(project)s;

-- name: forget_traces
-- One project's traces.
DELETE FROM traces_trace WHERE project_id = %(project)s;

-- name: forget_settle
-- One project's traces that were to be decided again.
DELETE FROM traces_settle WHERE project_id = %(project)s;

-- name: forget_rollups
-- One project's rollups.
DELETE FROM traces_rollup WHERE key_id IN (SELECT id FROM traces_rollup_key WHERE project_id = %(project)s);

-- name: forget_deltas
-- One project's deltas.
DELETE FROM traces_rollup_delta WHERE key_id IN (SELECT id FROM traces_rollup_key WHERE project_id = %(project)s);

-- name: forget_dead_letters
-- One project's dead letters.
DELETE FROM traces_dead_letter WHERE project_id = %(project)s;

-- name: forget_logs
-- One project's log records.
DELETE FROM traces_log WHERE project_id = %(project)s;

-- name: forget_log_queue
-- One project's log records whose traces were looked for.
DELETE FROM traces_log_queue WHERE project_id = %(project)s;

-- name: forget_ledger
-- What workers wrote: stored, dead, and doubles that were found among spans. What receivers wrote stays.
DELETE FROM traces_ledger
WHERE  (outcome = ANY(%(outcomes)s) OR (outcome = ANY(%(duplicates)s) AND reason = ''))
AND    (%(project)s::integer IS NULL OR project_id = %(project)s);

-- name: enqueue
-- Every batch waits again.
INSERT INTO traces_inbox_queue (batch_id, day, project_id, spans, due_at)
SELECT id, day, project_id, spans, now()
FROM   traces_inbox_batch
WHERE  %(project)s::integer IS NULL OR project_id = %(project)s
ON CONFLICT (batch_id) DO UPDATE SET attempts = 0, due_at = excluded.due_at;

-- name: waiting
-- Batches and spans that wait.
SELECT count(*), coalesce(sum(spans), 0)::bigint
FROM   traces_inbox_queue
WHERE  %(project)s::integer IS NULL OR project_id = %(project)s;
