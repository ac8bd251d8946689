-- name: copy_logs
-- Log records, as text; nothing between two tabs is null.
COPY traces_log (trace_id, span_id, time_ns, batch_id, digest, response_key, tokens_in, tokens_cache_read,
    tokens_cache_write, tokens_out, tokens_reasoning, reported_cost, project_id, day, ordinal, event, session, model,
    provider)
FROM STDIN (NULL '');

-- name: look_for_traces
-- These batches' records have their traces looked for.
INSERT INTO traces_log_queue (batch_id, project_id, day, due_at)
SELECT batch_id, project_id, day, now()
FROM   json_to_recordset(%(rows)s::json) AS new (batch_id bigint, project_id integer, day date)
ON CONFLICT (batch_id) DO UPDATE SET tries = 0, due_at = now();

-- name: of_traces
-- Which of these traces have log records by id.
SELECT DISTINCT replace(trace_id::text, '-', ''), project_id
FROM   traces_log
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND day >= %(first_day)s::date - 1;

-- name: of_sessions
-- Which of these traces have log records by session and time.
SELECT DISTINCT t.trace_id, t.project_id
FROM   json_to_recordset(%(rows)s::json) AS t (trace_id text, project_id integer, session text, since bigint, until bigint)
JOIN   traces_log l ON l.session = t.session AND l.project_id = t.project_id AND l.trace_id IS NULL
                   AND l.time_ns BETWEEN t.since AND t.until
WHERE  l.day >= %(first_day)s::date - 1;

-- name: telling
-- What records tell of the model calls of these traces.
SELECT replace(trace_id::text, '-', ''), project_id, span_id, time_ns, digest, model, provider, response_key,
       tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, reported_cost
FROM   traces_log
WHERE  trace_id = ANY(%(traces)s::uuid[]) AND day >= %(first_day)s::date - 1
AND    num_nonnulls(tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, reported_cost) > 0;

-- name: telling_of_sessions
-- The same of records that have no trace id.
SELECT DISTINCT t.trace_id, l.project_id, l.span_id, l.time_ns, l.digest, l.model, l.provider, l.response_key,
       l.tokens_in, l.tokens_cache_read, l.tokens_cache_write, l.tokens_out, l.tokens_reasoning, l.reported_cost
FROM   json_to_recordset(%(rows)s::json) AS t (trace_id text, project_id integer, session text, since bigint, until bigint)
JOIN   traces_log l ON l.session = t.session AND l.project_id = t.project_id AND l.trace_id IS NULL
                   AND l.time_ns BETWEEN t.since AND t.until
WHERE  l.day >= %(first_day)s::date - 1
AND    num_nonnulls(l.tokens_in, l.tokens_cache_read, l.tokens_cache_write, l.tokens_out, l.tokens_reasoning,
                    l.reported_cost) > 0;

-- name: due
-- Batches whose traces are to be looked for, locked.
SELECT batch_id, day FROM traces_log_queue WHERE due_at <= now() ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: settle_traces
-- The stored traces that these records name are decided again; of records without a trace id those of their session that
-- ran when they were written. In one statement: rows are taken in the order that all workers take them.
INSERT INTO traces_settle (trace_id, project_id, due_at)
SELECT trace_id, project_id, now()
FROM (
    SELECT t.trace_id, t.project_id
    FROM   traces_log l
    JOIN   traces_trace t ON t.trace_id = l.trace_id AND t.project_id = l.project_id
    WHERE  l.batch_id = ANY(%(batches)s) AND l.day = ANY(%(days)s)
    AND    num_nonnulls(l.tokens_in, l.tokens_cache_read, l.tokens_cache_write, l.tokens_out, l.tokens_reasoning,
                        l.reported_cost) > 0
    UNION
    SELECT t.trace_id, t.project_id
    FROM   traces_log l
    JOIN   traces_trace t ON t.sessions @> ARRAY[l.session] AND t.project_id = l.project_id
                         AND l.time_ns BETWEEN t.start_ns AND coalesce(t.end_ns, l.time_ns) + %(late)s
    WHERE  l.batch_id = ANY(%(batches)s) AND l.day = ANY(%(days)s) AND l.trace_id IS NULL AND l.session IS NOT NULL
    AND    num_nonnulls(l.tokens_in, l.tokens_cache_read, l.tokens_cache_write, l.tokens_out, l.tokens_reasoning,
                        l.reported_cost) > 0
) found
ORDER  BY trace_id, project_id
ON CONFLICT (trace_id, project_id) DO UPDATE SET due_at = LEAST(traces_settle.due_at, excluded.due_at);

-- name: again
-- Look once more later; a transaction that stores one of the traces may still run.
UPDATE traces_log_queue
SET    tries = tries + 1, due_at = now() + (CASE tries WHEN 0 THEN 10 ELSE 150 END) * interval '1 second'
WHERE  batch_id = ANY(%(batches)s) AND tries < %(most)s;

-- name: enough
-- No more need to look.
DELETE FROM traces_log_queue WHERE batch_id = ANY(%(batches)s) AND tries >= %(most)s;
