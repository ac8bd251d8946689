-- name: traces
-- How many traces started in the window, and how many of them failed.
SELECT count(*), count(*) FILTER (WHERE {failed})
FROM traces_trace t
WHERE t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns < %(end)s
