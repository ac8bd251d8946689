-- name: sums
-- What rollups and the deltas not yet folded into them add up to, by group and kind.
SELECT {group}, k.kind, sum(r.calls), sum(r.errors), sum(r.timeouts), sum(r.model_calls), sum(r.unpriced),
       sum(r.tokens_in)::bigint, sum(r.tokens_cache_read)::bigint, sum(r.tokens_cache_write)::bigint,
       sum(r.tokens_out)::bigint, sum(r.tokens_reasoning)::bigint, sum(r.cost)::float8, sum(r.duration_ns)::float8,
       sum(r.critical_ns)::float8
FROM {rows}
GROUP BY 1, 2

-- name: histograms
-- Merged histograms, by group; buckets that signed deltas brought back to nothing are left out. The arrays are
-- unnested in the select list, which streams (in FROM, a call of unnest puts every row's elements aside first), and
-- summed by integers before there is any name.
SELECT merged.grp, array_agg(merged.slot ORDER BY merged.slot), array_agg(merged.calls ORDER BY merged.slot)
FROM (
    SELECT {group} AS grp, r.slot, sum(r.calls)::bigint AS calls
    FROM (
        SELECT slots.key_id, slots.bucket, slots.slot, sum(slots.calls) AS calls
        FROM (
            SELECT r.key_id, {slice} AS bucket, unnest({buckets}) AS slot, unnest({counts}) AS calls
            FROM {rows}
            WHERE {kinds}
        ) slots
        GROUP BY 1, 2, 3
    ) r
    JOIN traces_rollup_key k ON k.id = r.key_id
    GROUP BY 1, 2
    HAVING sum(r.calls) > 0
) merged
GROUP BY 1

-- name: rows
-- A project's rollup rows that touch the window. A row of an hour or a day touches it as a whole.
traces_rollup_key k
JOIN (SELECT * FROM traces_rollup UNION ALL SELECT * FROM traces_rollup_delta) r
  ON r.key_id = k.id AND k.project_id = %(project)s AND {where}
 AND r.bucket < %(last_minute)s AND r.bucket > %(first_minute)s - 1440 AND r.bucket + r.width > %(first_minute)s

-- name: widest
-- The width in minutes of the widest rollup row that touches the window.
SELECT max(r.width) FROM {rows}
