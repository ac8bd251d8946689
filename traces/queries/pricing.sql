-- name: span
-- What a span's price depends on that its row in the trace does not show.
SELECT s.reported_cost, s.response_key, CASE WHEN s.attributes ?| %(tier_keys)s THEN s.attributes ELSE '{}' END
FROM   traces_trace t
JOIN   traces_span s ON s.trace_id = t.trace_id AND s.project_id = t.project_id
WHERE  t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s AND s.span_id = %(span)s
AND    s.day BETWEEN t.first_day AND t.last_day;

-- name: twin
-- The span that counts for the same call of the model.
SELECT s.span_id
FROM   traces_trace t
JOIN   traces_span s ON s.trace_id = t.trace_id AND s.project_id = t.project_id
WHERE  t.trace_id = %(trace)s::uuid AND t.project_id = %(project)s AND s.response_key = %(response_key)s
AND    s.flags & %(counted)s <> 0 AND s.day BETWEEN t.first_day AND t.last_day
LIMIT  1;

-- name: own
-- A project's own prices.
SELECT id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until
FROM   traces_price
WHERE  project_id = %(project)s
ORDER  BY id;

-- name: calls
-- The model calls of a trace whose usage counts, by start.
SELECT s.span_id, s.name, s.agent, s.model, s.request_model, s.provider, s.kind, s.start_ns, s.cost, s.reported_cost,
       s.tokens_in, s.tokens_cache_read, s.tokens_cache_write, s.tokens_out, s.tokens_reasoning,
       CASE WHEN s.attributes ?| %(tier_keys)s THEN s.attributes ELSE '{}' END
FROM   traces_span s
WHERE  s.trace_id = %(trace)s::uuid AND s.project_id = %(project)s AND s.day BETWEEN %(first_day)s AND %(last_day)s
AND    s.flags & %(counted)s <> 0
ORDER  BY s.start_ns, s.span_id
LIMIT  %(limit)s;
