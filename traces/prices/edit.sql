-- name: add
-- A project's own price.
INSERT INTO traces_price (project_id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from,
                          valid_until, changed_by)
VALUES (%(project)s, %(provider)s, %(model)s, %(input)s, %(cache_read)s, %(cache_write)s, %(output)s, %(reasoning)s,
        %(valid_from)s, %(valid_until)s, %(by)s)
RETURNING id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until;

-- name: lock
-- A project's own price, held until the end of the transaction.
SELECT id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until
FROM   traces_price
WHERE  id = %(id)s AND project_id = %(project)s
FOR    UPDATE;

-- name: change
-- What a price is now.
UPDATE traces_price
SET    provider = %(provider)s, model = %(model)s, input = %(input)s, cache_read = %(cache_read)s,
       cache_write = %(cache_write)s, output = %(output)s, reasoning = %(reasoning)s, valid_from = %(valid_from)s,
       valid_until = %(valid_until)s, changed_by = %(by)s, changed_at = now()
WHERE  id = %(id)s AND project_id = %(project)s
RETURNING id, provider, model, input, cache_read, cache_write, output, reasoning, valid_from, valid_until;
