-- name: gone
-- Projects that were deleted.
SELECT gone FROM traces_gone_project;

-- name: mark
-- A project is deleted.
INSERT INTO traces_gone_project (gone) VALUES (%(project)s) ON CONFLICT DO NOTHING;

-- name: unmark
-- Projects of which nothing is left and nothing can be on its way any more.
DELETE FROM traces_gone_project WHERE gone = ANY(%(gone)s) AND deleted_at < now() - interval '1 hour';

-- name: tables
-- Every table of traces with rows of projects: what waits first, interned keys after the sums that name them.
SELECT c.relname
FROM   pg_class c
JOIN   pg_attribute a ON a.attrelid = c.oid AND a.attname = 'project_id' AND NOT a.attisdropped
WHERE  c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND    c.relname LIKE 'traces\_%%'
ORDER  BY c.relname <> 'traces_inbox_queue', c.relname = 'traces_rollup_key', c.relname;

-- name: forget_rollups
-- Sums of these projects, some at a time.
DELETE FROM traces_rollup
WHERE  key_id IN (SELECT id FROM traces_rollup_key WHERE project_id = ANY(%(gone)s))
AND    ctid = ANY(ARRAY(SELECT r.ctid FROM traces_rollup r JOIN traces_rollup_key k ON k.id = r.key_id
                        WHERE k.project_id = ANY(%(gone)s) LIMIT %(limit)s));

-- name: forget_deltas
-- Sums of these projects that are not folded yet.
DELETE FROM traces_rollup_delta WHERE key_id IN (SELECT id FROM traces_rollup_key WHERE project_id = ANY(%(gone)s));
