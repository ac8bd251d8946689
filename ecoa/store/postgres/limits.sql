-- Breakers and limiters of the whole fleet.

-- name: breaker
SELECT name, state, extract(epoch FROM clock_timestamp() - opened_at)::float8,
       greatest(extract(epoch FROM retry_at - clock_timestamp()), 0)::float8, wait, version
FROM pipelines_breaker WHERE project_id = %(project)s AND name = %(name)s;

-- name: trip
-- Open it; one that is open, or that a person holds, stays as it is.
WITH tripped AS (
    INSERT INTO pipelines_breaker AS b (project_id, name, state, reason, wait, opened_at, retry_at)
    VALUES (%(project)s, %(name)s, 'open', %(reason)s, %(wait)s, clock_timestamp(),
            clock_timestamp() + %(wait)s * interval '1 s')
    ON CONFLICT (project_id, name) DO UPDATE
    SET state = 'open', reason = excluded.reason, wait = excluded.wait, opened_at = excluded.opened_at,
        retry_at = excluded.retry_at, probe_by = NULL, probe_until = NULL, version = b.version + 1,
        changed_at = clock_timestamp()
    WHERE b.state <> 'open' AND b.pinned_by IS NULL
    RETURNING project_id, name, state, reason
)
INSERT INTO pipelines_breaker_change (project_id, name, state, reason, by)
SELECT project_id, name, state, reason, '' FROM tripped;

-- name: probe
WITH taken AS (
    UPDATE pipelines_breaker
    SET state = 'half_open', probe_by = %(worker)s, probe_until = clock_timestamp() + %(lease)s * interval '1 s',
        version = version + 1, changed_at = clock_timestamp()
    WHERE project_id = %(project)s AND name = %(name)s AND pinned_by IS NULL
      AND (state = 'open' AND retry_at <= clock_timestamp() OR state = 'half_open' AND probe_until <= clock_timestamp())
    RETURNING project_id, name, state
)
INSERT INTO pipelines_breaker_change (project_id, name, state, by)
SELECT project_id, name, state, %(worker)s FROM taken RETURNING id;

-- name: close
WITH closed AS (
    INSERT INTO pipelines_breaker AS b (project_id, name) VALUES (%(project)s, %(name)s)
    ON CONFLICT (project_id, name) DO UPDATE
    SET state = 'closed', reason = '', opened_at = NULL, retry_at = NULL, probe_by = NULL, probe_until = NULL,
        version = b.version + 1, changed_at = clock_timestamp()
    WHERE b.state <> 'closed' AND b.pinned_by IS NULL
    RETURNING project_id, name, state
)
INSERT INTO pipelines_breaker_change (project_id, name, state, by)
SELECT project_id, name, state, %(by)s FROM closed;

-- name: reserve
-- Take from every bucket or from none: seconds to wait, and how many of the buckets exist.
WITH given AS (
    SELECT * FROM unnest(%(dimensions)s::text[], %(capacities)s::float8[], %(amounts)s::float8[])
        AS g(dimension, capacity, amount)
), buckets AS (
    SELECT l.dimension, g.capacity, g.amount, l.blocked_until,
           least(g.capacity, l.level + extract(epoch FROM clock_timestamp() - l.updated_at)::float8 * g.capacity / 60)
               AS level
    FROM pipelines_limiter l JOIN given g USING (dimension)
    WHERE l.project_id = %(project)s AND l.name = %(name)s
    ORDER BY l.dimension
    FOR UPDATE OF l
), verdict AS (
    SELECT count(*) AS known,
           greatest(max((least(amount, capacity) - level) * 60 / capacity),
                    max(extract(epoch FROM blocked_until - clock_timestamp())::float8)) AS wait
    FROM buckets
), taken AS (
    UPDATE pipelines_limiter l
    SET level = b.level - b.amount, capacity = b.capacity, updated_at = clock_timestamp()
    FROM buckets b, verdict v
    WHERE l.project_id = %(project)s AND l.name = %(name)s AND l.dimension = b.dimension
      AND v.wait <= 1e-9 AND v.known = cardinality(%(dimensions)s::text[])
)
SELECT greatest(wait, 0), known FROM verdict;

-- name: fill
-- Buckets begin full, and as blocked as their siblings.
INSERT INTO pipelines_limiter (project_id, name, dimension, capacity, level, blocked_until)
SELECT %(project)s, %(name)s, g.dimension, g.capacity, g.capacity,
       (SELECT max(blocked_until) FROM pipelines_limiter WHERE project_id = %(project)s AND name = %(name)s)
FROM unnest(%(dimensions)s::text[], %(capacities)s::float8[]) AS g(dimension, capacity)
ON CONFLICT DO NOTHING;

-- name: adjust
UPDATE pipelines_limiter l SET level = l.level - g.amount
FROM unnest(%(dimensions)s::text[], %(amounts)s::float8[]) AS g(dimension, amount)
WHERE l.project_id = %(project)s AND l.name = %(name)s AND l.dimension = g.dimension;

-- name: block
-- All of its buckets; a row of its own remembers it where there is none yet.
WITH blocked AS (
    UPDATE pipelines_limiter
    SET blocked_until = greatest(blocked_until, clock_timestamp() + %(seconds)s * interval '1 s')
    WHERE project_id = %(project)s AND name = %(name)s
    RETURNING name
)
INSERT INTO pipelines_limiter (project_id, name, dimension, capacity, level, blocked_until)
SELECT %(project)s, %(name)s, '', 0, 0, clock_timestamp() + %(seconds)s * interval '1 s'
WHERE NOT EXISTS (SELECT FROM blocked)
ON CONFLICT DO NOTHING;
