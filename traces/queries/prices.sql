-- name: own
-- A project's own prices: by model, those that hold now or later before those that have ended.
SELECT id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until, changed_by,
       changed_at
FROM   traces_price
WHERE  project_id = %(project)s
ORDER  BY valid_until <= %(today)s NULLS FIRST, model, provider, valid_from NULLS FIRST, id;

-- name: latest_job
-- A project's newest job of pricing again.
SELECT reason, asked_by, asked_at, started_at, finished_at, traces, done, changed
FROM   traces_reprice
WHERE  project_id = %(project)s
ORDER  BY id DESC
LIMIT  1;
