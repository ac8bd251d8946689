-- Periodic work around pipelines. What deletes does so a little at a time.

-- name: lead
SELECT pg_try_advisory_lock(%(lock)s);

-- name: forget_sessions
DELETE FROM pipelines_session WHERE ctid IN (
    SELECT s.ctid FROM pipelines_session s
    WHERE s.expires_at < clock_timestamp() AND NOT EXISTS (
        SELECT FROM pipelines_run r
        WHERE r.project_id = s.project_id AND r.session = s.owner AND r.finished_at IS NULL)
    LIMIT %(limit)s);

-- name: long_transactions
SELECT pid, application_name, extract(epoch FROM now() - xact_start)::int FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND xact_start < now() - %(seconds)s * interval '1 s';

-- name: dead_rows
SELECT relname, n_dead_tup FROM pg_stat_user_tables
WHERE relname IN ('pipelines_ready', 'pipelines_node', 'pipelines_run') AND n_dead_tup > %(most)s
  AND n_dead_tup > n_live_tup;

-- name: retire_runs
WITH old AS (
    SELECT id FROM pipelines_run
    WHERE finished_at < now() - %(days)s * interval '1 day'
      AND (idempotency_key IS NULL OR finished_at + key_ttl < now())
    LIMIT %(limit)s
), nodes AS (
    DELETE FROM pipelines_node n USING old WHERE n.run_id = old.id
), events AS (
    DELETE FROM pipelines_event e USING old WHERE e.run_id = old.id
), effects AS (
    DELETE FROM pipelines_effect f USING old WHERE f.scope = old.id::text
), uses AS (
    DELETE FROM pipelines_blob_use u USING old WHERE u.run_id = old.id
)
DELETE FROM pipelines_run r USING old WHERE r.id = old.id;

-- name: gone_runs
-- Of projects that were deleted. Their reviews go with them, their nodes next.
DELETE FROM pipelines_run WHERE ctid IN (
    SELECT r.ctid FROM pipelines_run r WHERE NOT EXISTS (SELECT FROM accounts_project p WHERE p.id = r.project_id)
    LIMIT %(limit)s);

-- name: gone_effects
DELETE FROM pipelines_effect WHERE ctid IN (
    SELECT e.ctid FROM pipelines_effect e WHERE NOT EXISTS (SELECT FROM accounts_project p WHERE p.id = e.project_id)
    LIMIT %(limit)s);

-- name: gone_nodes
DELETE FROM pipelines_node WHERE ctid IN (
    SELECT n.ctid FROM pipelines_node n WHERE NOT EXISTS (SELECT FROM pipelines_run r WHERE r.id = n.run_id)
    LIMIT %(limit)s);

-- name: gone_events
DELETE FROM pipelines_event WHERE ctid IN (
    SELECT e.ctid FROM pipelines_event e WHERE NOT EXISTS (SELECT FROM accounts_project p WHERE p.id = e.project_id)
    LIMIT %(limit)s);

-- name: gone_blob_uses
DELETE FROM pipelines_blob_use WHERE ctid IN (
    SELECT u.ctid FROM pipelines_blob_use u
    WHERE u.at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM pipelines_run r WHERE r.id = u.run_id)
    LIMIT %(limit)s);

-- name: forget_blobs
-- Nobody begins to use one meanwhile: who does holds this lock shared.
WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(x'45434f410010'::bigint) AS yes)
DELETE FROM pipelines_blob WHERE (SELECT yes FROM alone) AND ctid IN (
    SELECT b.ctid FROM pipelines_blob b
    WHERE NOT EXISTS (SELECT FROM pipelines_blob_use u WHERE u.sha256 = b.sha256) LIMIT %(limit)s);

-- name: old_breaker_changes
DELETE FROM pipelines_breaker_change WHERE ctid IN (
    SELECT ctid FROM pipelines_breaker_change WHERE at < now() - %(days)s * interval '1 day' LIMIT %(limit)s);
