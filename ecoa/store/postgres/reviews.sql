-- Requests to people. Lock order: run, node, review. Values are json text; times are the database's.

-- name: review
-- A review with its votes.
SELECT r.id::text, r.project_id, r.run_id::text, run.pipeline, r.path, r.status, r.version, r.title, r.reason,
       r.payload::text AS payload, r.schema::text AS schema, r.digest, r.groups, r.quorum, r.may_edit, r.expires_at, r.on_expire,
       r.escalate::text AS escalate, r.escalated, r.escalate_at, r.notify, r.context::text AS context, r.claimed_by, r.claimed_at, r.decided_by,
       r.decided_via, r.decided_at, r.output::text AS output, r.comment, r.created_at,
       (SELECT coalesce(json_agg(json_build_object('person', v.person, 'version', v.version, 'decision', v.decision,
                                                   'comment', v.comment, 'via', v.via, 'at', v.at) ORDER BY v.at), '[]')::text
        FROM pipelines_vote v WHERE v.review_id = r.id) AS votes
FROM   pipelines_review r JOIN pipelines_run run ON run.id = r.run_id
WHERE  r.id = %(id)s::uuid AND (%(project)s::int IS NULL OR r.project_id = %(project)s);

-- name: reviews
-- A page of a project's reviews, the earliest deadline first, those without one last.
SELECT r.id::text, r.project_id, r.run_id::text, run.pipeline, r.path, r.status, r.version, r.title, r.reason,
       r.payload::text AS payload, r.schema::text AS schema, r.digest, r.groups, r.quorum, r.may_edit, r.expires_at, r.on_expire,
       r.escalate::text AS escalate, r.escalated, r.escalate_at, r.notify, r.context::text AS context, r.claimed_by, r.claimed_at, r.decided_by,
       r.decided_via, r.decided_at, r.output::text AS output, r.comment, r.created_at, '[]' AS votes
FROM   pipelines_review r JOIN pipelines_run run ON run.id = r.run_id
WHERE  r.project_id = %(project)s AND r.status = ANY(%(status)s)
  AND  (%(pipeline)s::text IS NULL OR run.pipeline = %(pipeline)s)
  AND  (%(run)s::uuid IS NULL OR r.run_id = %(run)s::uuid)
  AND  (%(groups)s::text[] IS NULL OR r.groups && %(groups)s::text[])
  AND  (%(claimed_by)s::text IS NULL OR r.claimed_by = %(claimed_by)s)
  AND  (%(after_id)s::uuid IS NULL
        OR (%(after_expires)s::timestamptz IS NOT NULL
            AND ((r.expires_at, r.created_at, r.id)
                 > (%(after_expires)s::timestamptz, %(after_created)s::timestamptz, %(after_id)s::uuid)
                 OR r.expires_at IS NULL))
        OR (%(after_expires)s::timestamptz IS NULL AND r.expires_at IS NULL
            AND (r.created_at, r.id) > (%(after_created)s::timestamptz, %(after_id)s::uuid)))
ORDER  BY r.expires_at NULLS LAST, r.created_at, r.id LIMIT %(limit)s;

-- name: lock_run
-- First of the three locks. Not a key update, so that rows that refer to the run can still be made.
SELECT run.id FROM pipelines_run run
WHERE  run.id = (SELECT run_id FROM pipelines_review
                 WHERE id = %(id)s::uuid AND (%(project)s::int IS NULL OR project_id = %(project)s))
FOR NO KEY UPDATE;

-- name: lock_node
SELECT n.path FROM pipelines_node n JOIN pipelines_review r ON r.run_id = n.run_id AND r.path = n.path
WHERE  r.id = %(id)s::uuid FOR NO KEY UPDATE OF n;

-- name: lock_review
SELECT clock_timestamp() AS now FROM pipelines_review WHERE id = %(id)s::uuid FOR NO KEY UPDATE;

-- name: vote
-- One vote a person; a later version of the review asks again.
INSERT INTO pipelines_vote (review_id, person, version, decision, comment, via)
VALUES (%(id)s::uuid, %(by)s, %(voted)s, %(decision)s, %(comment)s, %(via)s)
ON CONFLICT (review_id, person) DO UPDATE
   SET version = excluded.version, decision = excluded.decision, comment = excluded.comment, via = excluded.via,
       at = excluded.at
 WHERE pipelines_vote.version < excluded.version
RETURNING version;

-- name: amend
-- A vote that others must follow: the review stays pending, perhaps with another payload.
UPDATE pipelines_review SET version = %(version)s, payload = %(payload)s::json, digest = %(digest)s
WHERE  id = %(id)s::uuid AND status = 'pending' AND version = %(seen)s
  AND  (expires_at IS NULL OR expires_at > clock_timestamp())
