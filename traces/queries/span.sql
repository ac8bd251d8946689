-- name: span
-- One span's row, in SpanRow's order, and where the whole of it stands.
SELECT s.span_id, s.parent_id, s.name, s.kind, s.status, s.flags, s.start_ns, s.duration_ns, s.attempt, s.seq,
       s.service, s.agent, s.model, s.request_model, s.provider, s.tool, s.session, s."user", s.error_type,
       s.error_message, s.tokens_in, s.tokens_cache_read, s.tokens_cache_write, s.tokens_out, s.tokens_reasoning,
       s.cost, s.ttft_ns, s.batch_id, s.day, s.ordinal
FROM traces_trace t
JOIN traces_span s ON s.trace_id = t.trace_id AND s.project_id = t.project_id
WHERE t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s AND s.span_id = %(span)s
  AND s.day BETWEEN t.first_day AND t.last_day

-- name: batch
-- The body in which a span arrived, and when, in Unix nanoseconds.
SELECT body, (extract(epoch FROM received_at) * 1000000)::bigint * 1000
FROM traces_inbox_batch
WHERE id = %(batch)s AND day = %(day)s AND project_id = %(project)s
