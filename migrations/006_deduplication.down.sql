-- Takes back the deduplication scans and their groups.
SELECT _ledgerwell_drop('index', 'idx_duplicate_groups_status');
SELECT _ledgerwell_drop('index', 'idx_duplicate_groups_scan');
SELECT _ledgerwell_drop('table', 'duplicate_groups');
SELECT _ledgerwell_drop('index', 'idx_dedup_scans_type');
SELECT _ledgerwell_drop('table', 'deduplication_scans');
