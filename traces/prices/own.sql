-- name: own
-- The own prices of these projects.
SELECT project_id, id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until
FROM   traces_price
WHERE  project_id = ANY(%(projects)s)
ORDER  BY project_id, id;
