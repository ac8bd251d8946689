-- name: bodies
-- Some batches of a project, in order of arrival.
SELECT id, day, body
FROM traces_inbox_batch
WHERE project_id = %(project)s AND id = ANY(%(batches)s) AND day = ANY(%(days)s)
ORDER BY id
