-- Who asked for which report, how was the request understood, and what came out?
CREATE TABLE IF NOT EXISTS report_jobs (
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

CREATE INDEX IF NOT EXISTS idx_report_jobs_status ON report_jobs(status);
CREATE INDEX IF NOT EXISTS idx_report_jobs_schedule
    ON report_jobs(schedule_cron) WHERE schedule_cron IS NOT NULL;
