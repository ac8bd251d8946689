-- name: begin
-- Nothing is saved while a replay forgets it, and by one worker at a time.
SELECT pg_advisory_xact_lock_shared(%(derived)s), pg_advisory_xact_lock(%(saving)s);

-- name: sources
-- Who sends, added to what is known. xmax is 0 in a row that is new.
INSERT INTO traces_source AS known (project_id, digest, service, sdk, language, version, scope, scope_version, dialects,
                                    spans, first_at, last_at)
SELECT project_id, digest, service, sdk, language, version, scope, scope_version, dialects, spans,
       to_timestamp(first_ns / 1e9), to_timestamp(last_ns / 1e9)
FROM   json_to_recordset(%(rows)s::json) AS new (project_id integer, digest uuid, service text, sdk text, language text,
           version text, scope text, scope_version text, dialects text[], spans bigint, first_ns bigint, last_ns bigint)
ON CONFLICT (project_id, digest) DO UPDATE
SET    spans = known.spans + excluded.spans,
       dialects = ARRAY(SELECT DISTINCT d FROM unnest(known.dialects || excluded.dialects) AS d ORDER BY d),
       first_at = LEAST(known.first_at, excluded.first_at),
       last_at = GREATEST(known.last_at, excluded.last_at)
RETURNING CASE WHEN xmax = 0 THEN project_id END;

-- name: keys
-- Keys that no rule reads, added to what is known; the newest example stands.
INSERT INTO traces_unknown_key AS known (project_id, key, spans, example, scope, trace_id, span_id, first_at, last_at)
SELECT project_id, key, spans, example, scope, trace_id, span_id, to_timestamp(last_ns / 1e9), to_timestamp(last_ns / 1e9)
FROM   json_to_recordset(%(rows)s::json) AS new (project_id integer, key text, spans bigint, example text, scope text,
           trace_id uuid, span_id bigint, last_ns bigint)
ON CONFLICT (project_id, key) DO UPDATE
SET    spans = known.spans + excluded.spans, example = excluded.example, scope = excluded.scope,
       trace_id = excluded.trace_id, span_id = excluded.span_id,
       first_at = LEAST(known.first_at, excluded.first_at),
       last_at = GREATEST(known.last_at, excluded.last_at)
RETURNING CASE WHEN xmax = 0 THEN project_id END;

-- name: mappings
-- With which rules spans were read.
INSERT INTO traces_mapping AS known (project_id, version, spans, first_at, last_at)
SELECT project_id, version, spans, to_timestamp(first_ns / 1e9), to_timestamp(last_ns / 1e9)
FROM   json_to_recordset(%(rows)s::json)
       AS new (project_id integer, version text, spans bigint, first_ns bigint, last_ns bigint)
ON CONFLICT (project_id, version) DO UPDATE
SET    spans = known.spans + excluded.spans,
       first_at = LEAST(known.first_at, excluded.first_at),
       last_at = GREATEST(known.last_at, excluded.last_at);

-- name: trim_sources
-- Of a project that has too many, those seen last stay.
DELETE FROM traces_source
WHERE  project_id = %(project)s AND digest NOT IN (
           SELECT digest FROM traces_source WHERE project_id = %(project)s ORDER BY last_at DESC, digest LIMIT %(most)s);

-- name: trim_keys
-- Of a project that has too many, those seen most often stay.
DELETE FROM traces_unknown_key
WHERE  project_id = %(project)s AND key NOT IN (
           SELECT key FROM traces_unknown_key WHERE project_id = %(project)s ORDER BY spans DESC, last_at DESC, key
           LIMIT %(most)s);
