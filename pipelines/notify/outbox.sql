-- name: claim
-- The message that is due for longest, for this sender alone until its lease is over.
UPDATE pipelines_message SET attempt = attempt + 1, due_at = clock_timestamp() + %(lease)s * interval '1 s'
WHERE  id = (SELECT id FROM pipelines_message WHERE status = 'waiting' AND due_at <= now()
             ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, project_id, review_id::text, channel, occasion, attempt;

-- name: settle
-- sent, skipped or failed; not when a later sender has it.
UPDATE pipelines_message
SET    status = %(status)s, error = %(error)s, sent_at = CASE WHEN %(status)s = 'sent' THEN clock_timestamp() END
WHERE  id = %(id)s AND attempt = %(attempt)s AND status = 'waiting';

-- name: later
UPDATE pipelines_message SET due_at = clock_timestamp() + %(wait)s * interval '1 s', error = %(error)s
WHERE  id = %(id)s AND attempt = %(attempt)s AND status = 'waiting';
