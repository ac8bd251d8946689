-- Log records of GenAI content, and token counts of any size.

-- One row a kept log record; its content is read from its batch. What it tells of a model call stands here, so that
-- deciding a trace need not read bodies. Partitioned by arrival day.
CREATE TABLE traces_log (
    trace_id      uuid,                        -- null: joined by session and time
    span_id       bigint,
    time_ns       bigint   NOT NULL,
    batch_id      bigint   NOT NULL,
    digest        bigint   NOT NULL,           -- 64-bit hash of the record: the same one sent again
    response_key  bigint,
    tokens_in          bigint,                 -- as in traces_span
    tokens_cache_read  bigint,
    tokens_cache_write bigint,
    tokens_out         bigint,
    tokens_reasoning   bigint,
    reported_cost double precision,            -- US dollars
    project_id    integer  NOT NULL,
    day           date     NOT NULL,
    ordinal       integer  NOT NULL,
    event         text     NOT NULL,
    session       text,                        -- of a record without a trace id
    model         text,
    provider      text
) PARTITION BY RANGE (day);
CREATE INDEX traces_log_trace ON traces_log (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX traces_log_batch ON traces_log (batch_id);
CREATE INDEX traces_log_session ON traces_log (session) WHERE trace_id IS NULL;

-- Batches of log records whose traces are to be looked for, again and again for some minutes: a trace that is being
-- stored at the same moment is not seen yet. Later ones find their records themselves.
CREATE TABLE traces_log_queue (
    batch_id   bigint      PRIMARY KEY,
    project_id integer     NOT NULL,
    day        date        NOT NULL,
    tries      smallint    NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL
);
CREATE INDEX traces_log_queue_due ON traces_log_queue (due_at);

ALTER TABLE traces_span
    ALTER COLUMN tokens_in TYPE bigint, ALTER COLUMN tokens_cache_read TYPE bigint,
    ALTER COLUMN tokens_cache_write TYPE bigint, ALTER COLUMN tokens_out TYPE bigint,
    ALTER COLUMN tokens_reasoning TYPE bigint;
