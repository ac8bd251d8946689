-- What calls cost: prices of a project's own, jobs that apply them to what is stored, and figures that need exact sums.

-- A price that goes before the built-in one. US dollars per million tokens. Rows are ended, not deleted.
CREATE TABLE traces_price (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer     NOT NULL,
    provider    text        NOT NULL DEFAULT '',   -- empty: any
    model       text        NOT NULL,              -- exact, or with a final * any that begins so
    input       numeric     NOT NULL,
    cache_read  numeric,                           -- null: as input
    cache_write numeric,                           -- null: as input
    output      numeric     NOT NULL,
    reasoning   numeric,                           -- null: as output
    valid_from  date,                              -- UTC, by the call's start; null: always
    valid_until date,                              -- the first day without it; null: for good
    changed_by  text        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX traces_price_project ON traces_price (project_id);

-- Applying prices to stored spans: trace by trace in the order of their ids, from `cursor` on. One open row a project.
CREATE TABLE traces_reprice (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  integer     NOT NULL,
    since_ns    bigint,                            -- calls that started in this span of time; null: no limit
    until_ns    bigint,
    reason      text        NOT NULL,
    asked_by    text        NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    cursor      uuid,                              -- the last trace that is done
    traces      integer     NOT NULL DEFAULT 0,    -- to look at, counted at the start
    done        integer     NOT NULL DEFAULT 0,
    changed     integer     NOT NULL DEFAULT 0     -- spans whose cost became another
);
CREATE UNIQUE INDEX traces_reprice_open ON traces_reprice (project_id) WHERE finished_at IS NULL;
CREATE INDEX traces_reprice_project ON traces_reprice (project_id, id DESC);

-- cost is the computed one where there is a price, else the reported one.
ALTER TABLE traces_span ADD COLUMN reported_cost double precision;      -- US dollars, as its sender said

-- Costs are added up and taken back exactly, in whatever order: binary fractions would not come out even.
ALTER TABLE traces_rollup ALTER COLUMN cost TYPE numeric;
ALTER TABLE traces_rollup_delta ALTER COLUMN cost TYPE numeric;

-- Sparse histogram of the time to a model call's first token. Null, and without a byte, where nothing streams.
ALTER TABLE traces_rollup ADD COLUMN ttft_buckets smallint[], ADD COLUMN ttft_counts integer[];
ALTER TABLE traces_rollup_delta ADD COLUMN ttft_buckets smallint[], ADD COLUMN ttft_counts integer[];
