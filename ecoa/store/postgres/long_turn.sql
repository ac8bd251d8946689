-- What a long turn writes, beside what any change of a run does.

-- name: lock_node
SELECT status, fence, worker, attempt FROM pipelines_node WHERE run_id = %(run)s AND path = %(path)s FOR UPDATE;

-- name: end_node
UPDATE pipelines_node
SET status = %(status)s, output = %(output)s, error = %(error)s, state = %(state)s, signal = %(signal)s,
    worker = NULL, lease_until = NULL, attempt = attempt + %(more)s,
    wake_at = CASE WHEN %(delay)s > 0 THEN clock_timestamp() + %(delay)s * interval '1 s' END,
    decision = NULL,
    finished_at = CASE WHEN %(status)s IN ('done', 'error', 'cancelled') THEN clock_timestamp() END
WHERE run_id = %(run)s AND path = %(path)s;

-- name: count_down
-- A child of a container ended; at 0 the container is done.
UPDATE pipelines_node
SET opens = opens - %(done)s, spare = spare - %(failed)s,
    status = CASE WHEN opens - %(done)s <= 0 THEN 'done' ELSE status END,
    finished_at = CASE WHEN opens - %(done)s <= 0 THEN clock_timestamp() END
WHERE run_id = %(run)s AND path = %(container)s AND status = 'open'
RETURNING opens, spare;

-- name: make_review
WITH made AS (
    INSERT INTO pipelines_review
        (id, project_id, run_id, path, title, reason, payload, schema, digest, groups, quorum, may_edit, expires_at,
         on_expire, escalate, escalate_at, notify, context)
    VALUES (%(id)s, %(project)s, %(run)s, %(path)s, %(title)s, %(reason)s, %(payload)s, %(schema)s, %(digest)s,
            %(groups)s, %(quorum)s, %(may_edit)s, now() + %(expires_in)s::float8 * interval '1 s', %(on_expire)s,
            %(escalate)s, now() + %(escalate_in)s::float8 * interval '1 s', %(notify)s, %(context)s)
    RETURNING id, project_id
)
INSERT INTO pipelines_message (project_id, review_id, channel, occasion)
SELECT project_id, id, unnest(%(notify)s::text[]), 'request' FROM made;

-- name: settle_effect
UPDATE pipelines_effect SET status = %(status)s, result = %(result)s, settled_at = clock_timestamp()
WHERE key = %(key)s AND status <> 'done';
