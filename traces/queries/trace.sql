-- name: spans
-- The spans of a trace, by start: what SpanRow.read takes, in its order.
SELECT span_id, parent_id, name, kind, status, flags, start_ns, duration_ns, attempt, seq, service, agent, model,
       request_model, provider, tool, session, "user", error_type, error_message, tokens_in, tokens_cache_read,
       tokens_cache_write, tokens_out, tokens_reasoning, cost, ttft_ns
FROM traces_span
WHERE trace_id = %(trace)s::uuid AND project_id = %(project)s AND day BETWEEN %(first_day)s AND %(last_day)s
ORDER BY start_ns, span_id
LIMIT %(limit)s

-- name: skeleton
-- What the waterfall draws of the spans written after a seq, by start: the columns of traces.queries.skeleton.
SELECT lpad(to_hex(span_id), 16, '0'), lpad(to_hex(parent_id), 16, '0'), start_ns - %(base)s, duration_ns, ttft_ns,
       kind, status, flags, attempt, name, service, agent, model, tool, error_type, error_message,
       CASE WHEN num_nonnulls(tokens_in, tokens_cache_read, tokens_cache_write) > 0
            THEN coalesce(tokens_in, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0) END,
       CASE WHEN num_nonnulls(tokens_out, tokens_reasoning) > 0
            THEN coalesce(tokens_out, 0) + coalesce(tokens_reasoning, 0) END,
       cost
FROM traces_span
WHERE trace_id = %(trace)s::uuid AND project_id = %(project)s AND day BETWEEN %(first_day)s AND %(last_day)s
  AND seq > %(after)s
ORDER BY start_ns, span_id
LIMIT %(limit)s
