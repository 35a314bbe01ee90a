-- The program before knows nothing of rows that were read past: it starts over.
UPDATE stream.checkpoint
SET next_offset = 0, control_offset = 0, owner_epoch = owner_epoch + 1, incarnation = NULL, last_offset = NULL, last_timestamp = NULL,
    last_hash = NULL, high_position = NULL, high_time = NULL, cut_off = NULL, snapshot = 'waiting', snapshot_tables = '{}',
    without_ids = NULL, snapshot_read = false, snapshot_first = NULL, snapshot_inside = NULL, captured_tables = '{}',
    doubtful_tables = NULL, doubtful_since = NULL, bounded_time = NULL
WHERE missing_columns <> '{}';

ALTER TABLE stream.checkpoint
    DROP COLUMN missing_columns,
    DROP COLUMN unknown,
    DROP COLUMN closing,
    DROP COLUMN closing_events,
    DROP COLUMN chain_from,
    DROP COLUMN chain;

ALTER TABLE stream.outbox
    DROP COLUMN schema_version,
    DROP COLUMN chain_from,
    DROP COLUMN chain;

ALTER TABLE stream.active
    DROP COLUMN fingerprint,
    DROP COLUMN rebuilding_fingerprint,
    DROP COLUMN previous,
    DROP COLUMN previous_program,
    DROP COLUMN previous_fingerprint;
