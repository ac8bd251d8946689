-- The completion of a transactional agent, on Django's connection.

-- name: find
SELECT result::text FROM pipelines_effect WHERE key = %(key)s AND status = 'done';

-- name: complete
-- Only for whoever holds the node: a later one waits for this lock, and then finds the entry.
WITH held AS (
    SELECT r.project_id FROM pipelines_node n JOIN pipelines_run r ON r.id = n.run_id
    WHERE n.run_id = %(run)s AND n.path = %(node)s AND n.fence = %(fence)s AND n.status = 'leased'
    FOR NO KEY UPDATE OF n
)
INSERT INTO pipelines_effect (key, project_id, scope, path, effect, status, digest, fence, result, settled_at)
SELECT %(key)s, project_id, %(run)s, %(path)s, 'transactional', 'done', '', %(fence)s, %(result)s::json, clock_timestamp()
FROM held;
