-- Runs: how they start, what they look like, and how people steer them.

-- name: define
INSERT INTO pipelines_definition (hash, pipeline, definition) VALUES (%(hash)s, %(pipeline)s, %(definition)s)
ON CONFLICT DO NOTHING;

-- name: definition
SELECT definition FROM pipelines_definition WHERE hash = %(hash)s;

-- name: start
-- The run, its first nodes and their places in the queue. A unique violation: the id or the key is there already.
WITH run AS (
    INSERT INTO pipelines_run
        (id, project_id, pipeline, definition_hash, status, priority, active, compensates, input, trace_id, session,
         idempotency_key, fingerprint, key_ttl, parent_run, parent_path, forked_from, forked_at, started_by, started_at,
         deadline_at)
    VALUES (%(id)s, %(project)s, %(pipeline)s, %(hash)s, %(status)s, %(priority)s, %(active)s, %(compensates)s, %(input)s,
            %(trace_id)s, %(session)s, %(key)s, %(fingerprint)s, %(key_ttl)s::float8 * interval '1 s', %(parent_run)s,
            %(parent_path)s, %(forked_from)s, %(forked_at)s, %(by)s,
            CASE WHEN %(status)s = 'running' THEN clock_timestamp() END,
            clock_timestamp() + %(timeout)s::float8 * interval '1 s')
    RETURNING id, created_at, started_at
), made AS (
    INSERT INTO pipelines_node
        (run_id, path, kind, status, attempt, fence, worker, lease_until, wake_at, queue, lock_key, opens, spare,
         input, output, started_at, finished_at)
    SELECT run.id, g.path, g.kind, g.status, (g.status = 'leased')::int, (g.status = 'leased')::int,
           CASE WHEN g.status = 'leased' THEN %(worker)s END,
           CASE WHEN g.status = 'leased' THEN clock_timestamp() + %(lease)s * interval '1 s' END,
           CASE WHEN g.delay > 0 THEN clock_timestamp() + g.delay * interval '1 s' END,
           g.queue, g.lock_key, g.opens, g.spare, g.input::json, g.output::json,
           CASE WHEN g.status = 'leased' THEN clock_timestamp() END,
           CASE WHEN g.status = 'done' THEN clock_timestamp() END
    FROM run, unnest(%(paths)s::text[], %(kinds)s::text[], %(statuses)s::text[], %(delays)s::float8[],
                     %(queues)s::text[], %(lock_keys)s::text[], %(opens)s::int[], %(spares)s::int[], %(inputs)s::text[],
                     %(outputs)s::text[])
        AS g(path, kind, status, delay, queue, lock_key, opens, spare, input, output)
    RETURNING path, status, queue, wake_at, lock_key
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, wake_at, lock_key)
    SELECT %(id)s, path, %(project)s, %(pipeline)s, queue, %(priority)s, coalesce(wake_at, clock_timestamp()), lock_key
    FROM made WHERE status = 'ready' OR status = 'waiting' AND wake_at IS NOT NULL
), told AS (
    INSERT INTO pipelines_event (project_id, run_id, kind, data)
    SELECT %(project)s, id, 'started', json_build_object('by', %(by)s::text) FROM run
)
SELECT created_at, started_at FROM run;

-- name: start_one
-- The same for a run with one first node that neither waits nor has a lock: the way most runs begin.
WITH run AS (
    INSERT INTO pipelines_run
        (id, project_id, pipeline, definition_hash, status, priority, active, compensates, input, trace_id, session,
         idempotency_key, fingerprint, key_ttl, parent_run, parent_path, forked_from, forked_at, started_by, started_at,
         deadline_at)
    SELECT %(id)s::uuid, %(project)s::int, %(pipeline)s::text, %(hash)s::text, %(status)s::text, %(priority)s::smallint, 1,
           %(compensates)s::bool, %(input)s::json, %(trace_id)s::uuid, %(session)s::text, %(key)s::text,
           %(fingerprint)s::text, %(key_ttl)s::float8 * interval '1 s', %(parent_run)s::uuid, %(parent_path)s::text,
           %(forked_from)s::uuid, %(forked_at)s::text, %(by)s::text,
           CASE WHEN %(status)s::text = 'running' THEN clock_timestamp() END,
           clock_timestamp() + %(timeout)s::float8 * interval '1 s'
    RETURNING id, created_at, started_at
), made AS (
    INSERT INTO pipelines_node
        (run_id, path, kind, status, attempt, fence, worker, lease_until, queue, input, started_at)
    SELECT id, %(path)s::text, %(kind)s::text, %(node_status)s::text, %(leased)s::int, %(leased)s::int, %(worker)s::text,
           clock_timestamp() + %(lease)s::float8 * interval '1 s', %(queue)s::text, %(node_input)s::json, started_at
    FROM run
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority)
    SELECT id, %(path)s::text, %(project)s::int, %(pipeline)s::text, %(queue)s::text, %(priority)s::smallint
    FROM run WHERE %(leased)s::int = 0
), told AS (
    INSERT INTO pipelines_event (project_id, run_id, kind, data)
    SELECT %(project)s::int, id, 'started', json_build_object('by', %(by)s::text) FROM run
)
SELECT created_at, started_at FROM run;

-- name: forget_key
-- An ended run's start key may be used again after its time.
UPDATE pipelines_run SET idempotency_key = NULL
WHERE project_id = %(project)s AND pipeline = %(pipeline)s AND idempotency_key = %(key)s
  AND finished_at + key_ttl <= clock_timestamp()
RETURNING id;

-- name: keyed
SELECT id FROM pipelines_run
WHERE project_id = %(project)s AND pipeline = %(pipeline)s AND idempotency_key = %(key)s;

-- name: run
SELECT id, project_id, pipeline, definition_hash, status, input, result, error, trace_id, idempotency_key, fingerprint,
       priority, session, parent_run, parent_path, forked_from, forked_at, cancel_requested, created_at, started_at,
       finished_at
FROM pipelines_run WHERE id = %(run)s AND project_id = %(project)s;

-- name: pending_reviews
SELECT id, version, path, expires_at FROM pipelines_review
WHERE run_id = %(run)s AND status = 'pending' ORDER BY created_at, id;

-- name: nodes
SELECT path, kind, status, attempt, fence, worker, input, output, error, wake_at, created_at, started_at, finished_at
FROM pipelines_node
WHERE run_id = %(run)s AND starts_with(path, %(prefix)s) AND (%(paths)s::text[] IS NULL OR path = ANY(%(paths)s))
ORDER BY seq;

-- name: events
SELECT id, at, kind, path, data FROM pipelines_event
WHERE run_id = %(run)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;

-- name: copy_runs
COPY pipelines_run (id, project_id, pipeline, definition_hash, priority, active, compensates, input, trace_id, session,
                    started_by, deadline_at, parent_run, parent_path, forked_from, forked_at) FROM STDIN;

-- name: copy_nodes
COPY pipelines_node (run_id, path, kind, status, queue, lock_key, opens, spare, input, output, wake_at) FROM STDIN;

-- name: copy_ready
COPY pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key, wake_at) FROM STDIN;

-- name: now
SELECT clock_timestamp();
