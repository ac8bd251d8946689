-- name: open
-- A person holds it open: nobody probes until it is closed by hand.
WITH changed AS (
    INSERT INTO pipelines_breaker AS b (project_id, name, state, reason, opened_at, pinned_by)
    VALUES (%(project)s, %(name)s, 'open', %(reason)s, clock_timestamp(), %(by)s)
    ON CONFLICT (project_id, name) DO UPDATE
    SET state = 'open', reason = excluded.reason, opened_at = excluded.opened_at, retry_at = NULL, probe_by = NULL,
        probe_until = NULL, pinned_by = excluded.pinned_by, version = b.version + 1, changed_at = clock_timestamp()
    RETURNING project_id, name
)
INSERT INTO pipelines_breaker_change (project_id, name, state, reason, by)
SELECT project_id, name, 'open', %(reason)s, %(by)s FROM changed RETURNING id;

-- name: close
-- Closed by a person: held so, or from now on by its own rule again. No row when there is no such breaker.
WITH changed AS (
    UPDATE pipelines_breaker
    SET    state = 'closed', reason = '', opened_at = NULL, retry_at = NULL, probe_by = NULL, probe_until = NULL,
           pinned_by = CASE WHEN %(hold)s THEN %(by)s END, version = version + 1, changed_at = clock_timestamp()
    WHERE  project_id = %(project)s AND name = %(name)s
    RETURNING project_id, name
)
INSERT INTO pipelines_breaker_change (project_id, name, state, reason, by)
SELECT project_id, name, 'closed', %(reason)s, %(by)s FROM changed RETURNING id;

-- name: exists
SELECT EXISTS (SELECT FROM pipelines_breaker WHERE project_id = %(project)s AND name = %(name)s);
