-- name: update
-- Every column that follows from the spans.
UPDATE traces_trace t
SET    (seq, first_day, last_day, last_seen, start_ns, end_ns, root_id, root_start_ns, cost, tokens_in, tokens_cache_read,
        tokens_cache_write, tokens_out, tokens_reasoning, span_count, error_count, open_count, waiting_count,
        unpriced_calls, status, name, service, pipeline, version, environment, input_preview, output_preview,
        agents, models, services, tools, sessions, users)
     = (n.seq, n.first_day, n.last_day, n.last_seen, n.start_ns, n.end_ns, n.root_id, n.root_start_ns, n.cost, n.tokens_in,
        n.tokens_cache_read, n.tokens_cache_write, n.tokens_out, n.tokens_reasoning, n.span_count, n.error_count,
        n.open_count, n.waiting_count, n.unpriced_calls, n.status, n.name, n.service, n.pipeline, n.version,
        n.environment, n.input_preview, n.output_preview, n.agents, n.models, n.services, n.tools, n.sessions, n.users)
FROM   json_populate_recordset(NULL::traces_trace, %(rows)s::json) n
WHERE  t.trace_id = n.trace_id AND t.project_id = n.project_id;
