-- Which records mean the same thing, and what became of each group?
-- A scan counts what it found. Its groups name the records.
CREATE TABLE IF NOT EXISTS deduplication_scans (
    id              SERIAL PRIMARY KEY,
    scan_type       VARCHAR(50) NOT NULL,
    status          VARCHAR(20) DEFAULT 'running',
    total_records   INTEGER DEFAULT 0,
    duplicates_found INTEGER DEFAULT 0,
    auto_merged     INTEGER DEFAULT 0,
    pending_review  INTEGER DEFAULT 0,
    started_at      TIMESTAMP DEFAULT NOW(),
    completed_at    TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_dedup_scans_type ON deduplication_scans(scan_type);

CREATE TABLE IF NOT EXISTS duplicate_groups (
    id              SERIAL PRIMARY KEY,
    scan_id         INTEGER REFERENCES deduplication_scans(id) ON DELETE CASCADE,
    odoo_model      VARCHAR(255) NOT NULL,
    record_ids      JSONB NOT NULL,
    master_record_id INTEGER,
    similarity_score DECIMAL(5,4),
    match_fields    JSONB DEFAULT '[]',
    status          VARCHAR(20) DEFAULT 'pending',
    resolved_at     TIMESTAMP,
    resolved_by     VARCHAR(255),
    resolution      VARCHAR(20)
);

CREATE INDEX IF NOT EXISTS idx_duplicate_groups_scan ON duplicate_groups(scan_id);
CREATE INDEX IF NOT EXISTS idx_duplicate_groups_status ON duplicate_groups(status);
