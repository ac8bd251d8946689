-- Large values, kept while a run uses them.

-- name: keep_for
WITH shared AS (SELECT pg_advisory_xact_lock_shared(x'45434f410010'::bigint))
INSERT INTO pipelines_blob_use (run_id, sha256) SELECT %(run)s, decode(%(sha256)s, 'hex') FROM shared
ON CONFLICT DO NOTHING;

-- name: write_part
INSERT INTO pipelines_blob (sha256, part, data) VALUES (decode(%(sha256)s, 'hex'), %(part)s, %(data)s)
ON CONFLICT DO NOTHING;

-- name: read_parts
SELECT data FROM pipelines_blob WHERE sha256 = decode(%(sha256)s, 'hex') ORDER BY part;
