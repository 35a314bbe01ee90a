-- The one source, of one deployment, whose results are here. Without a row it is whoever comes first.
CREATE TABLE stream.binding (
    only_row        BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
    source          TEXT NOT NULL,
    -- The configuration's prefix. NULL until somebody says it who knows it.
    deployment      TEXT
);

INSERT INTO stream.binding (source) SELECT source FROM stream.checkpoint ORDER BY updated_at DESC LIMIT 1;

-- What people asked for, from when it was taken on: it waits for its turn in the stream.
CREATE TABLE stream.asked (
    id              UUID PRIMARY KEY,
    processor       TEXT NOT NULL,
    person          TEXT NOT NULL,
    action          TEXT NOT NULL,
    -- Fingerprint of all that was asked: one id is one question.
    fingerprint     TEXT NOT NULL,
    asked_at        TIMESTAMPTZ NOT NULL,
    -- Whether Kafka has said that it has it.
    written         BOOLEAN NOT NULL DEFAULT false
);
