-- name: runs
-- Every refund's run: how it ended, what its review says, and how often each thing was done to it.
SELECT run.input ->> 'refund'                                                                   AS refund,
       run.status,
       review.id::text                                                                          AS review,
       review.status                                                                            AS verdict,
       review.decided_by,
       review.decided_via,
       (SELECT count(*) FROM pipelines_review other WHERE other.run_id = run.id)                AS reviews,
       (SELECT count(*) FROM pipelines_vote WHERE review_id = review.id)                        AS votes,
       (SELECT count(*) FROM pipelines_event event
         WHERE event.run_id = run.id AND event.kind = 'decision')                               AS decisions,
       (SELECT count(*) FROM pipelines_node node WHERE node.run_id = run.id AND path = 'pay')    AS resumes,
       (SELECT coalesce(sum(takeovers), 0) FROM pipelines_node node WHERE node.run_id = run.id)  AS takeovers
FROM   pipelines_run run
JOIN   pipelines_review review ON review.run_id = run.id
WHERE  run.pipeline = 'racing-refunds';

-- name: unfinished
-- Runs that go on.
SELECT count(*) FROM pipelines_run WHERE pipeline = 'racing-refunds' AND finished_at IS NULL;

-- name: victims
-- Workers amid payments. None that would be the third to die at the same one.
SELECT   worker.pid
FROM     pipelines_worker worker
JOIN     pipelines_node node ON node.worker = worker.id AND node.status = 'leased'
WHERE    worker.pid = ANY(%(ours)s)
GROUP BY worker.pid
HAVING   bool_or(node.path = 'pay') AND max(node.takeovers) < 2;
