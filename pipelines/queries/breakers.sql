-- name: breakers
-- Breakers of a project, those that are not closed first, with how often they opened in a window.
SELECT b.name, b.state, b.reason, b.wait, b.opened_at, b.retry_at, b.probe_by, b.probe_until, b.version, b.pinned_by,
       b.changed_at,
       (SELECT count(*)::int FROM pipelines_breaker_change c WHERE c.project_id = b.project_id AND c.name = b.name
        AND c.state = 'open' AND c.at >= %(start)s AND c.at < %(end)s)
FROM pipelines_breaker b
WHERE b.project_id = %(project)s
ORDER BY array_position(ARRAY['open', 'half_open', 'closed'], b.state), b.changed_at DESC, b.name
LIMIT 500

-- name: not_closed
-- The names and states of breakers that let nobody, or one probe, through.
SELECT name, state FROM pipelines_breaker WHERE project_id = %(project)s AND state <> 'closed' ORDER BY name LIMIT 500

-- name: changes
-- What breakers did, newest first.
SELECT id, name, state, reason, by, at
FROM pipelines_breaker_change
WHERE project_id = %(project)s AND (%(name)s = '' OR name = %(name)s) AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s

-- name: limiters
-- Limiters of a project with what may be taken now: levels refill by a sixtieth of the capacity a second.
SELECT name, dimension, capacity,
       least(capacity, level + capacity / 60 * greatest(extract(epoch FROM now() - updated_at), 0))::float8,
       CASE WHEN blocked_until > now() THEN blocked_until END, updated_at
FROM pipelines_limiter
WHERE project_id = %(project)s
ORDER BY name, dimension
LIMIT 500
