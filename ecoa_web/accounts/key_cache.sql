-- name: find_key
-- The key with this SHA-256, unless it is revoked.
SELECT id, project_id, scopes FROM accounts_apikey WHERE digest = %s AND revoked_at IS NULL;

-- name: key_used
-- Note that a key was used; once a minute is enough, whoever asks.
UPDATE accounts_apikey SET last_used_at = now()
WHERE  id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
RETURNING id;
