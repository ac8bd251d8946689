-- name: batches
-- The batches in which the spans of a trace arrived, in order of arrival.
SELECT b.body
FROM (
    SELECT DISTINCT batch_id, day
    FROM traces_span
    WHERE trace_id = %(trace)s::uuid AND project_id = %(project)s AND day BETWEEN %(first_day)s AND %(last_day)s
) s
JOIN traces_inbox_batch b ON b.id = s.batch_id AND b.day = s.day AND b.project_id = %(project)s
ORDER BY b.id
LIMIT %(limit)s

-- name: names
-- The names of some spans of a trace.
SELECT span_id, name
FROM traces_span
WHERE trace_id = %(trace)s::uuid AND project_id = %(project)s AND day BETWEEN %(first_day)s AND %(last_day)s
  AND span_id = ANY(%(spans)s::bigint[])
