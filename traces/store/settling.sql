-- name: lock_due
-- Traces that are due to be decided, each locked by its row. What someone else holds is left for the next time.
SELECT t.*, replace(t.trace_id::text, '-', '') AS hex, NULL::bigint AS root_start_ns
FROM   traces_settle s
JOIN   traces_trace t USING (trace_id, project_id)
WHERE  s.due_at <= now()
ORDER  BY s.due_at
LIMIT  %(limit)s
FOR    UPDATE OF t SKIP LOCKED;

-- name: spans
-- All spans of these traces, without what deciding does not need. The days prune partitions.
SELECT w.place, s.day, s.batch_id, s.critical_ns, s.flags, s.agent, s.span_id, s.parent_id, s.name, s.kind, s.status,
       s.start_ns, s.duration_ns, s.ordinal, s.service, s.version, s.environment, s.pipeline, s.model, s.provider,
       s.tool, s.session, s."user", s.cost, s.response_key, s.tokens_in, s.tokens_cache_read, s.tokens_cache_write,
       s.tokens_out, s.tokens_reasoning
FROM   json_to_recordset(%(traces)s::json) AS w (place integer, trace_id uuid, project_id integer)
JOIN   traces_span s USING (trace_id, project_id)
WHERE  s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: update_spans
-- What was decided otherwise than before.
UPDATE traces_span s
SET    agent = n.agent, flags = n.flags, critical_ns = n.critical_ns, seq = n.seq
FROM   json_to_recordset(%(rows)s::json) AS n (trace_id uuid, project_id integer, day date, span_id bigint,
                                               agent text, flags smallint, critical_ns bigint, seq integer)
WHERE  s.trace_id = n.trace_id AND s.span_id = n.span_id AND s.project_id = n.project_id AND s.day = n.day
AND    s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: settled
-- Traces with nothing left to decide, until more of them arrives.
DELETE FROM traces_settle s
USING  json_to_recordset(%(traces)s::json) AS done (trace_id uuid, project_id integer)
WHERE  s.trace_id = done.trace_id AND s.project_id = done.project_id;

-- name: wait
-- Traces with spans whose ancestors may still arrive.
UPDATE traces_settle s
SET    due_at = to_timestamp(n.due_ms / 1000.0)
FROM   json_to_recordset(%(traces)s::json) AS n (trace_id uuid, project_id integer, due_ms bigint)
WHERE  s.trace_id = n.trace_id AND s.project_id = n.project_id;
