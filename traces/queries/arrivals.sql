-- name: account
-- What became of the spans that arrived in the window, and which of them wait (outcome -1): one statement, one moment.
SELECT key_id, service, outcome::integer, reason, sum(spans)::bigint
FROM   traces_ledger
WHERE  project_id = %(project)s AND minute >= %(first_minute)s AND minute < %(last_minute)s AND outcome <= %(most)s
GROUP  BY 1, 2, 3, 4
UNION ALL
SELECT coalesce(b.key_id, 0), '', -1, '', sum(q.spans)::bigint
FROM   traces_inbox_queue q
JOIN   traces_inbox_batch b ON b.id = q.batch_id AND b.day = q.day
WHERE  q.project_id = %(project)s AND q.batch_id >= %(first_batch)s AND q.batch_id < %(last_batch)s AND b.signal = 1
GROUP  BY 1;

-- name: over_time
-- Received and rejected spans by slot of the window.
SELECT ((minute - %(first_minute)s)::bigint * %(slots)s / (%(last_minute)s - %(first_minute)s))::integer AS slot,
       coalesce(sum(spans) FILTER (WHERE outcome = %(received)s), 0)::bigint,
       coalesce(sum(spans) FILTER (WHERE outcome = %(rejected)s OR outcome = %(dead)s), 0)::bigint
FROM   traces_ledger
WHERE  project_id = %(project)s AND minute >= %(first_minute)s AND minute < %(last_minute)s
GROUP  BY 1;

-- name: now
-- Spans received since the minute before this one began, those that wait, and for how many seconds the oldest batch has.
SELECT (SELECT coalesce(sum(spans), 0)::bigint FROM traces_ledger
        WHERE project_id = %(project)s AND minute >= %(minute)s AND outcome = %(received)s),
       (SELECT coalesce(sum(spans), 0)::bigint FROM traces_inbox_queue WHERE project_id = %(project)s),
       (SELECT count(*) FROM traces_inbox_queue WHERE project_id = %(project)s),
       (SELECT (extract(epoch FROM now()) - min(batch_id >> 22) / 1000.0)::float8 FROM traces_inbox_queue
        WHERE project_id = %(project)s AND batch_id > (
            SELECT coalesce(max(last_batch), 0) FROM traces_replay_job
            WHERE  (project_id = %(project)s OR project_id IS NULL) AND started_at IS NOT NULL AND finished_at IS NULL));
