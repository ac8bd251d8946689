-- name: newest
-- Sessions with a matching trace that started in the window, by the newest such trace; what is told is of all their traces.
WITH page AS MATERIALIZED (
    SELECT value AS session, max(t.start_ns) AS newest
    FROM traces_trace t, unnest(t.sessions) value
    WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s AND {where}
    GROUP BY value
    HAVING max(t.start_ns) < %(before)s OR max(t.start_ns) = %(before)s AND value > %(after)s
    ORDER BY newest DESC, value
    LIMIT %(limit)s
)
SELECT page.session, page.newest, whole.*
FROM page CROSS JOIN LATERAL (
    SELECT {whole} FROM traces_trace t WHERE t.project_id = %(project)s AND t.sessions @> ARRAY[page.session]
) whole
ORDER BY page.newest DESC, page.session

-- name: one
-- One session; no row when it has no trace.
SELECT %(session)s::text, max(t.start_ns), {whole}
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.sessions @> ARRAY[%(session)s::text]
HAVING count(*) > 0

-- name: whole
-- What the traces of a session add up to: the columns of traces.queries.sessions.SessionRow after the first two.
count(*)::int, count(*) FILTER (WHERE {failed})::int, sum(t.span_count)::bigint, sum(t.error_count)::bigint,
min(t.start_ns), max(t.end_ns),
sum({input_tokens})::bigint, sum({output_tokens})::bigint, sum(t.cost), sum(t.unpriced_calls)::int,
CASE WHEN bool_or({running}) THEN 'running' WHEN bool_or({waiting}) THEN 'waiting' WHEN bool_or({failed}) THEN 'error'
     ELSE 'ok' END,
array(SELECT DISTINCT value FROM unnest(string_to_array(string_agg(array_to_string(t.users, E'\x1f'), E'\x1f'), E'\x1f'))
      value WHERE value <> '' ORDER BY value LIMIT 50),
array(SELECT DISTINCT value FROM unnest(string_to_array(string_agg(array_to_string(t.agents, E'\x1f'), E'\x1f'), E'\x1f'))
      value WHERE value <> '' ORDER BY value LIMIT 50),
(array_agg(t.input_preview ORDER BY t.start_ns) FILTER (WHERE t.input_preview IS NOT NULL))[1]

-- name: turns
-- Traces of a session in order, after a place or before one.
SELECT {row}
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.sessions @> ARRAY[%(session)s::text] AND {beyond}
ORDER BY {order}
LIMIT %(limit)s

-- name: before
-- How many traces of a session stand before one.
SELECT count(*)::int
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.sessions @> ARRAY[%(session)s::text]
  AND (t.start_ns, t.trace_id) < (%(start)s, %(trace)s::uuid)
