-- name: own
-- The epoch of each of these projects (how many replays of it have begun) and its rules, oldest first; a row without a
-- rule for a project that has none.
SELECT p.id, (SELECT count(*) FROM traces_replay_job j
              WHERE j.started_at IS NOT NULL AND (j.project_id = p.id OR j.project_id IS NULL))::integer,
       r.id, r.field, r.key, r.reader, r.member, r.scope, r.first
FROM   unnest(%(projects)s::integer[]) AS p (id)
LEFT   JOIN traces_rule r ON r.project_id = p.id
ORDER  BY p.id, r.id;
