-- Takes back the audit log, the rules and the webhook log.
SELECT _ledgerwell_drop('table', 'webhook_events');
SELECT _ledgerwell_drop('index', 'idx_automation_rules_action');
SELECT _ledgerwell_drop('table', 'automation_rules');
SELECT _ledgerwell_drop('table', 'audit_logs');
