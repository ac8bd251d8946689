-- Turns of nodes: how they are claimed, handed over and ended.

-- name: step
-- The way most turns go, in one commit: the node ends, the next one is leased to the same worker. No row when it must
-- go the long way: the fence is another's, or the run is being cancelled or over. So must a node that is there already:
-- ON CONFLICT would cost every step a second record of the insert in the log.
WITH run AS (
    SELECT status, pipeline, definition_hash, trace_id, project_id, session, deadline_at FROM pipelines_run
    WHERE id = %(run)s::uuid AND status IN ('running', 'compensating') AND NOT cancel_requested
), done AS (
    UPDATE pipelines_node n
    SET status = %(status)s::text, output = %(output)s::json, error = %(error)s::json, state = NULL, worker = NULL,
        lease_until = NULL, attempt = attempt + %(more)s::int, finished_at = clock_timestamp()
    FROM run
    WHERE n.run_id = %(run)s::uuid AND n.path = %(path)s AND n.fence = %(fence)s::bigint AND n.status = 'leased'
    RETURNING n.run_id
), made AS (
    INSERT INTO pipelines_node
        (run_id, path, kind, status, attempt, fence, worker, lease_until, queue, input, started_at)
    SELECT run_id, %(next)s::text, %(kind)s::text, 'leased', 1, 1, %(worker)s::text,
           clock_timestamp() + %(lease)s::float8 * interval '1 s',
           %(queue)s::text, %(input)s::json, clock_timestamp()
    FROM done
)
SELECT run.status, run.pipeline, run.definition_hash, run.trace_id, run.project_id, run.session,
       extract(epoch FROM run.deadline_at - clock_timestamp())::float8
FROM run, done;

-- name: last
-- The last turn of a run in which nothing else goes on, in one commit. No row when it must go the long way.
WITH run AS (
    SELECT id FROM pipelines_run
    WHERE id = %(run)s::uuid AND status = 'running' AND NOT cancel_requested AND active = 1 AND parent_run IS NULL
      AND (NOT compensates OR %(ends)s::text = 'success')
      AND NOT EXISTS (SELECT FROM pipelines_node
                      WHERE run_id = %(run)s::uuid AND status IN ('paused', 'open', 'unknown', 'held'))
    FOR UPDATE
), done AS (
    UPDATE pipelines_node n
    SET status = %(status)s::text, output = %(output)s::json, error = %(error)s::json, state = NULL, worker = NULL,
        lease_until = NULL, attempt = attempt + %(more)s::int, finished_at = clock_timestamp()
    FROM run
    WHERE n.run_id = %(run)s::uuid AND n.path = %(path)s AND n.fence = %(fence)s::bigint AND n.status = 'leased'
    RETURNING n.run_id
), ended AS (
    UPDATE pipelines_run r
    SET status = %(ends)s::text, result = %(result)s::json, error = %(error)s::json, active = 0,
        finished_at = clock_timestamp()
    FROM done WHERE r.id = done.run_id
    RETURNING r.id, r.project_id, r.status
)
INSERT INTO pipelines_event (project_id, run_id, kind) SELECT project_id, id, status FROM ended
RETURNING kind;

-- name: claim
-- Whatever is ready by priority and age, taken from the queue and leased in one commit. A run that was only queued runs.
WITH picked AS (
    SELECT q.run_id, q.path
    FROM unnest(%(queues)s::text[]) AS asked(queue), LATERAL (
        SELECT r.run_id, r.path, r.priority, r.wake_at FROM pipelines_ready r
        WHERE r.project_id = %(project)s AND r.queue = asked.queue AND r.pipeline = ANY(%(pipelines)s)
          AND r.wake_at <= clock_timestamp()
          AND (r.lock_key IS NULL OR NOT EXISTS (
              SELECT FROM pipelines_node n WHERE n.lock_key = r.lock_key AND n.status = 'leased'))
        ORDER BY r.priority DESC, r.wake_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) q
    ORDER BY q.priority DESC, q.wake_at
    LIMIT %(limit)s
), gone AS (
    DELETE FROM pipelines_ready q USING picked p WHERE q.run_id = p.run_id AND q.path = p.path
    RETURNING q.run_id, q.path
), leased AS (
    UPDATE pipelines_node n
    SET status = 'leased', fence = n.fence + 1, attempt = n.attempt + 1, worker = %(worker)s, wake_at = NULL,
        lease_until = clock_timestamp() + %(lease)s::float8 * interval '1 s', started_at = coalesce(n.started_at, clock_timestamp())
    FROM gone WHERE n.run_id = gone.run_id AND n.path = gone.path AND n.status IN ('ready', 'waiting')
    RETURNING n.run_id, n.path, n.kind, n.fence, n.attempt, n.takeovers, n.input, n.decision, n.signal, n.state
), begun AS (
    UPDATE pipelines_run r
    SET status = 'running', started_at = coalesce(started_at, clock_timestamp()), resumed = r.status <> 'queued'
    FROM (SELECT DISTINCT run_id FROM leased) l
    WHERE r.id = l.run_id AND r.status IN ('queued', 'paused', 'held')
)
SELECT l.run_id, l.path, l.kind, l.fence, l.attempt, l.takeovers, l.input, l.decision, l.state,
       CASE WHEN l.signal IS NOT NULL THEN (
           SELECT s.value FROM pipelines_signal s WHERE s.run_id = l.run_id AND s.name = l.signal AND s.taken_by = l.path
           ORDER BY s.at DESC LIMIT 1) END,
       r.pipeline, r.definition_hash, r.trace_id, r.project_id, r.session,
       extract(epoch FROM r.deadline_at - clock_timestamp())::float8, r.cancel_requested,
       l.decision IS NOT NULL
FROM leased l JOIN pipelines_run r ON r.id = l.run_id;
