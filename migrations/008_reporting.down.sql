-- Takes back the report jobs.
DROP TABLE report_jobs;
