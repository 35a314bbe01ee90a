-- How far is a person with matching a journal's bank lines, and what was learned from it?
CREATE TABLE IF NOT EXISTS reconciliation_sessions (
    id              SERIAL PRIMARY KEY,
    user_id         VARCHAR(255),
    journal_id      INTEGER,
    status          VARCHAR(20) DEFAULT 'active',
    total_lines     INTEGER DEFAULT 0,
    auto_matched    INTEGER DEFAULT 0,
    manually_matched INTEGER DEFAULT 0,
    skipped         INTEGER DEFAULT 0,
    remaining       INTEGER DEFAULT 0,
    learned_rules   JSONB DEFAULT '[]',
    started_at      TIMESTAMP DEFAULT NOW(),
    last_activity   TIMESTAMP DEFAULT NOW(),
    completed_at    TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_recon_sessions_status ON reconciliation_sessions(status);
CREATE INDEX IF NOT EXISTS idx_recon_sessions_user ON reconciliation_sessions(user_id);
