-- Takes back the report jobs.
SELECT _ledgerwell_drop('index', 'idx_report_jobs_schedule');
SELECT _ledgerwell_drop('index', 'idx_report_jobs_status');
SELECT _ledgerwell_drop('table', 'report_jobs');
