-- name: letters
-- Dead letters, newest first, after a place; with the size of the batch.
SELECT d.id, d.batch_id, d.day, d.ordinal, d.reason, d.failed_at, b.spans, coalesce(b.signal, 1), b.id IS NOT NULL
FROM   traces_dead_letter d
LEFT   JOIN traces_inbox_batch b ON b.id = d.batch_id AND b.day = d.day AND b.project_id = d.project_id
WHERE  d.project_id = %(project)s AND d.id < %(before)s
ORDER  BY d.id DESC
LIMIT  %(limit)s;

-- name: count
-- How many there are.
SELECT count(*) FROM traces_dead_letter WHERE project_id = %(project)s;

-- name: letter
-- One of them.
SELECT d.id, d.batch_id, d.day, d.ordinal, d.reason, d.failed_at, b.spans, coalesce(b.signal, 1), b.id IS NOT NULL
FROM   traces_dead_letter d
LEFT   JOIN traces_inbox_batch b ON b.id = d.batch_id AND b.day = d.day AND b.project_id = d.project_id
WHERE  d.project_id = %(project)s AND d.id = %(letter)s;

-- name: body
-- The body of a batch.
SELECT body FROM traces_inbox_batch WHERE id = %(batch)s AND day = %(day)s AND project_id = %(project)s;
