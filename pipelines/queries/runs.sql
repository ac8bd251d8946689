-- name: newest
-- Runs, newest first, after a place in that order.
SELECT {row}
FROM pipelines_run r
WHERE r.project_id = %(project)s AND (r.created_at, r.id) < (%(before)s, %(after)s) AND {where}
ORDER BY r.created_at DESC, r.id DESC
LIMIT %(limit)s

-- name: row
-- The columns of pipelines.queries.runs.RunRow.
r.id, r.pipeline, r.status, r.created_at, r.started_at, r.finished_at, r.paused_at, r.idempotency_key, r.session,
r.started_by, r.trace_id, r.error::text, r.cancel_requested, r.priority,
coalesce((SELECT n.path FROM pipelines_node n WHERE n.run_id = r.id
          AND n.status IN ('leased', 'paused', 'held', 'unknown', 'error', 'waiting', 'ready')
          ORDER BY array_position(ARRAY['unknown', 'held', 'paused', 'leased', 'error', 'waiting', 'ready'], n.status),
                   n.seq DESC LIMIT 1), '')

-- name: one
-- One run, with what only its page shows.
SELECT {row}, r.definition_hash, left(r.input::text, %(most)s), length(r.input::text), left(r.result::text, %(most)s),
       length(r.result::text), r.fingerprint, r.parent_run, r.parent_path, r.forked_from, r.forked_at, r.deadline_at,
       r.resumed, r.key_ttl, r.compensates
FROM pipelines_run r
WHERE r.project_id = %(project)s AND r.id = %(run)s

-- name: relatives
-- Runs that came of a run: forks and sub-pipelines.
SELECT id, pipeline, status, parent_path, forked_at, created_at
FROM pipelines_run
WHERE project_id = %(project)s AND (parent_run = %(run)s OR forked_from = %(run)s)
ORDER BY created_at, id
LIMIT 100

-- name: value
-- The whole text of a run's input or result.
SELECT CASE %(what)s WHEN 'input' THEN input WHEN 'result' THEN result END::text
FROM pipelines_run WHERE project_id = %(project)s AND id = %(run)s

-- name: node_value
-- The whole text of a node's input, output or state.
SELECT CASE %(what)s WHEN 'input' THEN n.input WHEN 'output' THEN n.output WHEN 'state' THEN n.state
                     WHEN 'decision' THEN n.decision WHEN 'error' THEN n.error END::text
FROM pipelines_node n JOIN pipelines_run r ON r.id = n.run_id
WHERE r.project_id = %(project)s AND n.run_id = %(run)s AND n.path = %(path)s

-- name: node_at
-- One node of a run, or none.
SELECT {node}
FROM pipelines_node n JOIN pipelines_run r ON r.id = n.run_id
WHERE r.project_id = %(project)s AND n.run_id = %(run)s AND n.path = %(path)s

-- name: nodes
-- Nodes of a run in order of creation; what they hold is told by its length.
SELECT {node}
FROM pipelines_node n JOIN pipelines_run r ON r.id = n.run_id
WHERE r.project_id = %(project)s AND n.run_id = %(run)s AND n.seq > %(after)s
ORDER BY n.seq
LIMIT %(limit)s

-- name: node
-- The columns of pipelines.queries.run.Node.
n.path, n.seq, n.kind, n.status, n.attempt, n.takeovers, n.fence, n.worker, n.lease_until, n.wake_at, n.queue,
n.opens, n.signal, n.error::text, n.created_at, n.started_at, n.finished_at,
length(n.input::text), length(n.output::text), n.decision::text

-- name: node_counts
-- How many nodes of a run have which status.
SELECT n.status, count(*)::int FROM pipelines_node n WHERE n.run_id = %(run)s GROUP BY 1

-- name: attention
-- The nodes of a run that wait for a person's word, wherever they stand in it.
SELECT path, status FROM pipelines_node WHERE run_id = %(run)s AND status IN ('unknown', 'held') ORDER BY seq LIMIT 50

-- name: held_by_change
-- The nodes of a run that are held because its pipeline changed, and why.
SELECT path, coalesce(error->>'message', '') FROM pipelines_node
WHERE run_id = %(run)s AND status = 'held' AND error->>'type' = 'PipelineChanged' ORDER BY seq LIMIT 50

-- name: effects
-- The ledger of a run.
SELECT key, path, effect, status, first_used_at, settled_at, key_until, left(result::text, 2000)
FROM pipelines_effect
WHERE project_id = %(project)s AND scope = %(scope)s
ORDER BY first_used_at, key
LIMIT 500

-- name: events
-- The history of a run, newest first, before a place in it.
SELECT e.id, e.at, e.kind, e.path, left(e.data::text, 20000)
FROM pipelines_event e
WHERE e.project_id = %(project)s AND e.run_id = %(run)s AND e.id < %(before)s
ORDER BY e.id DESC
LIMIT %(limit)s

-- name: session
-- What is kept of a session.
SELECT key, left(value::text, 4000), version, expires_at
FROM pipelines_session WHERE project_id = %(project)s AND owner = %(owner)s
ORDER BY key LIMIT 200

-- name: pipeline_names
-- The pipelines that a project ran.
WITH RECURSIVE names AS (
    (SELECT pipeline FROM pipelines_run WHERE project_id = %(project)s ORDER BY pipeline LIMIT 1)
    UNION ALL
    SELECT (SELECT r.pipeline FROM pipelines_run r WHERE r.project_id = %(project)s AND r.pipeline > names.pipeline
            ORDER BY r.pipeline LIMIT 1)
    FROM names WHERE names.pipeline IS NOT NULL
)
SELECT pipeline FROM names WHERE pipeline IS NOT NULL LIMIT 500
