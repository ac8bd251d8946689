-- name: lock_due
-- Traces that are due to be decided, each locked by its row. What someone else holds is left for the next time.
SELECT t.*, replace(t.trace_id::text, '-', '') AS hex
FROM   traces_settle s
JOIN   traces_trace t USING (trace_id, project_id)
WHERE  s.due_at <= now()
ORDER  BY s.due_at
LIMIT  %(limit)s
FOR    UPDATE OF t SKIP LOCKED;

-- name: spans
-- All spans of these traces (of every project), without what deciding does not need. The days prune partitions.
SELECT replace(trace_id::text, '-', ''), project_id, day, batch_id, critical_ns, flags, agent, span_id, parent_id, name,
       kind, status, start_ns, duration_ns, ordinal, service, version, environment, pipeline, model, request_model,
       provider, tool, session, "user", cost, reported_cost, response_key, ttft_ns, scope_key, tokens_in, tokens_cache_read, tokens_cache_write, tokens_out,
       tokens_reasoning
FROM   traces_span
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND day BETWEEN %(first_day)s AND %(last_day)s;

-- name: join_by_hash
-- Spans are matched with what was decided by reading their traces once each: ids of spans are not indexed.
SET LOCAL enable_nestloop = off; SET LOCAL enable_hashjoin = on;

-- name: join_by_key
-- The way of all other statements.
SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off;

-- name: update_spans
-- What was decided otherwise than before.
UPDATE traces_span s
SET    agent = n.agent, flags = n.flags, critical_ns = n.critical_ns, seq = n.seq
FROM   json_to_recordset(%(rows)s::json) AS n (trace_id uuid, project_id integer, span_id bigint, agent text,
                                               flags smallint, critical_ns bigint, seq integer)
WHERE  s.trace_id = n.trace_id AND s.span_id = n.span_id AND s.project_id = n.project_id
AND    s.trace_id = ANY(%(traces)s::uuid[]) AND s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: update_logged
-- What log records tell of model calls, and what the calls cost then.
UPDATE traces_span s
SET    model = n.model, provider = n.provider, cost = n.cost, reported_cost = n.reported_cost, tokens_in = n.tokens_in,
       tokens_cache_read = n.tokens_cache_read, tokens_cache_write = n.tokens_cache_write, tokens_out = n.tokens_out,
       tokens_reasoning = n.tokens_reasoning
FROM   json_to_recordset(%(rows)s::json) AS n (trace_id uuid, project_id integer, span_id bigint, model text,
           provider text, cost double precision, reported_cost double precision, tokens_in bigint,
           tokens_cache_read bigint, tokens_cache_write bigint, tokens_out bigint, tokens_reasoning bigint)
WHERE  s.trace_id = n.trace_id AND s.span_id = n.span_id AND s.project_id = n.project_id
AND    s.trace_id = ANY(%(traces)s::uuid[]) AND s.day BETWEEN %(first_day)s AND %(last_day)s;

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

-- name: put_off
-- A trace that could not be decided just now.
UPDATE traces_settle
SET    due_at = now() + interval '1 second' * %(seconds)s
WHERE  trace_id = %(trace_id)s::uuid AND project_id = %(project_id)s;
