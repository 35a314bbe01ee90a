-- Takes back the month-end closings and their steps.
SELECT _ledgerwell_drop('index', 'idx_closing_steps_closing');
SELECT _ledgerwell_drop('table', 'closing_steps');
SELECT _ledgerwell_drop('index', 'idx_month_end_period');
SELECT _ledgerwell_drop('table', 'month_end_closings');
