-- name: rules
-- A project's own rules, oldest first, with who made them.
SELECT id, field, key, reader, member, scope, first, made_by, made_at
FROM   traces_rule WHERE project_id = %(project)s ORDER BY id;

-- name: epoch
-- How many replays of a project have begun.
SELECT count(*)::integer FROM traces_replay_job
WHERE  started_at IS NOT NULL AND (project_id = %(project)s OR project_id IS NULL);

-- name: add_rule
-- A further rule, unless the project has too many.
INSERT INTO traces_rule (project_id, field, key, reader, member, scope, first, made_by)
SELECT %(project)s, %(field)s, %(key)s, %(reader)s, %(member)s, %(scope)s, %(first)s, %(by)s
WHERE  (SELECT count(*) FROM traces_rule WHERE project_id = %(project)s) < %(most)s
RETURNING id;

-- name: remove_rule
-- A rule less.
DELETE FROM traces_rule WHERE project_id = %(project)s AND id = %(rule)s RETURNING field, key;

-- name: sources
-- Who sends, by service, what was seen last first.
SELECT service, sdk, language, version, scope, scope_version, dialects, spans, first_at, last_at
FROM   traces_source WHERE project_id = %(project)s
ORDER  BY last_at > now() - interval '1 day' DESC, service, spans DESC, digest
LIMIT  %(limit)s;

-- name: unknown_keys
-- Keys that no rule read, the most frequent first.
SELECT key, spans, example, scope, replace(trace_id::text, '-', ''), span_id, first_at, last_at
FROM   traces_unknown_key WHERE project_id = %(project)s
ORDER  BY spans DESC, last_at DESC, key
LIMIT  %(limit)s;

-- name: mappings
-- The versions of the rules that stored spans were read with, newest first.
SELECT version, spans, first_at, last_at FROM traces_mapping WHERE project_id = %(project)s ORDER BY last_at DESC, version;

-- name: places
-- Where spans of one trace, or of a project's newest traces, stand; the trace's beginning first.
SELECT replace(s.trace_id::text, '-', ''), s.span_id, s.name, s.batch_id, s.day, s.ordinal
FROM   (SELECT trace_id, project_id, first_day, last_day, start_ns FROM traces_trace
        WHERE  project_id = %(project)s AND (%(trace)s::uuid IS NULL OR trace_id = %(trace)s::uuid)
        ORDER  BY start_ns DESC LIMIT %(traces)s) t
JOIN   traces_span s ON s.trace_id = t.trace_id AND s.project_id = t.project_id AND s.day BETWEEN t.first_day AND t.last_day
WHERE  %(span)s::bigint IS NULL OR s.span_id = %(span)s::bigint
ORDER  BY t.start_ns DESC, s.start_ns, s.span_id
LIMIT  %(limit)s;