RETURNING id;

-- name: settle
-- The decision: only of what was on the screen, only once, only in time.
UPDATE pipelines_review
SET    status = %(status)s, output = %(output)s::json, comment = %(comment)s, decided_by = %(by)s,
       decided_via = %(via)s, decided_at = clock_timestamp(), escalate_at = NULL
WHERE  id = %(id)s::uuid AND status = 'pending' AND version = %(seen)s
  AND  (expires_at IS NULL OR expires_at > clock_timestamp())
RETURNING id;

-- name: expire
UPDATE pipelines_review
SET    status = 'expired', decided_by = %(by)s, decided_via = 'expiry', decided_at = clock_timestamp(),
       escalate_at = NULL, comment = %(comment)s
WHERE  id = %(id)s::uuid AND status = 'pending'
RETURNING id;

-- name: wake
-- The decided node may be claimed, with the decision.
WITH woken AS (
    UPDATE pipelines_node SET status = 'ready', decision = %(told)s::json, worker = NULL, lease_until = NULL,
                              wake_at = NULL
    WHERE  run_id = %(run)s::uuid AND path = %(path)s AND status = 'paused'
    RETURNING run_id, path, queue, lock_key
), run AS (
    UPDATE pipelines_run SET active = active + 1, resumed = true, paused_at = NULL,
           status = CASE WHEN status NOT IN ('paused', 'held') THEN status
                         WHEN EXISTS (SELECT FROM pipelines_node WHERE run_id = %(run)s::uuid AND path = '$compensate')
                         THEN 'compensating' ELSE 'running' END
    WHERE  id IN (SELECT run_id FROM woken) RETURNING id, project_id, pipeline, priority
)
INSERT INTO pipelines_ready (run_id, path, project_id, pipeline, queue, priority, lock_key)
SELECT w.run_id, w.path, run.project_id, run.pipeline, w.queue, run.priority, w.lock_key
FROM   woken w JOIN run ON run.id = w.run_id
RETURNING path;

-- name: hold
-- Nobody decided, and nobody may decide for them: the node waits for a person to say how it goes on.
WITH held AS (
    UPDATE pipelines_node SET status = 'held', error = %(error)s::json
    WHERE  run_id = %(run)s::uuid AND path = %(path)s AND status = 'paused' RETURNING run_id
)
UPDATE pipelines_run
SET    status = CASE WHEN active > 0 THEN status
                     WHEN EXISTS (SELECT FROM pipelines_node WHERE run_id = %(run)s::uuid AND status = 'paused'
                                  AND path <> %(path)s) THEN 'paused' ELSE 'held' END
WHERE  id IN (SELECT run_id FROM held) RETURNING id;

-- name: event
INSERT INTO pipelines_event (project_id, run_id, path, kind, data)
VALUES (%(project)s, %(run)s::uuid, %(path)s, %(kind)s, %(data)s::json);

-- name: due
-- Reviews whose next rung or whose deadline has come.
SELECT id::text FROM pipelines_review
WHERE  status = 'pending' AND least(expires_at, escalate_at) <= now()
ORDER  BY least(expires_at, escalate_at) LIMIT %(limit)s;

-- name: escalate
-- One rung up: another group is asked too. A deadline that has passed is put off by as long as it was waited for.
UPDATE pipelines_review
SET    groups = CASE WHEN %(group)s = ANY(groups) THEN groups ELSE groups || %(group)s::text END,
       escalated = escalated + 1,
       escalate_at = created_at + make_interval(secs => (escalate -> (escalated + 1) ->> 0)::double precision),
       expires_at = CASE WHEN expires_at <= clock_timestamp() THEN clock_timestamp() + (expires_at - created_at)
                         ELSE expires_at END
WHERE  id = %(id)s::uuid AND status = 'pending'
RETURNING escalated;

-- name: message
-- To be sent after the commit, once a channel and occasion.
INSERT INTO pipelines_message (project_id, review_id, channel, occasion)
SELECT project_id, id, unnest(notify), %(occasion)s FROM pipelines_review WHERE id = %(id)s::uuid
ON CONFLICT (review_id, channel, occasion) DO NOTHING;

-- name: claim
UPDATE pipelines_review SET claimed_by = %(by)s, claimed_at = clock_timestamp()
WHERE  id = %(id)s::uuid AND status = 'pending' AND (expires_at IS NULL OR expires_at > clock_timestamp())
RETURNING id;
