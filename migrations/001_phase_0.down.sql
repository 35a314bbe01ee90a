-- Takes back the audit log, the rules and the webhook log.
DROP TABLE webhook_events;
DROP TABLE automation_rules;
DROP TABLE audit_logs;
