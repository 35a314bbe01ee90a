-- The runner's own books: how far each processor is, what waits to be published, what could not be used.
CREATE SCHEMA stream;

-- One row per processor and topic partition. The batch transaction's first statement moves next_offset here.
CREATE TABLE stream.checkpoint (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    topic           TEXT NOT NULL,
    partition       INTEGER NOT NULL,
    next_offset     BIGINT NOT NULL,
    -- Where to read on in the source's control topic, if it has one.
    control_offset  BIGINT NOT NULL,
    -- Bumped by every claim: an owner whose epoch is not this one cannot write.
    owner_epoch     BIGINT NOT NULL,
    owner_id        TEXT NOT NULL,
    owner_pid       INTEGER NOT NULL,
    -- Number of the last event that went into the outbox.
    out_seq         BIGINT NOT NULL,
    -- Identity of the topic's content, from its first record; part of every event id.
    incarnation     UUID,
    -- The record that closed the last applied unit: read again at a claim, to know the topic by.
    last_offset     BIGINT,
    last_timestamp  BIGINT,
    last_hash       BIGINT,
    -- Highest commit position and latest commit time applied since the last snapshot began.
    high_position   BIGINT,
    high_time       TIMESTAMPTZ,
    -- A source transaction that was cut off, which the connector has to emit again before any new one.
    cut_off         BIGINT,
    -- waiting (none was seen yet), running, or complete.
    snapshot        TEXT NOT NULL,
    -- The tables that a running snapshot has brought so far.
    snapshot_tables TEXT[] NOT NULL,
    -- The unit's clock: latest commit time or tick applied.
    clock           TIMESTAMPTZ,
    updated_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (processor, version, source, topic, partition)
) WITH (fillfactor = 50);

-- Which of a processor's results are in force. Rebuilding them makes a new version beside the old one.
CREATE TABLE stream.active (
    processor       TEXT NOT NULL,
    source          TEXT NOT NULL,
    version         INTEGER NOT NULL,
    -- The version of the program that made them: another one means something else by them.
    program         INTEGER NOT NULL,
    -- The version that is being built beside them.
    rebuilding      INTEGER,
    PRIMARY KEY (processor, source)
);

-- Events between their transaction and Kafka. Rows are deleted once published.
CREATE TABLE stream.outbox (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    out_seq         BIGINT NOT NULL,
    incarnation     UUID NOT NULL,
    event_id        UUID NOT NULL,
    event_type      TEXT NOT NULL,
    key             TEXT NOT NULL,
    -- <offset of the record that closed the unit>.<number within it>
    position        TEXT NOT NULL,
    time            TIMESTAMPTZ NOT NULL,
    data            TEXT NOT NULL,
    PRIMARY KEY (processor, version, source, out_seq)
);

-- Records that a processor could not use. A later good image of the same row supersedes one.
CREATE TABLE stream.dead_letter (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    topic           TEXT NOT NULL,
    partition       INTEGER NOT NULL,
    record_offset   BIGINT NOT NULL,
    record_time     TIMESTAMPTZ NOT NULL,
    record_key      BYTEA,
    record_value    BYTEA,
    table_name      TEXT NOT NULL,
    row_key         TEXT NOT NULL,
    column_name     TEXT NOT NULL,
    expected        TEXT NOT NULL,
    found           TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    -- Offset of the record that made it obsolete.
    superseded_by   BIGINT,
    -- replayed or discarded, and who asked for it. A letter is open while this and superseded_by are NULL.
    resolution      TEXT,
    resolved_by     TEXT,
    PRIMARY KEY (processor, version, source, topic, partition, record_offset)
);

CREATE INDEX idx_dead_letter_open ON stream.dead_letter (processor, source) WHERE superseded_by IS NULL AND resolution IS NULL;

-- The rules of all automations, as control records told a processor.
CREATE TABLE stream.rules (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    topic           TEXT NOT NULL,
    partition       INTEGER NOT NULL,
    -- The last rule set that it could use, as JSON.
    accepted        TEXT NOT NULL,
    -- Fingerprint of the last one that it was told, usable or not.
    told            TEXT NOT NULL,
    PRIMARY KEY (processor, version, source, topic, partition)
);

-- What people asked processors for, and what became of it.
CREATE TABLE stream.request (
    processor       TEXT NOT NULL,
    version         INTEGER NOT NULL,
    source          TEXT NOT NULL,
    topic           TEXT NOT NULL,
    partition       INTEGER NOT NULL,
    id              UUID NOT NULL,
    person          TEXT NOT NULL,
    action          TEXT NOT NULL,
    arguments       TEXT NOT NULL,
    asked_at        TIMESTAMPTZ NOT NULL,
    -- done or refused
    status          TEXT NOT NULL,
    -- In words, for the person who asked.
    outcome         TEXT NOT NULL,
    -- By the unit's clock.
    decided_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (processor, version, source, topic, partition, id)
);

CREATE INDEX idx_request_id ON stream.request (id);
