-- What the ingest page shows and does: who sends what, keys that nothing reads, rules of a project's own, replays.

-- The service that a span named; empty for what was counted before anyone read it: received, rejected, re-sent bodies.
ALTER TABLE traces_ledger ADD COLUMN service text NOT NULL DEFAULT '';

CREATE INDEX traces_dead_letter_newest ON traces_dead_letter (project_id, id DESC);

-- A source of a field that goes before or after the built-in ones. Rows are never changed, only made and removed.
CREATE TABLE traces_rule (
    id         integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id integer     NOT NULL,
    field      text        NOT NULL,               -- traces.rules.rule.FIELDS
    key        text        NOT NULL,               -- of an attribute
    reader     text        NOT NULL,               -- traces.rules.rule.READERS
    member     text        NOT NULL DEFAULT '',    -- a path into the value, when that is an object or its JSON
    scope      text        NOT NULL DEFAULT '',    -- instrumentation scope, with a final * any that begins so; empty: any
    first      boolean     NOT NULL,               -- before the built-in ones
    made_by    text        NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX traces_rule_project ON traces_rule (project_id);

-- Rebuilding derived rows from the inbox: asked for, begun (rows forgotten, batches queued), finished. Started ones are
-- also a project's epoch: what a worker counted in an earlier one is void. One open row a project.
CREATE TABLE traces_replay_job (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer,                           -- null: all projects
    asked_by    text        NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    attempts    smallint    NOT NULL DEFAULT 0,
    started_at  timestamptz,
    finished_at timestamptz,
    problem     text,                              -- why it could not begin
    last_batch  bigint,                            -- the newest batch that it queued
    batches     integer     NOT NULL DEFAULT 0,
    spans       bigint      NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX traces_replay_job_open ON traces_replay_job (coalesce(project_id, 0)) WHERE finished_at IS NULL;
CREATE INDEX traces_replay_job_project ON traces_replay_job (project_id, id DESC);

-- SDKs and instrumentations that send, by service. Bounded a project.
CREATE TABLE traces_source (
    project_id    integer     NOT NULL,
    digest        uuid        NOT NULL,            -- of the seven texts
    service       text        NOT NULL,
    sdk           text        NOT NULL,            -- telemetry.sdk.name
    language      text        NOT NULL,
    version       text        NOT NULL,
    scope         text        NOT NULL,
    scope_version text        NOT NULL,
    dialects      text[]      NOT NULL,            -- as which its spans were read, of those that were looked at
    spans         bigint      NOT NULL,
    first_at      timestamptz NOT NULL,            -- of arrival
    last_at       timestamptz NOT NULL,
    PRIMARY KEY (project_id, digest)
);

-- Keys that look as if they mattered and that no rule reads, of the spans that were looked at. Bounded a project.
CREATE TABLE traces_unknown_key (
    project_id integer     NOT NULL,
    key        text        NOT NULL,               -- to 200 characters, indices as *
    spans      bigint      NOT NULL,
    example    text        NOT NULL,               -- a value, cut
    scope      text        NOT NULL,
    trace_id   uuid        NOT NULL,               -- where the example stands
    span_id    bigint      NOT NULL,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (project_id, key)
);

-- The versions of the rules that stored spans were read with.
CREATE TABLE traces_mapping (
    project_id integer     NOT NULL,
    version    text        NOT NULL,
    spans      bigint      NOT NULL,
    first_at   timestamptz NOT NULL,               -- of arrival
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (project_id, version)
);
