-- name: spans
-- Of each of some traces the spans that tell what was asked and answered: of roots, agents and model calls those that
-- began first and ended last, and the failed span that began last.
SELECT trace_id, span_id, kind, rooted, began, ended, failed, start_ns, end_ns, error_type, error_message, batch_id, day, ordinal
FROM (
    SELECT replace(trace_id::text, '-', '') AS trace_id, span_id, kind, rooted, start_ns, end_ns, error_type,
           error_message, batch_id, day, ordinal,
           row_number() OVER (PARTITION BY trace_id, kind, rooted ORDER BY start_ns, span_id) = 1 AS began,
           row_number() OVER (PARTITION BY trace_id, kind, rooted ORDER BY end_ns DESC, start_ns, span_id) = 1 AS ended,
           status = 2 AND row_number() OVER (PARTITION BY trace_id, status ORDER BY start_ns DESC, span_id) = 1 AS failed
    FROM (
        SELECT *, parent_id IS NULL AS rooted, start_ns + coalesce(duration_ns, 0) AS end_ns
        FROM traces_span
        WHERE trace_id = ANY(%(traces)s::uuid[]) AND project_id = %(project)s
          AND day BETWEEN %(first_day)s AND %(last_day)s AND (kind IN (2, 3) OR parent_id IS NULL OR status = 2)
    ) s
) s
WHERE failed OR ((began OR ended) AND (rooted OR kind IN (2, 3)))
