-- What people and programs do to runs from outside.

-- name: children
SELECT id FROM pipelines_run WHERE parent_run = %(run)s AND finished_at IS NULL;

-- name: revive
-- Nodes that failed (or the one asked for) become ready again, with their places in the queue, and so does what was
-- cancelled with them; containers open, and may do without as many branches as before. A branch that its quorum did
-- without stays failed. How many.
WITH failed AS (
    SELECT n.path, c.path AS container
    FROM pipelines_node n LEFT JOIN pipelines_node c ON c.run_id = n.run_id AND c.path = n.error ->> 'spared'
    WHERE n.run_id = %(run)s AND n.status = 'error' AND (%(path)s::text IS NULL OR n.path = %(path)s)
      AND c.status IS DISTINCT FROM 'done'
), revived AS (
    UPDATE pipelines_node n
    SET status = CASE WHEN opens > 0 OR kind IN ('container', 'parallel') THEN 'open' ELSE 'ready' END,
        error = NULL, output = NULL, finished_at = NULL, wake_at = NULL, takeovers = 0, fence = fence + 1,
        decision = CASE WHEN decision ->> 'decision' <> 'reject' THEN decision END, -- what was rejected is asked anew
        spare = spare + (SELECT count(*) FROM failed f WHERE f.container = n.path)
    WHERE run_id = %(run)s
      AND (path = %(path)s::text AND status IN ('error', 'cancelled', 'held', 'unknown')
           OR path IN (SELECT f.path FROM failed f)
           OR status = 'open' AND path IN (SELECT f.container FROM failed f)
           OR status = 'cancelled' AND error ->> 'type' IN ('RunEnded', 'Cancelled')
           OR status = 'cancelled' AND error ->> 'type' = 'BranchFailed'
              AND (%(path)s::text IS NULL OR starts_with(%(path)s, (error ->> 'branch') || '.'))
              AND NOT EXISTS (SELECT FROM pipelines_node c
                              WHERE c.run_id = n.run_id AND c.path = n.error ->> 'spared' AND c.status = 'done'))
    RETURNING run_id, path, status, queue, lock_key
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
    SELECT v.run_id, v.path, r.project_id, r.pipeline, v.queue, r.priority, v.lock_key
    FROM revived v JOIN pipelines_run r ON r.id = v.run_id
    WHERE v.status = 'ready'
    ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at
)
SELECT count(*) FILTER (WHERE %(path)s::text IS NULL OR path = %(path)s) FROM revived;

-- name: release
WITH released AS (
    UPDATE pipelines_node SET status = 'ready', decision = %(decision)s, takeovers = 0, wake_at = NULL, fence = fence + 1
    WHERE run_id = %(run)s AND path = %(path)s AND status IN ('held', 'unknown')
    RETURNING run_id, path, queue, lock_key
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
    SELECT v.run_id, v.path, r.project_id, r.pipeline, v.queue, r.priority, v.lock_key
    FROM released v JOIN pipelines_run r ON r.id = v.run_id
    ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at
)
SELECT count(*) FROM released;

-- name: migrate
UPDATE pipelines_run SET definition_hash = %(hash)s WHERE id = %(run)s;

-- name: hold
-- What waits for its turn is held. How many nodes.
WITH held AS (
    UPDATE pipelines_node SET status = 'held', error = %(error)s::json, wake_at = NULL
    WHERE run_id = %(run)s AND status IN ('ready', 'waiting')
    RETURNING path
), unqueued AS (
    DELETE FROM pipelines_ready q USING held WHERE q.run_id = %(run)s AND q.path = held.path
)
SELECT count(*) FROM held;

-- name: keep_signal
INSERT INTO pipelines_signal (run_id, name, key, value)
VALUES (%(run)s, %(name)s, %(key)s, %(value)s)
ON CONFLICT DO NOTHING RETURNING run_id;

-- name: who_waits
SELECT path FROM pipelines_node
WHERE run_id = %(run)s AND status = 'waiting' AND signal = %(name)s ORDER BY seq LIMIT 1;
