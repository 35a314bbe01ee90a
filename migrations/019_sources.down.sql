DROP TABLE credit.credit_limit;

ALTER TABLE stream.checkpoint
    DROP COLUMN snapshot_lsn,
    DROP COLUMN snapshot_marked;
