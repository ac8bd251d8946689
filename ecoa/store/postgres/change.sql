-- Changes of a run whose row is locked: whoever makes one holds the run, then its nodes, then their reviews.

-- name: lock_run
SELECT status, active, cancel_requested, compensates, parent_run, parent_path, pipeline, definition_hash, trace_id,
       project_id, session, extract(epoch FROM deadline_at - clock_timestamp())::float8, priority, result, error
FROM pipelines_run WHERE id = %(run)s FOR UPDATE;

-- name: look_at_run
SELECT status, active, cancel_requested, compensates, parent_run, parent_path, pipeline, definition_hash, trace_id,
       project_id, session, extract(epoch FROM deadline_at - clock_timestamp())::float8, priority, result, error
FROM pipelines_run WHERE id = %(run)s;

-- name: make_nodes
WITH made AS (
    INSERT INTO pipelines_node AS n
        (run_id, path, kind, status, attempt, fence, worker, lease_until, wake_at, queue, lock_key, opens, spare,
         input, output, started_at, finished_at)
    SELECT %(run)s, g.path, g.kind, g.status, (g.status = 'leased')::int, (g.status = 'leased')::int,
           CASE WHEN g.status = 'leased' THEN %(worker)s END,
           CASE WHEN g.status = 'leased' THEN clock_timestamp() + %(lease)s * interval '1 s' END,
           CASE WHEN g.delay > 0 THEN clock_timestamp() + g.delay * interval '1 s' END,
           g.queue, g.lock_key, g.opens, g.spare, g.input::json, g.output::json,
           CASE WHEN g.status = 'leased' THEN clock_timestamp() END,
           CASE WHEN g.status = 'done' THEN clock_timestamp() END
    FROM unnest(%(paths)s::text[], %(kinds)s::text[], %(statuses)s::text[], %(delays)s::float8[], %(queues)s::text[],
                %(lock_keys)s::text[], %(opens)s::int[], %(spares)s::int[], %(inputs)s::text[], %(outputs)s::text[])
        AS g(path, kind, status, delay, queue, lock_key, opens, spare, input, output)
    ON CONFLICT (run_id, path) DO UPDATE
    SET status = excluded.status, worker = excluded.worker, lease_until = excluded.lease_until, output = excluded.output,
        attempt = n.attempt + excluded.attempt, fence = n.fence + 1, opens = excluded.opens, spare = excluded.spare,
        wake_at = excluded.wake_at, input = excluded.input, error = NULL, state = NULL, finished_at = NULL
    WHERE n.status IN ('error', 'cancelled')
    RETURNING path, status, fence, attempt, wake_at, queue, lock_key
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, wake_at, lock_key)
    SELECT %(run)s, path, %(project)s, %(pipeline)s, queue, %(priority)s, coalesce(wake_at, clock_timestamp()), lock_key
    FROM made WHERE status = 'ready' OR status = 'waiting' AND wake_at IS NOT NULL
    ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at
)
SELECT path, status, fence, attempt FROM made;

-- name: make_ready
-- The queue's row of a node that is to be claimed, now or after a delay.
INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, wake_at, lock_key)
SELECT n.run_id, n.path, r.project_id, r.pipeline, n.queue, r.priority,
       clock_timestamp() + %(delay)s * interval '1 s', n.lock_key
FROM pipelines_node n JOIN pipelines_run r ON r.id = n.run_id
WHERE n.run_id = %(run)s AND n.path = %(path)s
ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at;

