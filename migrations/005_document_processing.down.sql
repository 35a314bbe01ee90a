-- Takes back the document jobs and their corrections.
SELECT _ledgerwell_drop('index', 'idx_corrections_job');
SELECT _ledgerwell_drop('table', 'extraction_corrections');
SELECT _ledgerwell_drop('index', 'idx_doc_jobs_type');
SELECT _ledgerwell_drop('index', 'idx_doc_jobs_status');
SELECT _ledgerwell_drop('table', 'document_processing_jobs');
