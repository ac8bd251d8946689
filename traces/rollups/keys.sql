-- name: find
-- Ids of keys that exist.
SELECT k.id, k.project_id, k.kind, k.service, k.pipeline, k.agent, k.model, k.provider, k.tool, k.version, k.environment
FROM   json_populate_recordset(NULL::traces_rollup_key, %(keys)s::json) w
JOIN   traces_rollup_key k ON k.project_id = w.project_id AND k.kind = w.kind
AND    md5(k.service || E'\x1f' || k.pipeline || E'\x1f' || k.agent || E'\x1f' || k.model || E'\x1f' || k.provider
           || E'\x1f' || k.tool || E'\x1f' || k.version || E'\x1f' || k.environment)
     = md5(w.service || E'\x1f' || w.pipeline || E'\x1f' || w.agent || E'\x1f' || w.model || E'\x1f' || w.provider
           || E'\x1f' || w.tool || E'\x1f' || w.version || E'\x1f' || w.environment);

-- name: insert
-- Keys seen for the first time, in the order that all workers take them.
INSERT INTO traces_rollup_key
       (project_id, kind, service, pipeline, agent, model, provider, tool, version, environment)
SELECT project_id, kind, service, pipeline, agent, model, provider, tool, version, environment
FROM   json_populate_recordset(NULL::traces_rollup_key, %(keys)s::json)
ORDER  BY project_id, kind, service, pipeline, agent, model, provider, tool, version, environment
ON CONFLICT DO NOTHING
RETURNING id, project_id, kind, service, pipeline, agent, model, provider, tool, version, environment;

-- name: count
-- How many keys these projects have.
SELECT project_id, count(*) FROM traces_rollup_key WHERE project_id = ANY(%(projects)s) GROUP BY project_id;
