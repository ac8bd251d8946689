-- name: nodes
-- What unfinished runs would go on from, all projects together; large values by their pointer.
SELECT r.id, p.slug, r.pipeline, r.definition_hash, r.status, n.path, n.kind,
       CASE WHEN length(n.input::text) <= %(longest)s THEN n.input::text END
FROM   pipelines_run r
JOIN   accounts_project p ON p.id = r.project_id
JOIN   pipelines_node n ON n.run_id = r.id
WHERE  r.finished_at IS NULL AND r.definition_hash <> ALL(%(same)s)
  AND  n.status IN ('ready', 'leased', 'waiting', 'paused', 'held', 'unknown')
ORDER  BY r.pipeline, r.created_at, r.id, n.seq;

-- name: definitions
-- The definitions that unfinished runs began under.
SELECT DISTINCT d.hash, d.pipeline, d.definition::text
FROM   pipelines_definition d JOIN pipelines_run r ON r.definition_hash = d.hash
WHERE  r.finished_at IS NULL;
