-- name: newest
-- Matching traces that started in the window, newest first, after the cursor's place.
SELECT {row}
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s
  AND t.start_ns <= %(before)s AND (t.start_ns < %(before)s OR t.trace_id > %(after)s::uuid)
  AND {where}
ORDER BY t.start_ns DESC, t.trace_id
LIMIT %(limit)s

-- name: one
-- One trace of a project.
SELECT {row}
FROM traces_trace t
WHERE t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s

-- name: row
-- What a TraceRow is made of, in its order.
replace(t.trace_id::text, '-', ''), t.name, {status}, t.start_ns, t.end_ns, t.last_seen, t.span_count, t.error_count,
{input_tokens}, {output_tokens}, t.cost, t.unpriced_calls, t.agents, t.models, t.services, t.tools, t.sessions, t.users,
t.service, t.pipeline, t.version, t.environment, t.input_preview, t.output_preview, t.root_id IS NULL, t.seq, t.first_day, t.last_day

-- name: count_over_time
-- Matching traces by slice of the window and status.
SELECT (t.start_ns - %(start)s) / %(slice)s, {status}, count(*)
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s AND {where}
GROUP BY 1, 2

-- name: facets
-- The most frequent values among the newest matching traces.
WITH found AS MATERIALIZED (
    SELECT {status} AS status, t.name, t.services, t.agents, t.models
    FROM traces_trace t
    WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s AND {where}
    ORDER BY t.start_ns DESC
    LIMIT %(sample)s
), counted AS (
    SELECT 'status' AS facet, status AS value, count(*) AS times FROM found GROUP BY 2
    UNION ALL SELECT 'service', value, count(*) FROM found, unnest(services) value GROUP BY 2
    UNION ALL SELECT 'agent', value, count(*) FROM found, unnest(agents) value GROUP BY 2
    UNION ALL SELECT 'model', value, count(*) FROM found, unnest(models) value GROUP BY 2
    UNION ALL SELECT 'name', name, count(*) FROM found WHERE name IS NOT NULL GROUP BY 2
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY facet ORDER BY times DESC, value) AS place FROM counted
)
SELECT facet, value, times FROM ranked WHERE place <= %(values)s ORDER BY facet, place
