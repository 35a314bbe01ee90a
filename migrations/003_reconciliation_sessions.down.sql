-- Takes back the reconciliation sessions.
SELECT _ledgerwell_drop('index', 'idx_recon_sessions_user');
SELECT _ledgerwell_drop('index', 'idx_recon_sessions_status');
SELECT _ledgerwell_drop('table', 'reconciliation_sessions');
