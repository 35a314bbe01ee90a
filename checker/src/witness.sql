-- Writes down what commits. The triggers run in the pipeline's own transactions, so nothing is here that did not commit, and
-- nothing that committed is missing. They run with the rights of whoever installs them.
CREATE SCHEMA IF NOT EXISTS witness;

CREATE TABLE IF NOT EXISTS witness.checkpoint (
    serial          BIGSERIAL PRIMARY KEY,
    txid            BIGINT NOT NULL,
    -- INSERT, UPDATE or DELETE
    operation       TEXT NOT NULL,
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    old_offset      BIGINT,
    new_offset      BIGINT,
    old_control     BIGINT,
    new_control     BIGINT,
    old_seq         BIGINT,
    new_seq         BIGINT,
    old_epoch       BIGINT,
    new_epoch       BIGINT,
    old_snapshot    TEXT,
    new_snapshot    TEXT,
    old_clock       TIMESTAMPTZ,
    new_clock       TIMESTAMPTZ
);

CREATE TABLE IF NOT EXISTS witness.outbox (
    serial          BIGSERIAL PRIMARY KEY,
    txid            BIGINT NOT NULL,
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    out_seq         BIGINT NOT NULL,
    event_id        UUID NOT NULL,
    event_type      TEXT NOT NULL,
    key             TEXT NOT NULL,
    position        TEXT NOT NULL,
    time            TIMESTAMPTZ NOT NULL,
    data            TEXT NOT NULL
);

CREATE OR REPLACE FUNCTION witness.see_checkpoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE
    one stream.checkpoint := COALESCE(NEW, OLD);
BEGIN
    INSERT INTO witness.checkpoint (txid, operation, processor, version, source, old_offset, new_offset, old_control,
        new_control, old_seq, new_seq, old_epoch, new_epoch, old_snapshot, new_snapshot, old_clock, new_clock)
    VALUES (txid_current(), TG_OP, one.processor, one.version, one.source, OLD.next_offset, NEW.next_offset,
        OLD.control_offset, NEW.control_offset, OLD.out_seq, NEW.out_seq, OLD.owner_epoch, NEW.owner_epoch,
        OLD.snapshot, NEW.snapshot, OLD.clock, NEW.clock);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION witness.see_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO witness.outbox (txid, processor, version, source, out_seq, event_id, event_type, key, position, time, data)
    VALUES (txid_current(), NEW.processor, NEW.version, NEW.source, NEW.out_seq, NEW.event_id, NEW.event_type, NEW.key,
        NEW.position, NEW.time, NEW.data);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON stream.checkpoint
    FOR EACH ROW EXECUTE FUNCTION witness.see_checkpoint();
CREATE OR REPLACE TRIGGER witness AFTER INSERT ON stream.outbox
    FOR EACH ROW EXECUTE FUNCTION witness.see_outbox();
