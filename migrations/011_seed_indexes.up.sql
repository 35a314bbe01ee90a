-- Which rows have this status, fall in these days, belong to this parent, or concern this customer or person?
-- These are the indexes that the tables before this do not bring themselves.
CREATE INDEX IF NOT EXISTS idx_audit_logs_timestamp ON audit_logs(timestamp);
CREATE INDEX IF NOT EXISTS idx_audit_logs_status ON audit_logs(status);
CREATE INDEX IF NOT EXISTS idx_audit_logs_record ON audit_logs(odoo_model, odoo_record_id);

CREATE INDEX IF NOT EXISTS idx_webhook_events_received_at ON webhook_events(received_at);
CREATE INDEX IF NOT EXISTS idx_webhook_events_processed ON webhook_events(processed);
CREATE INDEX IF NOT EXISTS idx_webhook_events_record ON webhook_events(odoo_model, odoo_record_id);

CREATE INDEX IF NOT EXISTS idx_month_end_status ON month_end_closings(status);
CREATE INDEX IF NOT EXISTS idx_month_end_started_at ON month_end_closings(started_at);
CREATE INDEX IF NOT EXISTS idx_month_end_completed_at ON month_end_closings(completed_at);
CREATE INDEX IF NOT EXISTS idx_month_end_started_by ON month_end_closings(started_by);

CREATE INDEX IF NOT EXISTS idx_closing_steps_status ON closing_steps(status);
CREATE INDEX IF NOT EXISTS idx_closing_steps_started_at ON closing_steps(started_at);
CREATE INDEX IF NOT EXISTS idx_closing_steps_completed_at ON closing_steps(completed_at);
CREATE INDEX IF NOT EXISTS idx_closing_steps_completed_by ON closing_steps(completed_by);

CREATE INDEX IF NOT EXISTS idx_recon_sessions_started_at ON reconciliation_sessions(started_at);
CREATE INDEX IF NOT EXISTS idx_recon_sessions_last_activity ON reconciliation_sessions(last_activity);
CREATE INDEX IF NOT EXISTS idx_recon_sessions_completed_at ON reconciliation_sessions(completed_at);

CREATE INDEX IF NOT EXISTS idx_doc_jobs_created_at ON document_processing_jobs(created_at);
CREATE INDEX IF NOT EXISTS idx_doc_jobs_completed_at ON document_processing_jobs(completed_at);
CREATE INDEX IF NOT EXISTS idx_doc_jobs_uploaded_by ON document_processing_jobs(uploaded_by);
CREATE INDEX IF NOT EXISTS idx_doc_jobs_vendor ON document_processing_jobs(matched_vendor_id);

CREATE INDEX IF NOT EXISTS idx_corrections_created_at ON extraction_corrections(created_at);
CREATE INDEX IF NOT EXISTS idx_corrections_corrected_by ON extraction_corrections(corrected_by);

CREATE INDEX IF NOT EXISTS idx_dedup_scans_status ON deduplication_scans(status);
CREATE INDEX IF NOT EXISTS idx_dedup_scans_started_at ON deduplication_scans(started_at);
CREATE INDEX IF NOT EXISTS idx_dedup_scans_completed_at ON deduplication_scans(completed_at);

CREATE INDEX IF NOT EXISTS idx_duplicate_groups_resolved_at ON duplicate_groups(resolved_at);
CREATE INDEX IF NOT EXISTS idx_duplicate_groups_resolved_by ON duplicate_groups(resolved_by);

CREATE INDEX IF NOT EXISTS idx_credit_scores_risk ON credit_scores(risk_level);
CREATE INDEX IF NOT EXISTS idx_credit_scores_last_calculated ON credit_scores(last_calculated);
CREATE INDEX IF NOT EXISTS idx_credit_scores_created_at ON credit_scores(created_at);

CREATE INDEX IF NOT EXISTS idx_report_jobs_created_at ON report_jobs(created_at);
CREATE INDEX IF NOT EXISTS idx_report_jobs_completed_at ON report_jobs(completed_at);
CREATE INDEX IF NOT EXISTS idx_report_jobs_requested_by ON report_jobs(requested_by);

CREATE INDEX IF NOT EXISTS idx_cash_forecasts_target_date ON cash_forecasts(target_date);
CREATE INDEX IF NOT EXISTS idx_cash_forecasts_created_at ON cash_forecasts(created_at);

CREATE INDEX IF NOT EXISTS idx_forecast_scenarios_forecast ON forecast_scenarios(base_forecast_id);
CREATE INDEX IF NOT EXISTS idx_forecast_scenarios_created_at ON forecast_scenarios(created_at);
CREATE INDEX IF NOT EXISTS idx_forecast_scenarios_created_by ON forecast_scenarios(created_by);

CREATE INDEX IF NOT EXISTS idx_forecast_accuracy_forecast ON forecast_accuracy_log(forecast_id);
CREATE INDEX IF NOT EXISTS idx_forecast_accuracy_logged_at ON forecast_accuracy_log(logged_at);

CREATE INDEX IF NOT EXISTS idx_digest_generated_at ON daily_digests(generated_at);
CREATE INDEX IF NOT EXISTS idx_digest_delivered ON daily_digests(delivered);
