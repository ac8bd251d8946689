-- name: lock
-- Wait until no worker writes derived rows, and keep them from it until the end of the transaction.
SELECT pg_advisory_xact_lock(%(lock)s);

-- name: forget_all
-- Everything that is derived from the inbox, but for interned keys, which workers know by heart.
TRUNCATE traces_span, traces_trace, traces_settle, traces_rollup, traces_rollup_delta, traces_dead_letter,
         traces_log, traces_log_queue, traces_search_segment, traces_search_queue;

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

-- name: forget_segments
-- One project's search index.
DELETE FROM traces_search_segment WHERE project_id = %(project)s;

-- name: forget_search_queue
-- One project's batches that were to be indexed.
DELETE FROM traces_search_queue WHERE project_id = %(project)s;

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

-- name: forget_sources
-- Who sent what.
DELETE FROM traces_source WHERE %(project)s::integer IS NULL OR project_id = %(project)s;

-- name: forget_mappings
-- With which rules spans were read.
DELETE FROM traces_mapping WHERE %(project)s::integer IS NULL OR project_id = %(project)s;

-- name: ask
-- One open replay a project.
INSERT INTO traces_replay_job (project_id, asked_by) VALUES (%(project)s, %(by)s) ON CONFLICT DO NOTHING;

-- name: end_open
-- What another replay of the same takes over.
UPDATE traces_replay_job SET finished_at = now()
WHERE  project_id IS NOT DISTINCT FROM %(project)s::integer AND finished_at IS NULL;

-- name: open_job
-- The open replay of a project, or of all.
SELECT id FROM traces_replay_job WHERE project_id IS NOT DISTINCT FROM %(project)s::integer AND finished_at IS NULL;

-- name: attempt
-- The oldest replay that is asked for, one attempt further.
UPDATE traces_replay_job SET attempts = attempts + 1
WHERE  id = (SELECT id FROM traces_replay_job
             WHERE started_at IS NULL AND finished_at IS NULL AND attempts < %(most)s ORDER BY id LIMIT 1)
RETURNING id, project_id, attempts;

-- name: hold
-- A replay that has not begun, held until the end of the transaction.
SELECT id FROM traces_replay_job WHERE id = %(job)s AND started_at IS NULL AND finished_at IS NULL FOR UPDATE;

-- name: begun
-- It has begun; what waits now is what it brings.
UPDATE traces_replay_job SET started_at = clock_timestamp(), (last_batch, batches, spans) = (
    SELECT max(batch_id), count(*), coalesce(sum(spans), 0) FROM traces_inbox_queue
    WHERE  %(project)s::integer IS NULL OR project_id = %(project)s)
WHERE  id = %(job)s;

-- name: finish
-- Replays of which no batch waits any more.
UPDATE traces_replay_job j SET finished_at = now()
WHERE  j.started_at IS NOT NULL AND j.finished_at IS NULL AND NOT EXISTS (
           SELECT FROM traces_inbox_queue q
           WHERE (j.project_id IS NULL OR q.project_id = j.project_id) AND q.batch_id <= j.last_batch);

-- name: fail
-- It could not begin.
UPDATE traces_replay_job SET finished_at = now(), problem = %(problem)s WHERE id = %(job)s;

-- name: newest_job
-- The newest replay that touches a project, with the spans that still wait.
SELECT j.id, j.asked_by, j.asked_at, j.started_at, j.finished_at, j.problem, j.batches, j.spans,
       CASE WHEN j.finished_at IS NULL THEN (
           SELECT coalesce(sum(q.spans), 0)::bigint FROM traces_inbox_queue q
           WHERE (j.project_id IS NULL OR q.project_id = j.project_id) AND q.batch_id <= j.last_batch) ELSE 0 END
FROM   traces_replay_job j
WHERE  %(project)s::integer IS NULL OR j.project_id = %(project)s OR j.project_id IS NULL
ORDER  BY j.id DESC
LIMIT  1;

-- name: job
-- One replay, with the spans that still wait.
SELECT j.id, j.asked_by, j.asked_at, j.started_at, j.finished_at, j.problem, j.batches, j.spans,
       CASE WHEN j.finished_at IS NULL THEN (
           SELECT coalesce(sum(q.spans), 0)::bigint FROM traces_inbox_queue q
           WHERE (j.project_id IS NULL OR q.project_id = j.project_id) AND q.batch_id <= j.last_batch) ELSE 0 END
FROM   traces_replay_job j
WHERE  j.id = %(job)s;
