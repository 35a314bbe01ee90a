-- Takes back the daily digests.
SELECT _ledgerwell_drop('index', 'idx_digest_date_role');
SELECT _ledgerwell_drop('table', 'daily_digests');
