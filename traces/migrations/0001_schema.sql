-- The tables of ingest and analysis. Big tables carry their distribution column (batch id, trace id) in every unique
-- key, have no foreign keys between them and no sequence on the hot path, so that they can be distributed later.

-- The source of truth: request bodies as acknowledged, canonical protobuf in zstd. Partitioned by arrival day.
-- id: 41 bits of milliseconds since 1970 and 22 random bits (traces.inbox.ids), made by the receiver.
CREATE TABLE traces_inbox_batch (
    id          bigint      NOT NULL,
    day         date        NOT NULL,
    project_id  integer     NOT NULL,
    key_id      integer,                       -- the API key that sent it
    spans       integer     NOT NULL,          -- spans (or log records) in the body
    signal      smallint    NOT NULL,          -- 1 traces, 2 logs
    received_at timestamptz NOT NULL,
    digest      bytea       NOT NULL,          -- SHA-256, first 128 bits, of project, signal and body: to recognise a re-sent body
    body        bytea       NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
ALTER TABLE traces_inbox_batch ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX traces_inbox_batch_digest ON traces_inbox_batch (digest);

-- What workers claim: one narrow row for each batch that is not stored yet.
CREATE TABLE traces_inbox_queue (
    batch_id   bigint      PRIMARY KEY,
    day        date        NOT NULL,
    project_id integer     NOT NULL,
    spans      integer     NOT NULL,
    attempts   smallint    NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL            -- a batch that failed waits until then
);
CREATE INDEX traces_inbox_queue_due ON traces_inbox_queue (due_at);

-- One row a span, narrow. The whole span is read from its batch (batch_id, ordinal). Partitioned by arrival day.
CREATE TABLE traces_span (
    trace_id       uuid     NOT NULL,
    span_id        bigint   NOT NULL,          -- the 8 bytes as a signed big-endian integer
    parent_id      bigint,
    start_ns       bigint   NOT NULL,          -- Unix nanoseconds
    duration_ns    bigint,                     -- null: not ended
    batch_id       bigint   NOT NULL,
    response_key   bigint,                     -- 64-bit hash of the model's response id: one call seen twice
    ttft_ns        bigint,
    critical_ns    bigint,                     -- its part of the critical path, as the rollups hold it; null: not known
    cost           double precision,           -- US dollars; null: unpriced or not a model call
    project_id     integer  NOT NULL,
    day            date     NOT NULL,
    ordinal        integer  NOT NULL,
    seq            integer  NOT NULL,          -- the trace's seq when this row was last written: live pages pull by it
    tokens_in      integer,                    -- uncached input
    tokens_cache_read  integer,
    tokens_cache_write integer,
    tokens_out     integer,                    -- output without reasoning
    tokens_reasoning   integer,
    kind           smallint NOT NULL,          -- traces.span.Kind
    status         smallint NOT NULL,          -- traces.span.Status
    flags          smallint NOT NULL,          -- traces.span.Flag
    attempt        smallint,
    name           text     NOT NULL,
    service        text,
    agent          text,                       -- its own, or inherited from the nearest agent above (Flag.AGENT_INHERITED)
    model          text,                       -- the response's model, else the request's
    request_model  text,                       -- only where it differs from model
    provider       text,
    tool           text,
    session        text,
    "user"         text,
    pipeline       text,
    version        text,
    environment    text,
    error_type     text,
    error_message  text,                       -- to 500 characters
    attributes     jsonb                       -- small ones that have no column of their own
) PARTITION BY RANGE (day);
-- No unique key: spans are written only under the lock of their trace's row, which finds doubles on whatever day they
-- arrive (a unique key could not). An index of trace ids alone, a sixth of the size of a key: read a trace whole.
CREATE INDEX traces_span_trace ON traces_span (trace_id);

-- One row a trace: what the list shows. seq counts its changes; the row's lock orders them.
CREATE TABLE traces_trace (
    trace_id      uuid        NOT NULL,
    project_id    integer     NOT NULL,
    seq           integer     NOT NULL DEFAULT 1,
    first_day     date        NOT NULL,        -- arrival days of its first and last span
    last_day      date        NOT NULL,
    last_seen     timestamptz NOT NULL,
    start_ns      bigint      NOT NULL,
    end_ns        bigint,
    root_id       bigint,                      -- null: no root has arrived
    root_start_ns bigint,                      -- orders two roots
    cost          double precision,
    tokens_in          bigint,
    tokens_cache_read  bigint,
    tokens_cache_write bigint,
    tokens_out         bigint,
    tokens_reasoning   bigint,
    span_count    integer     NOT NULL,
    error_count   integer     NOT NULL,
    open_count    integer     NOT NULL DEFAULT 0,  -- pending spans that have not ended
    waiting_count integer     NOT NULL DEFAULT 0,  -- spans that wait for a person
    unpriced_calls integer    NOT NULL DEFAULT 0,
    status        smallint    NOT NULL,        -- traces.span.TraceStatus
    name          text,
    service       text,
    pipeline      text,
    version       text,
    environment   text,
    input_preview text,
    output_preview text,
    agents        text[]      NOT NULL DEFAULT '{}',
    models        text[]      NOT NULL DEFAULT '{}',
    services      text[]      NOT NULL DEFAULT '{}',
    tools         text[]      NOT NULL DEFAULT '{}',
    sessions      text[]      NOT NULL DEFAULT '{}',
    users         text[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (trace_id, project_id)
) WITH (fillfactor = 80);
CREATE INDEX traces_trace_newest ON traces_trace (project_id, start_ns DESC, trace_id);
-- Rare values among many traces (agent:x, session:y). Measured: 0.4 s and 9 MB for a million spans; a short pending list
-- keeps both its searches and its flushes short.
CREATE INDEX traces_trace_values ON traces_trace USING gin (agents, models, services, tools, sessions, users)
    WITH (gin_pending_list_limit = 512);

-- Traces whose decisions (inherited agents, counted usage) wait for more spans.
CREATE TABLE traces_settle (
    trace_id   uuid        NOT NULL,
    project_id integer     NOT NULL,
    due_at     timestamptz NOT NULL,
    PRIMARY KEY (trace_id, project_id)
);
CREATE INDEX traces_settle_due ON traces_settle (due_at);

-- What a rollup row is about. Interned, so that rollup rows stay narrow.
CREATE TABLE traces_rollup_key (
    id          integer  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer  NOT NULL,
    kind        smallint NOT NULL,
    service     text     NOT NULL DEFAULT '',
    pipeline    text     NOT NULL DEFAULT '',
    agent       text     NOT NULL DEFAULT '',
    model       text     NOT NULL DEFAULT '',
    provider    text     NOT NULL DEFAULT '',
    tool        text     NOT NULL DEFAULT '',
    version     text     NOT NULL DEFAULT '',
    environment text     NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX traces_rollup_key_unique ON traces_rollup_key
    (project_id, kind, md5(service || E'\x1f' || pipeline || E'\x1f' || agent || E'\x1f' || model || E'\x1f' || provider
     || E'\x1f' || tool || E'\x1f' || version || E'\x1f' || environment));

-- Sums by minute, hour or day. Signed deltas are appended by workers (traces_rollup_delta) and folded in here by a job;
-- readers add both. buckets/counts: sparse log-bucket histogram of durations (traces.rollups.histogram).
CREATE TABLE traces_rollup (
    key_id       integer  NOT NULL,
    bucket       integer  NOT NULL,            -- start, in minutes since 1970
    width        integer  NOT NULL,            -- minutes: 1, 60 or 1440
    calls        integer  NOT NULL,
    errors       integer  NOT NULL,
    timeouts     integer  NOT NULL,
    model_calls  integer  NOT NULL,            -- counted model calls (one call seen as two spans is one)
    unpriced     integer  NOT NULL,
    tokens_in          bigint NOT NULL,
    tokens_cache_read  bigint NOT NULL,
    tokens_cache_write bigint NOT NULL,
    tokens_out         bigint NOT NULL,
    tokens_reasoning   bigint NOT NULL,
    cost         double precision NOT NULL,
    duration_ns  numeric  NOT NULL,            -- sum, for the mean
    critical_ns  numeric  NOT NULL,
    buckets      smallint[] NOT NULL,
    counts       integer[]  NOT NULL,
    PRIMARY KEY (key_id, bucket, width)
);
CREATE TABLE traces_rollup_delta (LIKE traces_rollup INCLUDING DEFAULTS);

-- The ledger of ingest: received = stored + duplicate + rejected + pending. Appended, folded by a job.
CREATE TABLE traces_ledger (
    project_id integer  NOT NULL,
    key_id     integer  NOT NULL DEFAULT 0,
    minute     integer  NOT NULL,              -- of arrival, minutes since 1970
    outcome    smallint NOT NULL,              -- traces.span.Outcome
    reason     text     NOT NULL DEFAULT '',
    spans      bigint   NOT NULL
);
CREATE INDEX traces_ledger_minute ON traces_ledger (project_id, minute);

-- Spans that could not be stored, with why. Retried by `replay` or from the ingest page.
CREATE TABLE traces_dead_letter (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id integer     NOT NULL,
    batch_id   bigint      NOT NULL,
    day        date        NOT NULL,
    ordinal    integer,                        -- null: the whole batch
    reason     text        NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX traces_dead_letter_project ON traces_dead_letter (project_id, failed_at DESC);
