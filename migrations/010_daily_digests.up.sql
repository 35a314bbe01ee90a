-- What was each role told on a day, and did it arrive?
CREATE TABLE IF NOT EXISTS daily_digests (
    id              SERIAL PRIMARY KEY,
    user_role       VARCHAR(100) NOT NULL,
    digest_date     DATE NOT NULL,
    content         JSONB NOT NULL,
    channels_sent   JSONB DEFAULT '[]',
    delivered       BOOLEAN DEFAULT FALSE,
    generated_at    TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_digest_date_role ON daily_digests(digest_date, user_role);
