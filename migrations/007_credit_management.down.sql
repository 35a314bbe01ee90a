-- Takes back the credit scores.
SELECT _ledgerwell_drop('index', 'idx_credit_scores_hold');
SELECT _ledgerwell_drop('index', 'idx_credit_scores_customer');
SELECT _ledgerwell_drop('table', 'credit_scores');
