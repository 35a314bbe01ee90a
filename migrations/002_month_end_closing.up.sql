-- How far is the close of a month, and what was found on the way?
-- One row per period, and one row per step of its checklist.
CREATE TABLE IF NOT EXISTS month_end_closings (
    id              SERIAL PRIMARY KEY,
    period          VARCHAR(7) NOT NULL,
    status          VARCHAR(20) DEFAULT 'in_progress',
    started_at      TIMESTAMP DEFAULT NOW(),
    completed_at    TIMESTAMP,
    started_by      VARCHAR(255),
    checklist       JSONB DEFAULT '{}',
    issues_found    JSONB DEFAULT '[]',
    summary         TEXT,
    lock_date_set   BOOLEAN DEFAULT FALSE
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_month_end_period ON month_end_closings(period);

CREATE TABLE IF NOT EXISTS closing_steps (
    id              SERIAL PRIMARY KEY,
    closing_id      INTEGER REFERENCES month_end_closings(id) ON DELETE CASCADE,
    step_name       VARCHAR(100) NOT NULL,
    step_order      INTEGER NOT NULL,
    status          VARCHAR(20) DEFAULT 'pending',
    auto_check_result JSONB,
    items_found     INTEGER DEFAULT 0,
    items_resolved  INTEGER DEFAULT 0,
    started_at      TIMESTAMP,
    completed_at    TIMESTAMP,
    completed_by    VARCHAR(255),
    notes           TEXT
);

CREATE INDEX IF NOT EXISTS idx_closing_steps_closing ON closing_steps(closing_id);
