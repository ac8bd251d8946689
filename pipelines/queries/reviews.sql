-- name: queue
-- Pending reviews, the earliest deadline first (those without one last), then the oldest.
SELECT {row}
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND v.status = 'pending' AND {where}
  AND (coalesce(v.expires_at, 'infinity'), v.created_at, v.id) > (%(due)s, %(created)s, %(id)s)
ORDER BY coalesce(v.expires_at, 'infinity'), v.created_at, v.id
LIMIT %(limit)s

-- name: decided
-- Reviews that are no longer pending, newest decision first.
SELECT {row}
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND v.status <> 'pending' AND {where}
ORDER BY v.created_at DESC, v.id DESC
LIMIT %(limit)s

-- name: row
-- The columns of pipelines.queries.reviews.ReviewRow.
v.id, v.run_id, r.pipeline, v.path, v.status, v.version, v.title, v.reason, v.groups, v.quorum, v.expires_at,
v.created_at, v.claimed_by, v.claimed_at, v.decided_by, v.decided_via, v.decided_at, v.comment, v.escalated,
r.idempotency_key,
(SELECT count(*)::int FROM pipelines_vote t WHERE t.review_id = v.id AND t.version = v.version
 AND t.decision <> 'reject'), coalesce(v.expires_at < now(), false)

-- name: one
-- One review, with what only its page shows.
SELECT {row}, v.payload::text, v.schema::text, v.digest, v.may_edit, v.on_expire, v.escalate::text, v.escalate_at,
       v.context::text, v.output::text, r.status, r.trace_id, r.definition_hash, r.created_at,
       (SELECT n.input::text FROM pipelines_node n WHERE n.run_id = v.run_id AND n.path = v.path)
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND v.id = %(review)s

-- name: votes
-- Who said what about a review.
SELECT person, version, decision, comment, via, at FROM pipelines_vote WHERE review_id = %(review)s ORDER BY at

-- name: earlier
-- The newest decided reviews of the same place in the same pipeline.
SELECT v.id, v.status, v.title, v.payload::text, v.output::text, v.decided_by, v.decided_at, v.comment
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND r.pipeline = %(pipeline)s AND v.status IN ('approved', 'edited', 'rejected')
  AND regexp_replace(v.path, '\[[^\]]*\]|@[0-9]+', '', 'g') = %(place)s AND v.id <> %(review)s
  AND length(v.payload::text) <= 100000
ORDER BY v.created_at DESC, v.id DESC
LIMIT %(limit)s

-- name: pending
-- How many are pending.
SELECT count(*)::int FROM pipelines_review WHERE project_id = %(project)s AND status = 'pending'

-- name: scopes
-- How many are pending: claimed by or asked of a person, asked of their groups, all; and what was decided today.
SELECT count(*) FILTER (WHERE status = 'pending' AND (claimed_by = %(me)s OR groups @> ARRAY[%(me)s::text]))::int,
       count(*) FILTER (WHERE status = 'pending' AND groups && %(groups)s::text[])::int,
       count(*) FILTER (WHERE status = 'pending')::int,
       count(*) FILTER (WHERE status = 'approved' AND decided_at >= %(today)s)::int,
       count(*) FILTER (WHERE status = 'edited' AND decided_at >= %(today)s)::int,
       count(*) FILTER (WHERE status = 'rejected' AND decided_at >= %(today)s)::int
FROM pipelines_review
WHERE project_id = %(project)s AND (status = 'pending' OR created_at >= %(today)s - interval '7 days')

-- name: of_run
-- The reviews of a run, oldest first.
SELECT {row}
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND v.run_id = %(run)s
ORDER BY v.created_at, v.id
LIMIT 200

-- name: pipelines
-- The pipelines with pending reviews.
SELECT DISTINCT r.pipeline
FROM pipelines_review v JOIN pipelines_run r ON r.id = v.run_id
WHERE v.project_id = %(project)s AND v.status = 'pending'
ORDER BY 1
LIMIT 100
