-- name: of_span
-- Where the log records of a span stand.
SELECT l.span_id, l.batch_id, l.ordinal, b.body
FROM traces_trace t
JOIN traces_log l ON l.trace_id = t.trace_id AND l.project_id = t.project_id AND l.day >= t.first_day - 1
JOIN traces_inbox_batch b ON b.id = l.batch_id AND b.day = l.day AND b.project_id = l.project_id
WHERE t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s AND l.span_id = %(span)s
ORDER BY l.batch_id, l.ordinal
LIMIT %(limit)s

-- name: of_trace
-- Where the log records of a trace stand: by its id, and those of its sessions that were written while it ran.
SELECT l.span_id, l.batch_id, l.ordinal, b.body
FROM (
    SELECT l.span_id, l.batch_id, l.ordinal, l.day, l.project_id
    FROM traces_trace t
    JOIN traces_log l ON l.trace_id = t.trace_id AND l.project_id = t.project_id AND l.day >= t.first_day - 1
    WHERE t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s
    UNION
    SELECT l.span_id, l.batch_id, l.ordinal, l.day, l.project_id
    FROM traces_trace t
    JOIN traces_log l ON l.trace_id IS NULL AND l.session = ANY(t.sessions) AND l.project_id = t.project_id
                     AND l.time_ns BETWEEN t.start_ns AND coalesce(t.end_ns, l.time_ns) + %(late)s
                     AND l.day >= t.first_day - 1
    WHERE t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s
) l
JOIN traces_inbox_batch b ON b.id = l.batch_id AND b.day = l.day AND b.project_id = l.project_id
ORDER BY l.batch_id, l.ordinal
LIMIT %(limit)s
