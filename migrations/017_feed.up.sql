-- What of a source's log is not known any more, what its snapshots have brought, and which transactions were applied last.
ALTER TABLE stream.checkpoint
    -- Transactions up to this position were applied before their ids were kept: one that comes again is known by its time alone.
    ADD COLUMN without_ids BIGINT,
    -- Whether the row that is marked as the last one of the snapshot was read, and nothing but rows of snapshots has come since.
    ADD COLUMN snapshot_read BOOLEAN NOT NULL DEFAULT false,
    -- The table of its very first row, and the transaction in which it was asked for.
    ADD COLUMN snapshot_first TEXT,
    ADD COLUMN snapshot_inside BIGINT,
    -- Tables that any snapshot has brought. NULL: it is not known, so all that the processor reads.
    ADD COLUMN captured_tables TEXT[],
    -- Tables whose rows are not known any more, and why; nothing is decided until a snapshot has brought them again.
    ADD COLUMN doubtful_tables TEXT[],
    ADD COLUMN doubtful_since TEXT,
    -- What was taken instead of the last time that was too far ahead of its own record.
    ADD COLUMN bounded_time TIMESTAMPTZ;

UPDATE stream.checkpoint SET without_ids = high_position;

-- The last transactions that were applied, in order, one row per batch: what a connector emits again is known by them.
CREATE TABLE stream.recent_transactions (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    topic           TEXT NOT NULL,
    partition       INTEGER NOT NULL,
    -- How many were applied up to the last one of this row.
    applied         BIGINT NOT NULL,
    -- A hash of id, position and commit time of each.
    digests         BIGINT[] NOT NULL,
    PRIMARY KEY (processor, version, source, topic, partition, applied),
    FOREIGN KEY (processor, version, source, topic, partition) REFERENCES stream.checkpoint
        ON UPDATE CASCADE ON DELETE CASCADE
);
