-- name: waiting
-- Batches that are in no segment yet.
SELECT batch_id, day
FROM   traces_search_queue
WHERE  project_id = %(project)s

-- name: segments
-- Segments whose spans start in a span of time, the newest last.
SELECT id, day, max_start_ns, cardinality(firsts), rows
FROM   traces_search_segment
WHERE  project_id = %(project)s AND max_start_ns >= %(start)s AND min_start_ns <= %(before)s
ORDER  BY max_start_ns

-- name: bits
-- Some rows of signatures, one after the other.
SELECT s.id, string_agg(substring(s.bits FROM asked.row * asked.width + 1 FOR asked.width), ''::bytea ORDER BY asked.place)
FROM   unnest(%(ids)s::bigint[], %(days)s::date[], %(rows)s::integer[], %(widths)s::integer[])
       WITH ORDINALITY AS asked (id, day, row, width, place)
JOIN   traces_search_segment s ON s.id = asked.id AND s.day = asked.day
GROUP  BY s.id

-- name: batches
-- What the columns of segments stand for.
SELECT id, day, batches, max_starts, firsts, lasts
FROM   traces_search_segment
WHERE  id = ANY(%(ids)s) AND day = ANY(%(days)s)

-- name: bodies
-- What was received with these batches. The days prune partitions.
SELECT id, signal, body
FROM   traces_inbox_batch
WHERE  id = ANY(%(ids)s) AND day = ANY(%(days)s) AND project_id = %(project)s

-- name: of_sessions
-- The traces of these sessions that ran at these moments, or just before.
SELECT DISTINCT replace(t.trace_id::text, '-', '')
FROM   unnest(%(sessions)s::text[], %(moments)s::bigint[]) AS said (session, at)
JOIN   traces_trace t ON t.project_id = %(project)s AND t.sessions @> ARRAY[said.session]
                     AND t.start_ns <= said.at AND coalesce(t.end_ns, said.at) + 2000000000 >= said.at

-- name: last_end
-- When the last of these traces ended; null when one has not. And how many they are.
SELECT CASE WHEN bool_and(open_count = 0 AND end_ns IS NOT NULL) THEN max(end_ns) END, count(*)
FROM   (
    SELECT end_ns, open_count
    FROM   traces_trace
    WHERE  project_id = %(project)s AND start_ns >= %(start)s AND start_ns <= %(end)s
    LIMIT  %(most)s
) t

-- name: some
-- The newest traces that match.
SELECT t.trace_id
FROM   traces_trace t
WHERE  t.project_id = %(project)s AND t.start_ns >= %(start)s AND t.start_ns <= %(end)s AND {where}
ORDER  BY t.start_ns DESC
LIMIT  %(limit)s

-- name: batches_of
-- The batches that spans and log records of these traces arrived in.
SELECT s.batch_id
FROM   traces_trace t
JOIN   traces_span s ON s.trace_id = t.trace_id AND s.project_id = t.project_id AND s.day BETWEEN t.first_day AND t.last_day
WHERE  t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s::uuid[])
UNION
SELECT batch_id FROM traces_log WHERE trace_id = ANY(%(traces)s::uuid[]) AND project_id = %(project)s
UNION
SELECT l.batch_id
FROM   traces_trace t
JOIN   traces_log l ON l.trace_id IS NULL AND l.session = ANY(t.sessions) AND l.project_id = t.project_id
WHERE  t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s::uuid[])
