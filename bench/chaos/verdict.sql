-- name: runs
-- Every order's run: how it ended and what its nodes, reviews and effects say.
SELECT run.idempotency_key                                                                     AS order_id,
       run.status,
       (run.input ->> 'cents')::int                                                            AS cents,
       (SELECT array_agg(review.status ORDER BY review.created_at)
          FROM pipelines_review review WHERE review.run_id = run.id AND review.path = 'review') AS reviews,
       (SELECT status FROM pipelines_effect WHERE scope = run.id::text AND path = 'charge')    AS charge,
       (SELECT status FROM pipelines_effect WHERE scope = run.id::text AND path = 'ship')      AS ship,
       (SELECT status FROM pipelines_node node WHERE node.run_id = run.id AND path = 'ship')   AS ship_node
FROM   pipelines_run run
WHERE  run.pipeline = 'chaos-orders';

-- name: voted_twice
-- Reviews that more than one vote decided.
SELECT review_id, count(*) FROM pipelines_vote GROUP BY review_id HAVING count(*) > 1;

-- name: violations
-- What the triggers of watch.sql wrote down.
SELECT what, count(*), min(about) FROM chaos_violation GROUP BY what;

-- name: at_work
-- Runs that a worker will still change.
SELECT count(*) FROM pipelines_run WHERE finished_at IS NULL AND active > 0;

-- name: awaiting
-- Gates that nobody decided yet.
SELECT count(*) FROM pipelines_review WHERE status = 'pending' AND path = 'review';

-- name: stuck
-- Orders that failed (to be sent again), and steps other than the guarded one that are held after three takeovers.
SELECT run.id::text, run.input, CASE WHEN run.status <> 'error' THEN node.path END
FROM   pipelines_run run
LEFT   JOIN pipelines_node node ON node.run_id = run.id AND node.status = 'held' AND node.path <> 'ship'
WHERE  run.status = 'error' OR node.error ->> 'type' = 'Poison';

-- name: takeovers
-- Nodes that went from a lost worker to another.
SELECT coalesce(sum(takeovers), 0) FROM pipelines_node;
