-- name: spans
-- The spans of a trace by start: what a transcript needs of each, and where the whole of it stands.
SELECT span_id, parent_id, kind, status, flags, start_ns, duration_ns, name, agent, model, tool, error_type, error_message,
       CASE WHEN num_nonnulls(tokens_in, tokens_cache_read, tokens_cache_write) > 0
            THEN coalesce(tokens_in, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0) END,
       CASE WHEN num_nonnulls(tokens_out, tokens_reasoning) > 0
            THEN coalesce(tokens_out, 0) + coalesce(tokens_reasoning, 0) END,
       cost, batch_id, day, ordinal
FROM traces_span
WHERE trace_id = %(trace)s::uuid AND project_id = %(project)s AND day BETWEEN %(first_day)s AND %(last_day)s
ORDER BY start_ns, span_id
LIMIT %(limit)s
