-- Text search: signatures of what stored batches say (traces.search), and the batches that have none yet.

-- Up to 64 columns of texts, each of one batch, of several small ones or of a part of a large one. Partitioned by arrival
-- day, as its batches, and dropped with them.
CREATE TABLE traces_search_segment (
    id           bigint     NOT NULL,          -- made like a batch's
    day          date       NOT NULL,
    project_id   integer    NOT NULL,
    min_start_ns bigint     NOT NULL,          -- of its spans
    max_start_ns bigint     NOT NULL,
    batches      bigint[]   NOT NULL,
    max_starts   bigint[]   NOT NULL,          -- by batch: no trace in it starts later
    firsts       smallint[] NOT NULL,          -- by column: its first and last batch, as places in the arrays above
    lasts        smallint[] NOT NULL,
    rows         integer[]  NOT NULL,          -- of the signature, by level
    bits         bytea      NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
ALTER TABLE traces_search_segment ALTER COLUMN bits SET STORAGE EXTERNAL;  -- a few bytes here and there are read
CREATE INDEX traces_search_segment_newest ON traces_search_segment (project_id, max_start_ns DESC);

-- Stored batches that are in no segment: whoever searches reads them.
CREATE TABLE traces_search_queue (
    batch_id   bigint  PRIMARY KEY,
    day        date    NOT NULL,
    project_id integer NOT NULL,
    size       integer NOT NULL                -- bytes of the body
);
CREATE INDEX traces_search_queue_project ON traces_search_queue (project_id, batch_id);

INSERT INTO traces_search_queue (batch_id, day, project_id, size)
SELECT id, day, project_id, octet_length(body)
FROM   traces_inbox_batch b
WHERE  NOT EXISTS (SELECT FROM traces_inbox_queue q WHERE q.batch_id = b.id);
