-- name: insert_traces
-- Traces seen for the first time, in the order that all workers take them.
INSERT INTO traces_trace
SELECT * FROM json_populate_recordset(NULL::traces_trace, %(rows)s::json) ORDER BY trace_id, project_id
ON CONFLICT (trace_id, project_id) DO NOTHING
RETURNING replace(trace_id::text, '-', ''), project_id;

-- name: lock_traces
-- Stored traces, locked in the order that all workers take them, with the start of their root.
SELECT t.*, replace(t.trace_id::text, '-', '') AS hex, r.start_ns AS root_start_ns
FROM   json_to_recordset(%(ids)s::json) AS wanted (trace_id uuid, project_id integer)
JOIN   traces_trace t USING (trace_id, project_id)
LEFT   JOIN traces_span r ON r.trace_id = t.trace_id AND r.span_id = t.root_id AND r.project_id = t.project_id
                          AND r.day BETWEEN t.first_day AND t.last_day
ORDER  BY t.trace_id, t.project_id
FOR    UPDATE OF t;

-- name: present_spans
-- Which of these spans are stored already, on whatever day, and whether only as pending.
SELECT replace(s.trace_id::text, '-', ''), s.project_id, s.span_id, s.flags & 4 <> 0
FROM   json_to_recordset(%(ids)s::json) AS wanted (trace_id uuid, project_id integer, span_id bigint)
JOIN   traces_span s USING (trace_id, project_id, span_id)
WHERE  s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: delete_spans
-- Pending spans whose real ones have come.
DELETE FROM traces_span s
USING  json_to_recordset(%(ids)s::json) AS gone (trace_id uuid, project_id integer, span_id bigint)
WHERE  s.trace_id = gone.trace_id AND s.project_id = gone.project_id AND s.span_id = gone.span_id
AND    s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: copy_spans
-- New spans, as text; nothing between two tabs is null.
COPY traces_span (trace_id, batch_id, project_id, day, span_id, parent_id, start_ns, duration_ns, ordinal, seq, kind,
    status, flags, name, service, version, environment, pipeline, agent, model, request_model, provider, tool, session,
    "user", tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, cost, response_key, ttft_ns,
    attempt, critical_ns, error_type, error_message, attributes)
FROM STDIN (NULL '');

-- name: settle_later
-- Traces that are to be decided again, at the earliest moment anyone asked for.
INSERT INTO traces_settle (trace_id, project_id, due_at)
SELECT trace_id, project_id, now() + delay_ms * interval '1 millisecond'
FROM   json_to_recordset(%(rows)s::json) AS new (trace_id uuid, project_id integer, delay_ms integer)
ORDER  BY trace_id, project_id
ON CONFLICT (trace_id, project_id) DO UPDATE SET due_at = LEAST(traces_settle.due_at, excluded.due_at);

-- name: add_to_ledger
-- What became of received spans.
INSERT INTO traces_ledger (project_id, key_id, minute, outcome, reason, spans)
SELECT project_id, key_id, minute, outcome, reason, spans
FROM   json_populate_recordset(NULL::traces_ledger, %(rows)s::json);

-- name: add_dead_letters
-- What could not be stored, with why.
INSERT INTO traces_dead_letter (project_id, batch_id, day, ordinal, reason)
SELECT project_id, batch_id, day, ordinal, reason
FROM   json_populate_recordset(NULL::traces_dead_letter, %(rows)s::json);
