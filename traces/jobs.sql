-- name: lead
-- Whether this session does the periodic work; it does until it ends.
SELECT pg_try_advisory_lock(%(lock)s);

-- name: sum_ledger
-- Add up the ledger's rows of minutes that are over, where there are several of a kind.
WITH several AS (
    SELECT project_id, key_id, minute, service, outcome, reason
    FROM   traces_ledger
    WHERE  minute < %(before)s
    GROUP  BY project_id, key_id, minute, service, outcome, reason
    HAVING count(*) > 1
    LIMIT  %(limit)s
), moved AS (
    DELETE FROM traces_ledger l
    USING  several s
    WHERE  (l.project_id, l.key_id, l.minute, l.service, l.outcome, l.reason)
         = (s.project_id, s.key_id, s.minute, s.service, s.outcome, s.reason)
    RETURNING l.*
)
INSERT INTO traces_ledger (project_id, key_id, minute, service, outcome, reason, spans)
SELECT project_id, key_id, minute, service, outcome, reason, sum(spans)
FROM   moved
GROUP  BY project_id, key_id, minute, service, outcome, reason
HAVING sum(spans) <> 0;

-- name: pending_before
-- Whether batches of days before this one still wait to be stored.
SELECT EXISTS (SELECT FROM traces_inbox_queue WHERE day < %(day)s);

-- name: expire_traces
-- Traces whose last span arrived before the days that are kept.
WITH gone AS (
    DELETE FROM traces_trace
    WHERE  ctid = ANY(ARRAY(SELECT ctid FROM traces_trace WHERE last_day < %(day)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING trace_id, project_id
), settled AS (
    DELETE FROM traces_settle s USING gone WHERE s.trace_id = gone.trace_id AND s.project_id = gone.project_id
)
SELECT count(*) FROM gone;

-- name: expire_ledger
-- Ledger rows of days that are no longer kept.
DELETE FROM traces_ledger
WHERE  ctid = ANY(ARRAY(SELECT ctid FROM traces_ledger WHERE minute < %(minute)s LIMIT %(limit)s));

-- name: expire_search_queue
-- Batches that are gone before they got into the search index.
DELETE FROM traces_search_queue
WHERE  batch_id = ANY(ARRAY(SELECT batch_id FROM traces_search_queue WHERE day < %(day)s LIMIT %(limit)s));

-- name: expire_unknown_keys
-- Examples of days that are no longer kept.
DELETE FROM traces_unknown_key WHERE last_at < %(day)s::date;

-- name: expire_sources
-- What has sent nothing since.
DELETE FROM traces_source WHERE last_at < %(day)s::date;

-- name: expire_mappings
-- Rules that no span that is kept was read with.
DELETE FROM traces_mapping WHERE last_at < %(day)s::date;

-- name: expire_dead_letters
-- Dead letters whose batches are gone.
DELETE FROM traces_dead_letter
WHERE  id = ANY(ARRAY(SELECT id FROM traces_dead_letter WHERE day < %(day)s LIMIT %(limit)s));

-- name: clear_sessions
-- Sign-ins that are over.
DELETE FROM django_session WHERE expire_date < now();
