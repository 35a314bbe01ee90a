-- What was read from an incoming document, what did it match, and how sure was the reading?
-- What people corrected is kept beside it, to learn from.
CREATE TABLE IF NOT EXISTS document_processing_jobs (
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

CREATE INDEX IF NOT EXISTS idx_doc_jobs_status ON document_processing_jobs(status);
CREATE INDEX IF NOT EXISTS idx_doc_jobs_type ON document_processing_jobs(document_type);

CREATE TABLE IF NOT EXISTS extraction_corrections (
    id              SERIAL PRIMARY KEY,
    job_id          INTEGER REFERENCES document_processing_jobs(id) ON DELETE CASCADE,
    field_name      VARCHAR(100) NOT NULL,
    original_value  TEXT,
    corrected_value TEXT,
    corrected_by    VARCHAR(255),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_corrections_job ON extraction_corrections(job_id);
