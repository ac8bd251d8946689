-- Workers: who lives, what they hold, and what becomes of it when they do not.

-- name: enroll
INSERT INTO pipelines_worker (id, lock_key, host, pid, pipelines, slots)
VALUES (%(worker)s, %(lock)s, %(host)s, %(pid)s, %(pipelines)s, %(slots)s)
ON CONFLICT (id) DO UPDATE
SET lock_key = excluded.lock_key, beat_at = now(), missed_at = NULL, pipelines = excluded.pipelines,
    slots = excluded.slots;

-- name: beat
-- Alive, and still at these nodes. Those that are to stop: lost, or their run is being cancelled.
WITH alive AS (
    UPDATE pipelines_worker SET beat_at = clock_timestamp() WHERE id = %(worker)s
), held AS (
    SELECT * FROM unnest(%(runs)s::uuid[], %(paths)s::text[], %(fences)s::bigint[]) AS h(run_id, path, fence)
), extended AS (
    UPDATE pipelines_node n SET lease_until = clock_timestamp() + %(lease)s * interval '1 s'
    FROM held h
    WHERE n.run_id = h.run_id AND n.path = h.path AND n.fence = h.fence AND n.status = 'leased'
      AND n.worker = %(worker)s
    RETURNING n.run_id, n.path
)
SELECT h.run_id, h.path FROM held h
LEFT JOIN extended e ON e.run_id = h.run_id AND e.path = h.path
LEFT JOIN pipelines_run r ON r.id = h.run_id
WHERE e.run_id IS NULL OR r.cancel_requested;

-- name: known
SELECT id FROM pipelines_worker WHERE id = %(worker)s;

-- name: gone
-- Workers whose session lock is free for the second time, a second apart (after a restart of the server every lock is,
-- until its worker is back), or that were silent for too long.
WITH held AS (
    SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), seen AS (
    SELECT w.id, w.missed_at, w.lock_key IN (SELECT key FROM held) AS locked,
           w.beat_at < clock_timestamp() - %(lease)s * interval '1 s' AS silent
    FROM pipelines_worker w
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE pipelines_worker w
    SET missed_at = CASE WHEN NOT s.locked THEN coalesce(w.missed_at, clock_timestamp()) END
    FROM seen s WHERE w.id = s.id AND (s.missed_at IS NULL) <> s.locked
)
SELECT id FROM seen
WHERE silent OR (NOT locked AND missed_at < clock_timestamp() - interval '1 s');

-- name: held_by_gone
-- What they held, and what nobody has spoken for since its lease ended.
SELECT run_id, array_agg(path ORDER BY path) FROM pipelines_node
WHERE status = 'leased' AND (worker = ANY(%(workers)s) OR lease_until < clock_timestamp())
GROUP BY run_id ORDER BY run_id;

-- name: held_by
SELECT run_id, array_agg(path ORDER BY path) FROM pipelines_node
WHERE status = 'leased' AND worker = %(worker)s
GROUP BY run_id ORDER BY run_id;

-- name: take_back
-- Whoever still writes at the old fence writes nothing. `counts`: a takeover; too many of them and a person must look.
WITH taken AS (
    UPDATE pipelines_node n
    SET fence = fence + 1, takeovers = takeovers + %(counts)s, attempt = attempt - (1 - %(counts)s), lease_until = NULL,
        status = CASE WHEN takeovers + %(counts)s >= %(poison)s AND %(counts)s = 1 THEN 'held' ELSE 'ready' END,
        error = CASE WHEN takeovers + %(counts)s >= %(poison)s AND %(counts)s = 1
                     THEN json_build_object('type', 'Poison', 'message',
                                            takeovers + %(counts)s || ' workers died at ' || path) END
    WHERE run_id = %(run)s AND path = ANY(%(paths)s) AND status = 'leased'
      AND (worker = ANY(%(workers)s) OR lease_until < clock_timestamp())
    RETURNING run_id, path, status, queue, lock_key, worker, takeovers, error
), queued AS (
    INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
    SELECT t.run_id, t.path, r.project_id, r.pipeline, t.queue, r.priority, t.lock_key
    FROM taken t JOIN pipelines_run r ON r.id = t.run_id
    WHERE t.status = 'ready'
    ON CONFLICT (run_id, path) DO UPDATE SET wake_at = excluded.wake_at
)
SELECT path, status, worker, takeovers, error FROM taken;

-- name: forget
DELETE FROM pipelines_worker WHERE id = ANY(%(workers)s);

-- name: overdue
SELECT id FROM pipelines_run
WHERE deadline_at <= clock_timestamp() AND finished_at IS NULL AND project_id = %(project)s AND status <> 'compensating'
ORDER BY deadline_at LIMIT 100;
