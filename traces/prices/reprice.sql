-- name: ask
-- Ask for stored calls to be priced again; what a project asks while an earlier job runs makes that one begin anew.
INSERT INTO traces_reprice AS r (project_id, since_ns, until_ns, reason, asked_by)
VALUES (%(project)s, %(since)s, %(until)s, %(reason)s, %(by)s)
ON CONFLICT (project_id) WHERE finished_at IS NULL DO UPDATE
SET    since_ns = CASE WHEN num_nulls(r.since_ns, excluded.since_ns) = 0 THEN LEAST(r.since_ns, excluded.since_ns) END,
       until_ns = CASE WHEN num_nulls(r.until_ns, excluded.until_ns) = 0 THEN GREATEST(r.until_ns, excluded.until_ns) END,
       reason = excluded.reason, asked_by = excluded.asked_by, asked_at = now(), started_at = NULL, cursor = NULL,
       traces = 0, done = 0;

-- name: next_job
-- The oldest job that is not finished, unless another session is at it.
SELECT id, project_id, since_ns, until_ns, started_at, replace(cursor::text, '-', ''), traces
FROM   traces_reprice
WHERE  finished_at IS NULL
ORDER  BY id
LIMIT  1
FOR    UPDATE SKIP LOCKED;

-- name: exclude
-- Wait until no transaction is left that may have read prices before they changed, and let none begin until the end.
SELECT pg_advisory_xact_lock(%(lock)s);

-- name: start
-- From now on every worker's prices are those that the job applies.
UPDATE traces_reprice
SET    started_at = now(), traces = (
           SELECT count(*) FROM traces_trace t
           WHERE  t.project_id = traces_reprice.project_id AND cardinality(t.models) > 0
           AND    (until_ns IS NULL OR t.start_ns < until_ns)
           AND    (since_ns IS NULL OR t.end_ns IS NULL OR t.end_ns >= since_ns))
WHERE  id = %(id)s;

-- name: next_traces
-- The next traces that may hold model calls of the time asked for, locked in the order that all workers take them.
SELECT replace(trace_id::text, '-', ''), span_count, first_day, last_day
FROM   traces_trace
WHERE  project_id = %(project)s AND cardinality(models) > 0
AND    (%(cursor)s::uuid IS NULL OR trace_id > %(cursor)s::uuid)
AND    (%(until)s::bigint IS NULL OR start_ns < %(until)s)
AND    (%(since)s::bigint IS NULL OR end_ns IS NULL OR end_ns >= %(since)s)
ORDER  BY trace_id
LIMIT  %(limit)s
FOR    UPDATE;

-- name: calls
-- The model calls of these traces, with all that their price and their rollup key depend on.
SELECT replace(trace_id::text, '-', ''), span_id, kind, flags, agent, start_ns, service, version, environment, pipeline,
       model, request_model, provider, cost, reported_cost, tokens_in, tokens_cache_read, tokens_cache_write,
       tokens_out, tokens_reasoning, CASE WHEN attributes ?| %(tier_keys)s THEN attributes ELSE '{}' END
FROM   traces_span
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND project_id = %(project)s
AND    day BETWEEN %(first_day)s AND %(last_day)s AND kind = ANY(%(kinds)s);

-- name: plan
-- Traces are read through their index, however young a partition's statistics are, and joined by reading each once.
SET LOCAL enable_seqscan = off; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;

-- name: update_spans
-- Costs that became others.
UPDATE traces_span s
SET    cost = n.cost, flags = n.flags, seq = t.seq + 1
FROM   json_to_recordset(%(rows)s::json) AS n (trace_id uuid, span_id bigint, cost double precision, flags smallint),
       traces_trace t
WHERE  s.trace_id = n.trace_id AND s.span_id = n.span_id AND s.project_id = %(project)s
AND    t.trace_id = n.trace_id AND t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s::uuid[])
AND    s.trace_id = ANY(%(traces)s::uuid[]) AND s.day BETWEEN %(first_day)s AND %(last_day)s;

-- name: update_traces
-- What their calls now come to.
UPDATE traces_trace t
SET    cost = n.cost, unpriced_calls = n.unpriced, seq = seq + 1
FROM   json_to_recordset(%(rows)s::json) AS n (trace_id uuid, cost double precision, unpriced integer)
WHERE  t.trace_id = n.trace_id AND t.project_id = %(project)s AND t.trace_id = ANY(%(traces)s::uuid[]);

-- name: advance
-- So far the job is done; with the changes themselves, or not at all.
UPDATE traces_reprice
SET    cursor = %(cursor)s::uuid, done = done + %(done)s, changed = changed + %(changed)s
WHERE  id = %(id)s;

-- name: finish
-- Nothing is left of the job.
UPDATE traces_reprice SET finished_at = now(), done = traces WHERE id = %(id)s;
