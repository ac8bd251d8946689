-- name: fold
-- Move deltas into the rows of their minutes; those of minutes that are compacted already, into their hours. A row that
-- exists is taken out, added up with them, and put back: readers see the same sum before and after.
WITH moved AS (
    DELETE FROM traces_rollup_delta
    WHERE  ctid = ANY(ARRAY(SELECT ctid FROM traces_rollup_delta LIMIT %(limit)s))
    RETURNING key_id, CASE WHEN bucket < %(before)s THEN bucket - bucket %% %(into)s ELSE bucket END AS bucket,
           CASE WHEN bucket < %(before)s THEN %(into)s ELSE 1 END AS width,
           calls, errors, timeouts, model_calls, unpriced, tokens_in,
           tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, cost, duration_ns, critical_ns,
           buckets, counts, ttft_buckets, ttft_counts
), stored AS (
    DELETE FROM traces_rollup r
    USING  (SELECT DISTINCT key_id, bucket, width FROM moved) AS m
    WHERE  r.key_id = m.key_id AND r.bucket = m.bucket AND r.width = m.width
    RETURNING r.*
), parts AS (
    SELECT * FROM moved UNION ALL SELECT * FROM stored
), sums AS (
    SELECT key_id, bucket, width,
           sum(calls) AS calls, sum(errors) AS errors, sum(timeouts) AS timeouts,
           sum(model_calls) AS model_calls, sum(unpriced) AS unpriced, sum(tokens_in) AS tokens_in,
           sum(tokens_cache_read) AS tokens_cache_read, sum(tokens_cache_write) AS tokens_cache_write,
           sum(tokens_out) AS tokens_out,
           sum(tokens_reasoning) AS tokens_reasoning, sum(cost) AS cost, sum(duration_ns) AS duration_ns,
           sum(critical_ns) AS critical_ns
    FROM   parts GROUP BY key_id, bucket, width
), histograms AS (
    SELECT key_id, bucket, width, array_agg(index ORDER BY index) AS buckets,
           array_agg(count ORDER BY index) AS counts
    FROM   (SELECT key_id, bucket, width, u.index, sum(u.count)::integer AS count
            FROM   parts, unnest(buckets, counts) AS u (index, count)
            GROUP  BY key_id, bucket, width, u.index
            HAVING sum(u.count) <> 0) AS summed
    GROUP  BY key_id, bucket, width
), ttfts AS (
    SELECT key_id, bucket, width, array_agg(index ORDER BY index) AS ttft_buckets,
           array_agg(count ORDER BY index) AS ttft_counts
    FROM   (SELECT key_id, bucket, width, u.index, sum(u.count)::integer AS count
            FROM   parts, unnest(ttft_buckets, ttft_counts) AS u (index, count)
            GROUP  BY key_id, bucket, width, u.index
            HAVING sum(u.count) <> 0) AS summed
    GROUP  BY key_id, bucket, width
)
INSERT INTO traces_rollup
       (key_id, bucket, width, calls, errors, timeouts, model_calls, unpriced,
        tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning,
        cost, duration_ns, critical_ns, buckets, counts, ttft_buckets, ttft_counts)
SELECT key_id, bucket, width, calls, errors, timeouts, model_calls, unpriced,
       tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning,
       cost, duration_ns, critical_ns, coalesce(buckets, '{}'), coalesce(counts, '{}'), ttft_buckets, ttft_counts
FROM   sums LEFT JOIN histograms USING (key_id, bucket, width) LEFT JOIN ttfts USING (key_id, bucket, width);

-- name: compact
-- Move rows that are older than a moment from one width into the next: minutes into hours, hours into days.
WITH moved AS (
    DELETE FROM traces_rollup
    WHERE  ctid = ANY(ARRAY(SELECT ctid FROM traces_rollup
                            WHERE  width = %(width)s AND bucket < %(before)s
                            LIMIT  %(limit)s))
    RETURNING *
), stored AS (
    DELETE FROM traces_rollup r
    USING  (SELECT DISTINCT key_id, bucket - bucket %% %(into)s AS bucket FROM moved) AS m
    WHERE  r.key_id = m.key_id AND r.bucket = m.bucket AND r.width = %(into)s
    RETURNING r.*
), parts AS (
    SELECT * FROM stored
    UNION  ALL
    SELECT key_id, bucket - bucket %% %(into)s, width, calls, errors, timeouts, model_calls, unpriced, tokens_in,
           tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, cost, duration_ns, critical_ns,
           buckets, counts, ttft_buckets, ttft_counts
    FROM   moved
), sums AS (
    SELECT key_id, bucket,
           sum(calls) AS calls, sum(errors) AS errors, sum(timeouts) AS timeouts,
           sum(model_calls) AS model_calls, sum(unpriced) AS unpriced, sum(tokens_in) AS tokens_in,
           sum(tokens_cache_read) AS tokens_cache_read, sum(tokens_cache_write) AS tokens_cache_write,
           sum(tokens_out) AS tokens_out,
           sum(tokens_reasoning) AS tokens_reasoning, sum(cost) AS cost, sum(duration_ns) AS duration_ns,
           sum(critical_ns) AS critical_ns
    FROM   parts GROUP BY key_id, bucket
), histograms AS (
    SELECT key_id, bucket, array_agg(index ORDER BY index) AS buckets, array_agg(count ORDER BY index) AS counts
    FROM   (SELECT key_id, bucket, u.index, sum(u.count)::integer AS count
            FROM   parts, unnest(buckets, counts) AS u (index, count)
            GROUP  BY key_id, bucket, u.index
            HAVING sum(u.count) <> 0) AS summed
    GROUP  BY key_id, bucket
), ttfts AS (
    SELECT key_id, bucket, array_agg(index ORDER BY index) AS ttft_buckets, array_agg(count ORDER BY index) AS ttft_counts
    FROM   (SELECT key_id, bucket, u.index, sum(u.count)::integer AS count
            FROM   parts, unnest(ttft_buckets, ttft_counts) AS u (index, count)
            GROUP  BY key_id, bucket, u.index
            HAVING sum(u.count) <> 0) AS summed
    GROUP  BY key_id, bucket
)
INSERT INTO traces_rollup
       (key_id, bucket, width, calls, errors, timeouts, model_calls, unpriced,
        tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning,
        cost, duration_ns, critical_ns, buckets, counts, ttft_buckets, ttft_counts)
SELECT key_id, bucket, %(into)s, calls, errors, timeouts, model_calls, unpriced,
       tokens_in, tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning,
       cost, duration_ns, critical_ns, coalesce(buckets, '{}'), coalesce(counts, '{}'), ttft_buckets, ttft_counts
FROM   sums LEFT JOIN histograms USING (key_id, bucket) LEFT JOIN ttfts USING (key_id, bucket);

-- name: expire
-- Rows of days that are no longer kept.
DELETE FROM traces_rollup
WHERE  ctid = ANY(ARRAY(SELECT ctid FROM traces_rollup WHERE bucket < %(before)s LIMIT %(limit)s));
