-- name: add
-- What became of received spans.
INSERT INTO traces_ledger (project_id, key_id, minute, service, outcome, reason, spans)
SELECT project_id, key_id, minute, service, outcome, reason, spans
FROM   json_populate_recordset(NULL::traces_ledger, %(rows)s::json);

-- name: add_dead_letters
-- What could not be stored, with why.
INSERT INTO traces_dead_letter (project_id, batch_id, day, ordinal, reason)
SELECT project_id, batch_id, day, ordinal, reason
FROM   json_populate_recordset(NULL::traces_dead_letter, %(rows)s::json);