-- name: cancel_live
-- Cancel what has not ended, everywhere or inside a container; its reviews are closed. How many of it were runnable.
WITH seen AS (
    SELECT path, status FROM pipelines_node
    WHERE run_id = %(run)s AND status NOT IN ('done', 'error', 'cancelled') AND (status <> 'leased' OR %(leased)s)
      AND (%(inside)s::text IS NULL OR (starts_with(path, %(inside)s)
           AND substr(path, length(%(inside)s) + 1, 1) IN ('.', '[', '/', '@')))
    FOR UPDATE
), gone AS (
    UPDATE pipelines_node n
    SET status = 'cancelled', finished_at = clock_timestamp(), fence = n.fence + 1, error = %(error)s::json, worker = NULL,
        lease_until = NULL, wake_at = NULL
    FROM seen WHERE n.run_id = %(run)s AND n.path = seen.path
), unqueued AS (
    DELETE FROM pipelines_ready q USING seen WHERE q.run_id = %(run)s AND q.path = seen.path
), closed AS (
    UPDATE pipelines_review v
    SET status = 'cancelled', decided_at = clock_timestamp(), decided_via = 'cancel', decided_by = %(by)s,
        comment = %(reason)s, escalate_at = NULL
    FROM seen WHERE v.run_id = %(run)s AND v.path = seen.path AND v.status = 'pending'
    RETURNING v.id, v.project_id, v.notify
), told AS (
    INSERT INTO pipelines_message (project_id, review_id, channel, occasion)
    SELECT project_id, id, 'slack', 'closed' FROM closed WHERE 'slack' = ANY(notify)
    ON CONFLICT DO NOTHING
)
SELECT count(*) FILTER (WHERE status IN ('ready', 'leased', 'waiting')) FROM seen;

-- name: is_paused
SELECT EXISTS (SELECT FROM pipelines_node WHERE run_id = %(run)s AND status = 'paused');

-- name: is_compensated
SELECT EXISTS (SELECT FROM pipelines_node WHERE run_id = %(run)s AND path = '$compensate');

-- name: count_active
SELECT count(*) FILTER (WHERE status IN ('ready', 'leased', 'waiting')) FROM pipelines_node WHERE run_id = %(run)s;

-- name: set_run
UPDATE pipelines_run
SET status = %(status)s, active = %(active)s, result = %(result)s, error = %(error)s,
    cancel_requested = %(cancel_requested)s,
    resumed = resumed OR status IN ('paused', 'held'),
    paused_at = CASE WHEN %(status)s = 'paused' AND status <> 'paused' THEN clock_timestamp() ELSE paused_at END,
    started_at = coalesce(started_at, clock_timestamp()),
    finished_at = CASE WHEN %(status)s IN ('success', 'error', 'rejected', 'cancelled')
                       THEN coalesce(finished_at, clock_timestamp()) END
WHERE id = %(run)s;

-- name: take_signal
-- A signal that came before anyone waited for it wakes the node at once.
WITH taken AS (
    UPDATE pipelines_signal s SET taken_by = %(path)s
    FROM (SELECT key FROM pipelines_signal WHERE run_id = %(run)s AND name = %(name)s AND taken_by IS NULL
          ORDER BY at LIMIT 1) first
    WHERE s.run_id = %(run)s AND s.name = %(name)s AND s.key = first.key
    RETURNING s.run_id
), woken AS (
    UPDATE pipelines_node n SET status = 'ready', wake_at = NULL
    FROM taken WHERE n.run_id = %(run)s AND n.path = %(path)s AND n.status = 'waiting'
    RETURNING n.run_id, n.path, n.queue, n.lock_key
)
INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
SELECT w.run_id, w.path, r.project_id, r.pipeline, w.queue, r.priority, w.lock_key
FROM woken w JOIN pipelines_run r ON r.id = w.run_id
ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at;

-- name: wake_parent
WITH woken AS (
    UPDATE pipelines_node n SET status = 'ready', wake_at = NULL
    FROM pipelines_run child
    WHERE child.id = %(run)s AND n.run_id = child.parent_run AND n.path = child.parent_path AND n.status = 'waiting'
    RETURNING n.run_id, n.path, n.queue, n.lock_key
)
INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
SELECT w.run_id, w.path, r.project_id, r.pipeline, w.queue, r.priority, w.lock_key
FROM woken w JOIN pipelines_run r ON r.id = w.run_id
ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at;

-- name: record
INSERT INTO pipelines_event (project_id, run_id, path, kind, data)
SELECT %(project)s, %(run)s, g.path, g.kind, g.data::json
FROM unnest(%(paths)s::text[], %(kinds)s::text[], %(data)s::text[]) AS g(path, kind, data);
