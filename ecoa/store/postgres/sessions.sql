-- Values of sessions, by owner and key. None expires while a run of its session is unfinished.

-- name: read
UPDATE pipelines_session s
SET expires_at = clock_timestamp() + s.ttl
WHERE s.project_id = %(project)s AND s.owner = %(owner)s
  AND (s.expires_at > clock_timestamp() OR EXISTS (
      SELECT FROM pipelines_run r
      WHERE r.project_id = %(project)s AND r.session = %(owner)s AND r.finished_at IS NULL))
RETURNING key, value, version;

-- name: write
WITH given AS (
    SELECT * FROM unnest(%(keys)s::text[], %(values)s::text[], %(expected)s::bigint[]) AS g(key, value, expected)
), slid AS (
    UPDATE pipelines_session SET expires_at = clock_timestamp() + ttl
    WHERE project_id = %(project)s AND owner = %(owner)s AND expires_at > clock_timestamp()
      AND key NOT IN (SELECT key FROM given)
), deleted AS (
    DELETE FROM pipelines_session s USING given g
    WHERE s.project_id = %(project)s AND s.owner = %(owner)s AND s.key = g.key AND g.value IS NULL
      AND (g.expected IS NULL OR s.version = g.expected)
    RETURNING s.key, 0::bigint AS version
), written AS (
    INSERT INTO pipelines_session AS s (project_id, owner, key, value, version, ttl, expires_at)
    SELECT %(project)s, %(owner)s, g.key, g.value::json, nextval('pipelines_session_version'), %(ttl)s * interval '1 s',
           clock_timestamp() + %(ttl)s * interval '1 s'
    FROM given g
    WHERE g.value IS NOT NULL AND (coalesce(g.expected, 0) = 0 OR EXISTS (
        SELECT FROM pipelines_session o WHERE o.project_id = %(project)s AND o.owner = %(owner)s AND o.key = g.key))
    ORDER BY g.key
    ON CONFLICT (project_id, owner, key) DO UPDATE
    SET value = excluded.value, version = excluded.version, ttl = excluded.ttl, expires_at = excluded.expires_at
    WHERE coalesce((SELECT g.expected FROM given g WHERE g.key = excluded.key), s.version) = s.version
       OR (s.expires_at <= clock_timestamp() AND (SELECT g.expected FROM given g WHERE g.key = excluded.key) = 0)
    RETURNING s.key, s.version
)
SELECT key, version FROM written UNION ALL SELECT key, version FROM deleted
UNION ALL
SELECT key, 0 FROM given g
WHERE g.value IS NULL AND coalesce(g.expected, 0) = 0 AND NOT EXISTS (
    SELECT FROM pipelines_session s WHERE s.project_id = %(project)s AND s.owner = %(owner)s AND s.key = g.key);
