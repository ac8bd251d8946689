-- name: health
-- Every pipeline that the project ever ran: its runs of the window, and what of it is unfinished now, whenever it began.
WITH RECURSIVE names AS (
    (SELECT pipeline FROM pipelines_run WHERE project_id = %(project)s ORDER BY pipeline LIMIT 1)
    UNION ALL
    SELECT (SELECT r.pipeline FROM pipelines_run r WHERE r.project_id = %(project)s AND r.pipeline > names.pipeline
            ORDER BY r.pipeline LIMIT 1)
    FROM names WHERE names.pipeline IS NOT NULL
), ranged AS (
    SELECT pipeline, count(*) AS runs, count(*) FILTER (WHERE finished_at IS NOT NULL) AS finished,
           count(*) FILTER (WHERE status = 'error') AS errors, count(*) FILTER (WHERE status = 'rejected') AS rejected,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY {took}) FILTER (WHERE finished_at IS NOT NULL) AS p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY {took}) FILTER (WHERE finished_at IS NOT NULL) AS p95,
           max(created_at) AS newest
    FROM pipelines_run
    WHERE project_id = %(project)s AND created_at >= %(start)s AND created_at < %(end)s
    GROUP BY pipeline
), unfinished AS (
    SELECT pipeline, count(*) FILTER (WHERE status IN ('queued', 'running', 'compensating')) AS running,
           count(*) FILTER (WHERE status = 'paused') AS paused, count(*) FILTER (WHERE status = 'held') AS held
    FROM pipelines_run
    WHERE project_id = %(project)s AND finished_at IS NULL
    GROUP BY pipeline
)
SELECT n.pipeline, coalesce(r.runs, 0), coalesce(r.finished, 0), coalesce(r.errors, 0), coalesce(r.rejected, 0),
       r.p50, r.p95, coalesce(u.running, 0), coalesce(u.paused, 0), coalesce(u.held, 0), r.newest, d.definition::text
FROM names n
LEFT JOIN ranged r USING (pipeline)
LEFT JOIN unfinished u USING (pipeline)
LEFT JOIN LATERAL (
    SELECT definition FROM pipelines_definition WHERE hash = (
        SELECT definition_hash FROM pipelines_run
        WHERE project_id = %(project)s AND pipeline = n.pipeline ORDER BY created_at DESC, id DESC LIMIT 1)
) d ON true
WHERE n.pipeline IS NOT NULL
ORDER BY n.pipeline
LIMIT %(limit)s

-- name: took
-- How long a run took, in milliseconds, waits for people included.
(extract(epoch FROM finished_at - coalesce(started_at, created_at)) * 1000)::float8

-- name: newest_definition
-- The definition of the pipeline's newest run in the project.
SELECT d.hash, d.definition::text, d.created_at
FROM pipelines_run r JOIN pipelines_definition d ON d.hash = r.definition_hash
WHERE r.project_id = %(project)s AND r.pipeline = %(pipeline)s
ORDER BY r.created_at DESC, r.id DESC
LIMIT 1

-- name: definition
-- One definition, if a run of the project has it.
SELECT d.hash, d.definition::text, d.created_at
FROM pipelines_definition d
WHERE d.hash = %(hash)s
  AND EXISTS (SELECT FROM pipelines_run r WHERE r.project_id = %(project)s AND r.definition_hash = d.hash)

-- name: places
-- Where runs of a pipeline are now, and where those of the window failed: by place in the definition and status.
WITH chosen AS (
    (SELECT id, finished_at FROM pipelines_run
     WHERE project_id = %(project)s AND pipeline = %(pipeline)s AND finished_at IS NULL
     ORDER BY created_at DESC LIMIT %(most)s)
    UNION ALL
    (SELECT id, finished_at FROM pipelines_run
     WHERE project_id = %(project)s AND pipeline = %(pipeline)s AND finished_at IS NOT NULL
       AND created_at >= %(start)s AND created_at < %(end)s
     ORDER BY created_at DESC LIMIT %(most)s)
)
SELECT regexp_replace(regexp_replace(n.path, %(branches)s, '.\1', 'g'), '\[[^\]]*\]|@[0-9]+', '', 'g') AS place,
       CASE WHEN n.status = 'leased' THEN 'running' WHEN n.status IN ('ready', 'waiting') THEN 'waiting' ELSE n.status END,
       count(*)::int
FROM chosen JOIN pipelines_node n ON n.run_id = chosen.id
WHERE n.status IN ('error', 'unknown', 'held')
   OR chosen.finished_at IS NULL AND n.status IN ('ready', 'leased', 'waiting', 'paused')
GROUP BY 1, 2
