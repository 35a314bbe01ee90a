DROP TABLE stream.recent_transactions;

-- The program before knows no loss that was read past: it starts over.
UPDATE stream.checkpoint
SET next_offset = 0, control_offset = 0, owner_epoch = owner_epoch + 1, incarnation = NULL, last_offset = NULL, last_timestamp = NULL,
    last_hash = NULL, high_position = NULL, high_time = NULL, cut_off = NULL, snapshot = 'waiting', snapshot_tables = '{}'
WHERE doubtful_tables IS NOT NULL;

ALTER TABLE stream.checkpoint
    DROP COLUMN without_ids,
    DROP COLUMN snapshot_read,
    DROP COLUMN snapshot_first,
    DROP COLUMN snapshot_inside,
    DROP COLUMN captured_tables,
    DROP COLUMN doubtful_tables,
    DROP COLUMN doubtful_since,
    DROP COLUMN bounded_time;
