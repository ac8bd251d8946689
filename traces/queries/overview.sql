-- name: traces
-- How many traces started in the window, and how many of them failed.
SELECT count(*), count(*) FILTER (WHERE {failed})
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s

-- name: received
-- Spans received, by the slice of minutes in which they arrived.
SELECT minute / %(step)s * %(step)s, sum(spans)::bigint
FROM traces_ledger
WHERE project_id = %(project)s AND outcome = 0 AND minute >= %(first_minute)s AND minute < %(last_minute)s
GROUP BY 1

-- name: any_trace
-- The newest trace of a project, of whatever time.
SELECT replace(trace_id::text, '-', ''), start_ns
FROM traces_trace
WHERE project_id = %(project)s
ORDER BY start_ns DESC
LIMIT 1

-- name: has_agent
-- Whether rollups know an agent of this name.
SELECT 1 FROM traces_rollup_key WHERE project_id = %(project)s AND agent = %(agent)s LIMIT 1

-- name: has_session
-- Whether a trace belongs to this session.
SELECT 1 FROM traces_trace WHERE project_id = %(project)s AND sessions @> ARRAY[%(session)s::text] LIMIT 1
