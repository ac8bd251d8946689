-- name: outcomes
-- What became of the spans that arrived in the window.
SELECT outcome, reason, sum(spans)::bigint
FROM traces_ledger
WHERE project_id = %(project)s AND minute >= %(first_minute)s AND minute < %(last_minute)s
GROUP BY 1, 2

-- name: pending
-- How many batches wait for a worker, and for how many seconds the oldest; a batch id holds its time of arrival.
SELECT count(*), (extract(epoch FROM now()) - min(batch_id >> 22) / 1000.0)::float8
FROM traces_inbox_queue
WHERE project_id = %(project)s
