-- The ledger of things done to the world.

-- name: intend
-- The intent, committed before the call by whoever holds the node. What failed for certain may be intended again.
WITH held AS (
    SELECT 1 FROM pipelines_node
    WHERE %(fence)s::bigint IS NOT NULL AND run_id = %(run)s::uuid AND path = ANY(%(paths)s) AND fence = %(fence)s
      AND status = 'leased'
    FOR NO KEY UPDATE
), allowed AS (
    SELECT %(fence)s::bigint IS NULL OR EXISTS (SELECT FROM held) AS yes
), made AS (
    INSERT INTO pipelines_effect AS e (key, project_id, scope, path, effect, status, digest, fence, key_until)
    SELECT %(key)s, %(project)s, %(scope)s, %(path)s, %(effect)s, 'intended', %(digest)s, %(fence)s,
           clock_timestamp() + %(ttl)s::float8 * interval '1 s'
    FROM allowed WHERE yes
    ON CONFLICT (key) DO UPDATE SET status = 'intended', fence = excluded.fence, result = NULL, settled_at = NULL
    WHERE e.status = 'failed' AND e.digest = excluded.digest
    RETURNING key, scope, path, effect, status, first_used_at, result, digest
)
SELECT allowed.yes, true, made.* FROM allowed, made
UNION ALL
SELECT allowed.yes, false, key, scope, path, effect, status, first_used_at, result, digest
FROM allowed LEFT JOIN pipelines_effect ON key = %(key)s
WHERE NOT EXISTS (SELECT FROM made);

-- name: settle
UPDATE pipelines_effect SET status = %(status)s, result = %(result)s, settled_at = clock_timestamp()
WHERE key = %(key)s AND status <> 'done';

-- name: effects
SELECT key, scope, path, effect, status, first_used_at, result FROM pipelines_effect
WHERE scope = %(run)s ORDER BY first_used_at, key;
