-- Takes back the document jobs and their corrections.
DROP TABLE extraction_corrections;
DROP TABLE document_processing_jobs;
