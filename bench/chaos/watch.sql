-- Promises of the tables, watched by triggers while the faults happen: what breaks one is written down.
CREATE TABLE chaos_violation (at timestamptz DEFAULT clock_timestamp(), what text, about text, before json, after json);
GRANT ALL ON chaos_violation TO ecoa;

CREATE FUNCTION chaos_node() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what text;
BEGIN
    what := CASE
        WHEN NEW.fence < OLD.fence THEN 'a fence fell'
        WHEN NEW.status = 'leased' AND NEW.worker IS DISTINCT FROM OLD.worker AND NEW.fence <= OLD.fence
            THEN 'another worker got a node under the same fence'
        WHEN OLD.status = 'done' AND (NEW.status <> 'done' OR NEW.output::text IS DISTINCT FROM OLD.output::text)
            THEN 'a done node changed'
    END;
    IF what IS NOT NULL THEN
        INSERT INTO chaos_violation (what, about, before, after)
        VALUES (what, NEW.run_id || ' ' || NEW.path, row_to_json(OLD), row_to_json(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_node AFTER UPDATE ON pipelines_node FOR EACH ROW EXECUTE FUNCTION chaos_node();

CREATE FUNCTION chaos_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'pending' AND (NEW.status, NEW.decided_by) IS DISTINCT FROM (OLD.status, OLD.decided_by) THEN
        INSERT INTO chaos_violation (what, about, before, after)
        VALUES ('a decided review was decided again', NEW.id::text, row_to_json(OLD), row_to_json(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_review AFTER UPDATE ON pipelines_review FOR EACH ROW EXECUTE FUNCTION chaos_review();

CREATE FUNCTION chaos_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('success', 'rejected', 'cancelled') AND NEW.status <> OLD.status THEN
        INSERT INTO chaos_violation (what, about, before, after)
        VALUES ('an ended run changed', NEW.id::text, row_to_json(OLD), row_to_json(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_run AFTER UPDATE ON pipelines_run FOR EACH ROW EXECUTE FUNCTION chaos_run();
