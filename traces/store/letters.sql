-- name: batches
-- The batches of a project's dead letters, or the one of a letter, as far as their bodies are kept.
SELECT b.id, b.day, coalesce(b.key_id, 0), b.spans, b.signal, b.body
FROM   traces_inbox_batch b
WHERE  (b.id, b.day) IN (
           SELECT batch_id, day FROM traces_dead_letter
           WHERE  project_id = %(project)s
           AND    (%(letter)s::bigint IS NULL OR batch_id = (
                      SELECT batch_id FROM traces_dead_letter WHERE id = %(letter)s AND project_id = %(project)s)))
AND    b.project_id = %(project)s
ORDER  BY b.id
LIMIT  %(limit)s;

-- name: take
-- The dead letters of these batches; whoever takes them at the same time gets none.
DELETE FROM traces_dead_letter
WHERE  project_id = %(project)s AND batch_id = ANY(%(ids)s)
RETURNING batch_id, ordinal;

-- name: enqueue
-- These batches wait again.
INSERT INTO traces_inbox_queue (batch_id, day, project_id, spans, due_at)
SELECT batch_id, day, %(project)s, spans, now()
FROM   unnest(%(ids)s::bigint[], %(days)s::date[], %(spans)s::integer[]) AS again (batch_id, day, spans)
ON CONFLICT (batch_id) DO NOTHING;

-- name: forget_logs
-- Log records of these batches; they come again, and nothing else would know them.
DELETE FROM traces_log WHERE project_id = %(project)s AND batch_id = ANY(%(ids)s) AND day = ANY(%(days)s);

-- name: discard
-- A letter, or all of a project.
DELETE FROM traces_dead_letter
WHERE  project_id = %(project)s AND (%(letter)s::bigint IS NULL OR id = %(letter)s);
