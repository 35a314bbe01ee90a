-- The tables of the AI service. Phase 0, as Alembic makes them:
CREATE TABLE audit_logs (
    id SERIAL NOT NULL,
    timestamp TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    automation_type VARCHAR(50) NOT NULL,
    action_name VARCHAR(100) NOT NULL,
    odoo_model VARCHAR(255),
    odoo_record_id INTEGER,
    status VARCHAR(20) NOT NULL,
    confidence NUMERIC(5, 4),
    ai_reasoning TEXT,
    input_data JSON NOT NULL,
    output_data JSON NOT NULL,
    tokens_used INTEGER,
    request_id VARCHAR(64),
    PRIMARY KEY (id)
);

CREATE INDEX ix_audit_logs_timestamp ON audit_logs (timestamp);

CREATE TABLE automation_rules (
    id SERIAL NOT NULL,
    name VARCHAR(255) NOT NULL,
    automation_type VARCHAR(50) NOT NULL,
    action_name VARCHAR(100) NOT NULL,
    enabled BOOLEAN NOT NULL,
    confidence_threshold NUMERIC(5, 4),
    auto_approve BOOLEAN NOT NULL,
    config JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE webhook_events (
    id SERIAL NOT NULL,
    received_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    event_type VARCHAR(100) NOT NULL,
    odoo_model VARCHAR(255),
    odoo_record_id INTEGER,
    payload JSON NOT NULL,
    processed BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);

-- Phase 1, word for word:
CREATE TABLE cash_forecasts (
    id              SERIAL PRIMARY KEY,
    forecast_date   DATE NOT NULL,
    target_date     DATE NOT NULL,
    predicted_balance DECIMAL(15,2) NOT NULL,
    confidence_low  DECIMAL(15,2),
    confidence_high DECIMAL(15,2),
    ar_expected     DECIMAL(15,2) DEFAULT 0,
    ap_expected     DECIMAL(15,2) DEFAULT 0,
    pipeline_expected DECIMAL(15,2) DEFAULT 0,
    recurring_expected DECIMAL(15,2) DEFAULT 0,
    model_version   VARCHAR(50),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_cash_forecasts_dates ON cash_forecasts(forecast_date, target_date);

CREATE TABLE forecast_scenarios (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(255) NOT NULL,
    description     TEXT,
    adjustments     JSONB NOT NULL DEFAULT '{}',
    base_forecast_id INTEGER REFERENCES cash_forecasts(id),
    result_data     JSONB,
    created_by      VARCHAR(255),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE TABLE forecast_accuracy_log (
    id              SERIAL PRIMARY KEY,
    forecast_id     INTEGER REFERENCES cash_forecasts(id),
    target_date     DATE NOT NULL,
    predicted_balance DECIMAL(15,2),
    actual_balance  DECIMAL(15,2),
    error_pct       DECIMAL(8,4),
    logged_at       TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_forecast_accuracy_date ON forecast_accuracy_log(target_date);

CREATE TABLE credit_scores (
    id              SERIAL PRIMARY KEY,
    customer_id     INTEGER NOT NULL UNIQUE,
    customer_name   VARCHAR(255),
    credit_score    DECIMAL(5,2),
    credit_limit    DECIMAL(15,2),
    current_exposure DECIMAL(15,2) DEFAULT 0,
    overdue_amount  DECIMAL(15,2) DEFAULT 0,
    payment_history_score DECIMAL(5,2),
    order_volume_score DECIMAL(5,2),
    risk_level      VARCHAR(20) DEFAULT 'normal',
    hold_active     BOOLEAN DEFAULT FALSE,
    hold_reason     TEXT,
    last_calculated TIMESTAMP DEFAULT NOW(),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_credit_scores_customer ON credit_scores(customer_id);
CREATE INDEX idx_credit_scores_hold ON credit_scores(hold_active);

CREATE TABLE month_end_closings (
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

CREATE UNIQUE INDEX idx_month_end_period ON month_end_closings(period);

CREATE TABLE closing_steps (
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

CREATE INDEX idx_closing_steps_closing ON closing_steps(closing_id);

CREATE TABLE deduplication_scans (
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

CREATE INDEX idx_dedup_scans_type ON deduplication_scans(scan_type);

CREATE TABLE duplicate_groups (
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

CREATE INDEX idx_duplicate_groups_scan ON duplicate_groups(scan_id);
CREATE INDEX idx_duplicate_groups_status ON duplicate_groups(status);

CREATE TABLE document_processing_jobs (
    id              SERIAL PRIMARY KEY,
    file_name       VARCHAR(500),
    file_type       VARCHAR(20),
    document_type   VARCHAR(50),
    status          VARCHAR(20) DEFAULT 'queued',
    source          VARCHAR(50) DEFAULT 'upload',
    uploaded_by     VARCHAR(255),
    extraction_result JSONB,
    matched_po_id   INTEGER,
    matched_vendor_id INTEGER,
    overall_confidence DECIMAL(5,4),
    field_confidences JSONB DEFAULT '{}',
    odoo_record_created INTEGER,
    odoo_model_created VARCHAR(255),
    error_message   TEXT,
    processing_time_ms INTEGER,
    created_at      TIMESTAMP DEFAULT NOW(),
    completed_at    TIMESTAMP
);

CREATE INDEX idx_doc_jobs_status ON document_processing_jobs(status);
CREATE INDEX idx_doc_jobs_type ON document_processing_jobs(document_type);

CREATE TABLE extraction_corrections (
    id              SERIAL PRIMARY KEY,
    job_id          INTEGER REFERENCES document_processing_jobs(id) ON DELETE CASCADE,
    field_name      VARCHAR(100) NOT NULL,
    original_value  TEXT,
    corrected_value TEXT,
    corrected_by    VARCHAR(255),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_corrections_job ON extraction_corrections(job_id);

CREATE TABLE reconciliation_sessions (
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

CREATE INDEX idx_recon_sessions_status ON reconciliation_sessions(status);
CREATE INDEX idx_recon_sessions_user ON reconciliation_sessions(user_id);

CREATE TABLE daily_digests (
    id              SERIAL PRIMARY KEY,
    user_role       VARCHAR(100) NOT NULL,
    digest_date     DATE NOT NULL,
    content         JSONB NOT NULL,
    channels_sent   JSONB DEFAULT '[]',
    delivered       BOOLEAN DEFAULT FALSE,
    generated_at    TIMESTAMP DEFAULT NOW()
);

CREATE INDEX idx_digest_date_role ON daily_digests(digest_date, user_role);

CREATE TABLE report_jobs (
    id              SERIAL PRIMARY KEY,
    request_text    TEXT NOT NULL,
    parsed_query    JSONB,
    result_data     JSONB,
    format          VARCHAR(20) DEFAULT 'table',
    file_path       VARCHAR(500),
    schedule_cron   VARCHAR(100),
    requested_by    VARCHAR(255),
    status          VARCHAR(20) DEFAULT 'pending',
    error_message   TEXT,
    created_at      TIMESTAMP DEFAULT NOW(),
    completed_at    TIMESTAMP
);

CREATE INDEX idx_report_jobs_status ON report_jobs(status);
CREATE INDEX idx_report_jobs_schedule ON report_jobs(schedule_cron) WHERE schedule_cron IS NOT NULL;
