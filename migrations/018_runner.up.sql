-- What is not known of the rows; how far the events of a record are that is decided in pieces; which program made which results.
ALTER TABLE stream.checkpoint
    -- Columns that are read, as `table.column`, without which rows of their table have come.
    ADD COLUMN missing_columns TEXT[] NOT NULL DEFAULT '{}',
    -- What is not known of the source's rows, why, and what to do. NULL: nothing.
    ADD COLUMN unknown TEXT,
    -- The record that closed the last delivery that was decided, in whole or in part, and the number of its events so far.
    ADD COLUMN closing TEXT,
    ADD COLUMN closing_events BIGINT NOT NULL DEFAULT 0,
    -- A chain of hashes over the ids of all events behind number chain_from. NULL: none was kept yet.
    ADD COLUMN chain_from BIGINT,
    ADD COLUMN chain UUID;

ALTER TABLE stream.outbox
    -- Version of the shape of its data.
    ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 1,
    -- The same up to this event.
    ADD COLUMN chain_from BIGINT,
    ADD COLUMN chain UUID;

UPDATE stream.checkpoint SET unknown = doubtful_since || '. Let the connector take a snapshot' WHERE doubtful_since IS NOT NULL;

ALTER TABLE stream.active
    -- What the program that made them reads and stores. NULL: an older one, which did not say.
    ADD COLUMN fingerprint TEXT,
    -- The same of the version that is being built.
    ADD COLUMN rebuilding_fingerprint TEXT,
    -- What the schema <processor>_previous holds: version, and program. NULL: nothing, or it is not known.
    ADD COLUMN previous INTEGER,
    ADD COLUMN previous_program INTEGER,
    ADD COLUMN previous_fingerprint TEXT;
