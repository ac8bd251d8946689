-- Runs of pipelines: what the engine knows, written only through ecoa's PostgresStore and pipelines/ (see ecoa/store/base.py).
-- Values are `json`: kept as the text that ecoa.codec made, so that digests and numbers stay as they are.

CREATE TABLE pipelines_definition (
    hash       text PRIMARY KEY,
    pipeline   text NOT NULL,
    definition json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pipelines_definition_pipeline ON pipelines_definition (pipeline, created_at DESC);

CREATE TABLE pipelines_run (
    id               uuid PRIMARY KEY,
    project_id       integer NOT NULL,                  -- no foreign key: every start would lock the project's row
    pipeline         text NOT NULL,
    definition_hash  text NOT NULL,
    status           text NOT NULL DEFAULT 'queued',
    priority         smallint NOT NULL DEFAULT 0,
    active           integer NOT NULL DEFAULT 0,        -- nodes that are ready, leased or waiting
    compensates      boolean NOT NULL DEFAULT false,
    cancel_requested boolean NOT NULL DEFAULT false,
    resumed          boolean NOT NULL DEFAULT false,    -- it paused or was held before
    input            json NOT NULL,
    result           json,
    error            json,
    trace_id         uuid NOT NULL,
    session          text,
    idempotency_key  text CHECK (length(idempotency_key) <= 255),
    fingerprint      text,
    key_ttl          interval,                          -- null: for ever
    parent_run       uuid,
    parent_path      text,
    forked_from      uuid,
    forked_at        text,
    started_by       text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    paused_at        timestamptz,
    deadline_at      timestamptz,
    finished_at      timestamptz
);
CREATE UNIQUE INDEX pipelines_run_key ON pipelines_run (project_id, pipeline, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX pipelines_run_newest ON pipelines_run (project_id, created_at DESC, id DESC);
CREATE INDEX pipelines_run_of_pipeline ON pipelines_run (project_id, pipeline, created_at DESC, id DESC);
CREATE INDEX pipelines_run_unfinished ON pipelines_run (project_id, pipeline, status) WHERE finished_at IS NULL;
CREATE INDEX pipelines_run_trace ON pipelines_run (trace_id);
CREATE INDEX pipelines_run_parent ON pipelines_run (parent_run) WHERE parent_run IS NOT NULL;
CREATE INDEX pipelines_run_session ON pipelines_run (project_id, session) WHERE session IS NOT NULL AND finished_at IS NULL;
CREATE INDEX pipelines_run_deadline ON pipelines_run (deadline_at) WHERE deadline_at IS NOT NULL AND finished_at IS NULL;

CREATE TABLE pipelines_node (
    run_id      uuid NOT NULL,                           -- no foreign key: its check would lock the run at every step
    path        text COLLATE "C" NOT NULL,               -- "C": what is inside a container is a range of the key
    seq         bigint GENERATED ALWAYS AS IDENTITY,     -- order of creation
    kind        text NOT NULL,
    status      text NOT NULL,
    attempt     integer NOT NULL DEFAULT 0,
    takeovers   smallint NOT NULL DEFAULT 0,
    fence       bigint NOT NULL DEFAULT 0,
    worker      text,
    lease_until timestamptz,
    wake_at     timestamptz,
    queue       text NOT NULL DEFAULT 'default',
    lock_key    text,
    opens       integer NOT NULL DEFAULT 0,
    spare       integer NOT NULL DEFAULT 0,
    input       json,
    output      json,
    error       json,
    state       json,
    signal      text,
    decision    json,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at  timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (run_id, path)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX pipelines_node_leased ON pipelines_node (worker) WHERE status = 'leased';
CREATE UNIQUE INDEX pipelines_node_lock ON pipelines_node (lock_key) WHERE status = 'leased' AND lock_key IS NOT NULL;
CREATE INDEX pipelines_node_attention ON pipelines_node (status) WHERE status IN ('unknown', 'held');

-- What may be claimed, narrow and short-lived: a row is deleted when it is claimed.
CREATE TABLE pipelines_ready (
    run_id     uuid NOT NULL,
    path       text COLLATE "C" NOT NULL,
    project_id integer NOT NULL,
    pipeline   text NOT NULL,
    queue      text NOT NULL,
    priority   smallint NOT NULL,
    wake_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    lock_key   text,
    PRIMARY KEY (run_id, path)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
CREATE INDEX pipelines_ready_next ON pipelines_ready (project_id, queue, priority DESC, wake_at);

CREATE TABLE pipelines_effect (
    key           text PRIMARY KEY,
    project_id    integer NOT NULL,
    scope         text NOT NULL,                         -- run id, or "agent:NAME"
    path          text NOT NULL,
    effect        text NOT NULL,
    status        text NOT NULL,                         -- intended, done, unknown, failed
    digest        text NOT NULL,
    fence         bigint,
    result        json,
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at    timestamptz,
    key_until     timestamptz                            -- when the remote forgets the key
);
CREATE INDEX pipelines_effect_scope ON pipelines_effect (scope, path);
CREATE INDEX pipelines_effect_doubtful ON pipelines_effect (project_id, status) WHERE status IN ('intended', 'unknown');

CREATE TABLE pipelines_review (
    id          uuid PRIMARY KEY,
    project_id  integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    run_id      uuid NOT NULL REFERENCES pipelines_run ON DELETE CASCADE,
    path        text NOT NULL,
    status      text NOT NULL DEFAULT 'pending',         -- pending, approved, edited, rejected, expired, cancelled
    version     integer NOT NULL DEFAULT 1,
    title       text NOT NULL,
    reason      text NOT NULL,
    payload     json NOT NULL,
    schema      json,
    digest      text NOT NULL,
    groups      text[] NOT NULL,
    quorum      smallint NOT NULL DEFAULT 1,
    may_edit    boolean NOT NULL DEFAULT true,
    expires_at  timestamptz,
    on_expire   text NOT NULL DEFAULT 'hold',
    escalate    json NOT NULL DEFAULT '[]',              -- [[seconds after created_at, group], …]
    escalated   smallint NOT NULL DEFAULT 0,             -- rungs climbed
    escalate_at timestamptz,
    notify      text[] NOT NULL DEFAULT '{}',
    context     json NOT NULL DEFAULT '{}',
    claimed_by  text,
    claimed_at  timestamptz,
    decided_by  text,
    decided_via text,                                    -- web, api, slack, expiry, cancel
    decided_at  timestamptz,
    output      json,                                    -- what goes on: the payload, or the edit
    comment     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pipelines_review_pending ON pipelines_review (project_id, expires_at, created_at) WHERE status = 'pending';
CREATE INDEX pipelines_review_due ON pipelines_review (least(expires_at, escalate_at)) WHERE status = 'pending';
CREATE INDEX pipelines_review_of_run ON pipelines_review (run_id, path);
CREATE INDEX pipelines_review_newest ON pipelines_review (project_id, created_at DESC, id DESC);

CREATE TABLE pipelines_vote (
    review_id uuid NOT NULL REFERENCES pipelines_review ON DELETE CASCADE,
    person    text NOT NULL,
    version   integer NOT NULL,
    decision  text NOT NULL,
    comment   text NOT NULL DEFAULT '',
    via       text NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (review_id, person)
);

-- Mail and chat about reviews, written with them, sent after the commit.
CREATE TABLE pipelines_message (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    review_id  uuid NOT NULL REFERENCES pipelines_review ON DELETE CASCADE,
    channel    text NOT NULL,                            -- email, slack
    occasion   text NOT NULL,                            -- request, escalation:N, closed
    status     text NOT NULL DEFAULT 'waiting',          -- waiting, sent, failed
    attempt    smallint NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,
    error      text NOT NULL DEFAULT '',
    UNIQUE (review_id, channel, occasion)
);
CREATE INDEX pipelines_message_due ON pipelines_message (due_at) WHERE status = 'waiting';

CREATE TABLE pipelines_signal (
    run_id   uuid NOT NULL REFERENCES pipelines_run ON DELETE CASCADE,
    name     text NOT NULL,
    key      text NOT NULL,
    value    json NOT NULL,
    taken_by text,                                       -- the node that got it
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, name, key)
);

CREATE TABLE pipelines_event (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id integer NOT NULL,
    run_id     uuid,
    path       text,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind       text NOT NULL,
    data       json NOT NULL DEFAULT '{}'
);
CREATE INDEX pipelines_event_run ON pipelines_event (run_id, id);

CREATE TABLE pipelines_worker (
    id         text PRIMARY KEY,
    lock_key   bigint NOT NULL,                          -- advisory lock that it holds while it lives
    host       text NOT NULL,
    pid        integer NOT NULL,
    pipelines  text[] NOT NULL,
    slots      integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    beat_at    timestamptz NOT NULL DEFAULT now(),
    missed_at  timestamptz                               -- when its lock was first found free
);

CREATE TABLE pipelines_breaker (
    project_id  integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    name        text NOT NULL,
    state       text NOT NULL DEFAULT 'closed',          -- closed, open, half_open
    reason      text NOT NULL DEFAULT '',
    wait        double precision NOT NULL DEFAULT 60,    -- seconds it stays open this time
    opened_at   timestamptz,
    retry_at    timestamptz,
    probe_by    text,
    probe_until timestamptz,
    version     bigint NOT NULL DEFAULT 1,
    pinned_by   text,                                    -- a person holds it open or closed
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, name)
);
CREATE TABLE pipelines_breaker_change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    name       text NOT NULL,
    state      text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    by         text NOT NULL,                            -- a worker or a person
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX pipelines_breaker_change_newest ON pipelines_breaker_change (project_id, name, id DESC);

CREATE TABLE pipelines_limiter (
    project_id    integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    name          text NOT NULL,
    dimension     text NOT NULL,                         -- requests, tokens, input_tokens, output_tokens
    capacity      double precision NOT NULL,             -- a minute
    level         double precision NOT NULL,             -- what may be taken now; negative after an underestimate
    blocked_until timestamptz,
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project_id, name, dimension)
) WITH (fillfactor = 50);

CREATE SEQUENCE pipelines_session_version;               -- one for all: a key made anew never has an old version
CREATE TABLE pipelines_session (
    project_id integer NOT NULL REFERENCES accounts_project ON DELETE CASCADE,
    owner      text NOT NULL,
    key        text NOT NULL,
    value      json NOT NULL,
    version    bigint NOT NULL DEFAULT nextval('pipelines_session_version'),
    ttl        interval NOT NULL DEFAULT '300 s',
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, owner, key)
) WITH (fillfactor = 70);
CREATE INDEX pipelines_session_expired ON pipelines_session (expires_at);

CREATE TABLE pipelines_blob (
    sha256 bytea NOT NULL,
    part   integer NOT NULL,
    data   bytea NOT NULL,
    PRIMARY KEY (sha256, part)
);
CREATE TABLE pipelines_blob_use (                        -- a blob is kept as long as one of its runs
    run_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, sha256)
);
CREATE INDEX pipelines_blob_use_blob ON pipelines_blob_use (sha256);

CREATE TABLE pipelines_simulation (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ran_at timestamptz NOT NULL DEFAULT now(),
    report json NOT NULL
);
