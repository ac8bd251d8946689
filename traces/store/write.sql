-- name: insert_traces
-- Traces seen for the first time, in the order that all workers take them.
INSERT INTO traces_trace
SELECT * FROM json_populate_recordset(NULL::traces_trace, %(rows)s::json) ORDER BY trace_id, project_id
ON CONFLICT (trace_id, project_id) DO NOTHING
RETURNING replace(trace_id::text, '-', ''), project_id;

-- name: lock_traces
-- Stored traces, locked in the order that all workers take them.
SELECT *, replace(trace_id::text, '-', '') AS hex
FROM   traces_trace
WHERE  (trace_id, project_id) IN (SELECT trace_id, project_id
                                  FROM   json_to_recordset(%(ids)s::json) AS wanted (trace_id uuid, project_id integer))
ORDER  BY trace_id, project_id
FOR    UPDATE;

-- name: present_spans
-- Which of these spans are stored already, on whatever day, and whether only as pending. Each trace is read once: ids of
-- spans are not indexed.
SELECT replace(trace_id::text, '-', ''), project_id, span_id, flags & 4 <> 0
FROM   traces_span
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND span_id = ANY(%(spans)s::bigint[])
AND    day BETWEEN %(first_day)s AND %(last_day)s;

-- name: delete_spans
-- Pending spans whose real ones have come.
DELETE FROM traces_span
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND span_id = ANY(%(spans)s::bigint[])
AND    day BETWEEN %(first_day)s AND %(last_day)s
AND    (trace_id, project_id, span_id) IN (
           SELECT trace_id, project_id, span_id
           FROM   json_to_recordset(%(ids)s::json) AS gone (trace_id uuid, project_id integer, span_id bigint));

-- name: copy_spans
-- New spans, as text; nothing between two tabs is null.
COPY traces_span (trace_id, batch_id, project_id, day, span_id, parent_id, start_ns, duration_ns, ordinal, seq, kind,
    status, flags, name, service, version, environment, pipeline, agent, model, request_model, provider, tool, session,
    "user", tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, cost, reported_cost, response_key, ttft_ns,
    attempt, critical_ns, scope_key, error_type, error_message, attributes)
FROM STDIN (NULL '');

-- name: settle_later
-- Traces that are to be decided again, at the earliest moment anyone asked for.
INSERT INTO traces_settle (trace_id, project_id, due_at)
SELECT trace_id, project_id, now() + delay_ms * interval '1 millisecond'
FROM   json_to_recordset(%(rows)s::json) AS new (trace_id uuid, project_id integer, delay_ms integer)
ORDER  BY trace_id, project_id
ON CONFLICT (trace_id, project_id) DO UPDATE SET due_at = LEAST(traces_settle.due_at, excluded.due_at);
